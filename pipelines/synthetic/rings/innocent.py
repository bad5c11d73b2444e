"""What is no ring: single visits, and groups that meet for reasons of their own."""

from dataclasses import dataclass

import numpy as np

from pipelines.synthetic.rings.draft import (
    CHEMOTHERAPY,
    CLOSES,
    DAYS,
    DIALYSIS,
    OPENS,
    PHYSICIANS,
    Draft,
    Ints,
)

VISITS_A_PERSON = 4.0
STAYS_A_PERSON = 0.06
SCAN_ERROR = 1e-4
BOX_SPLIT = 0.005
FAMILY_SHARE = 0.10
"""Part of the persons who fetch their drugs with their family."""

GROUPS_PER_MILLION = {
    "dialysis": 300, "nursing_home": 300, "chronic_club": 300, "check_up": 400, "chemotherapy": 300,
    "village_bus": 300, "wrong_scale_of_code": 100,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Habit:
    """How a group meets at one desk.

    Attributes:
        presence: chance that a member is there on a day.
        apart: seconds from one member to the next, least and below most.
        median_fen, spread: charges; each member keeps to their own.
        fixed: columns that are the same for all their claims.
    """

    presence: float
    apart: tuple[int, int]
    median_fen: int
    spread: float
    fixed: dict[str, int]


def single_visits(draft: Draft) -> None:
    """Everybody's own visits, purchases and stays, with honest errors of scanners."""
    count = int(draft.persons * VISITS_A_PERSON)
    person = draft.within(count, 0, draft.persons)
    usual = (person * 2_654_435_761) % (draft.places - draft.places // 3) + draft.places // 3
    place = np.where(draft.hit(count, 0.7), usual, draft.within(count, 0, draft.places))
    day, second = draft.within(count, 0, DAYS), draft.within(count, OPENS, CLOSES)
    claims = draft.add(
        person,
        institution=place,
        begin_day=day,
        second=second,
        total_fen=draft.amounts(count, 12_000, 0.8),
    )
    codes = draft.new_codes(count)
    wrong = draft.rng.random(count)
    # A box split at one counter and a scanner's slip both tell the code of the sale before.
    order = np.lexsort((second, day, place))
    before = np.roll(order, 1)
    slip = wrong[order] < SCAN_ERROR
    split = (wrong[order] < SCAN_ERROR + BOX_SPLIT) & (place[order] == place[before])
    repeats = order[slip | split]
    codes[repeats] = codes[before[slip | split]]
    draft.sell(claims, codes)
    _stays(draft)


def _stays(draft: Draft) -> None:
    count = int(draft.persons * STAYS_A_PERSON)
    begin = draft.within(count, 0, DAYS - 30)
    length = np.minimum(28, 1 + draft.rng.gamma(2.0, 3.5, count)).astype(np.int64)
    draft.add(
        draft.within(count, 0, draft.persons),
        institution=draft.within(count, 0, draft.places // 3),
        begin_day=begin,
        end_day=begin + length,
        second=draft.within(count, OPENS, CLOSES),
        total_fen=draft.amounts(count, 800_000, 0.7),
        stay=1,
    )


def families(draft: Draft) -> None:
    """Two to five who buy for the household once or twice a month, at one counter."""
    left = int(draft.persons * FAMILY_SHARE)
    while left > 0:
        size = int(draft.rng.choice([2, 3, 4, 5], p=[0.5, 0.3, 0.15, 0.05]))
        members = draft.take(size, "family")
        left -= size
        visits = int(draft.rng.integers(4, 13))
        days = np.sort(draft.rng.choice(DAYS, visits, replace=False))
        at = {"institution": draft.counter()}
        _meet(draft, members, days, _Habit(0.85, (20, 150), 9_000, 0.7, at))


def planned_care(draft: Draft, count: int) -> None:
    """Dialysis in shifts, three times a week, in one unit."""
    for _ in range(count):
        members = draft.take(int(draft.rng.integers(6, 21)), "dialysis")
        days = np.array([day for day in range(DAYS) if day % 7 in {0, 2, 4}])
        at = {"institution": draft.hospital(), "disease": DIALYSIS}
        _meet(draft, members, days, _Habit(0.95, (30, 400), 42_000, 0.04, at))


def regular_rounds(draft: Draft, kind: str, count: int) -> None:
    """A home's physician, or a club of chronic patients, who renew prescriptions on one day."""
    low, high = (15, 41) if kind == "nursing_home" else (10, 31)
    for _ in range(count):
        members = draft.take(int(draft.rng.integers(low, high)), kind)
        step = 14 if draft.chance(0.3) else 30
        days = np.arange(int(draft.rng.integers(0, step)), DAYS, step)
        at = {"institution": draft.counter()}
        if kind == "nursing_home":
            at["physician"] = int(draft.rng.integers(0, PHYSICIANS))
        _meet(draft, members, days, _Habit(0.8, (25, 150), 14_000, 0.6, at))


def check_ups(draft: Draft, count: int) -> None:
    """A company or a village examined on one day, some of them on a second one."""
    for _ in range(count):
        members = draft.take(int(draft.rng.integers(20, 61)), "check_up")
        days = draft.rng.choice(DAYS, 1 + draft.chance(0.3), replace=False)
        at = {"institution": draft.counter()}
        _meet(draft, members, days, _Habit(0.95, (20, 90), 28_000, 0.02, at))


def cycles(draft: Draft, count: int) -> None:
    """Chemotherapy on the ward's own weekday, every three weeks."""
    for _ in range(count):
        members = draft.take(int(draft.rng.integers(3, 9)), "chemotherapy")
        first = int(draft.rng.integers(0, 21))
        place = draft.hospital()
        for begin in range(first, DAYS - 6, 21):
            here = members[draft.hit(len(members), 0.85)]
            draft.add(
                here, institution=place, begin_day=begin, end_day=begin + 3, stay=1,
                second=draft.within(len(here), OPENS, CLOSES), disease=CHEMOTHERAPY,
                total_fen=draft.amounts(len(here), 900_000, 0.3),
            )  # fmt: skip


def village_buses(draft: Draft, count: int) -> None:
    """Old neighbours who go to the county hospital together, once or twice in a winter."""
    for _ in range(count):
        members = draft.take(int(draft.rng.integers(4, 13)), "village_bus")
        place = draft.hospital()
        for begin in draft.within(int(draft.rng.integers(1, 3)), 0, DAYS - 20):
            here = members[draft.hit(len(members), 0.8)]
            draft.add(
                here, institution=place, begin_day=int(begin), stay=1,
                end_day=int(begin) + draft.within(len(here), 4, 15),
                second=draft.within(len(here), OPENS, CLOSES),
                total_fen=draft.amounts(len(here), 600_000, 0.5),
            )  # fmt: skip


def wrong_scale_of_code(draft: Draft, count: int) -> None:
    """A chain that scans the carton's code for every pack in it, in two of its shops."""
    for _ in range(count):
        members = draft.take(int(draft.rng.integers(4, 13)), "wrong_scale_of_code")
        places = np.array([draft.counter(), draft.counter()])
        day = int(draft.rng.integers(0, DAYS - 15))
        claims = draft.add(
            members, institution=places[draft.within(len(members), 0, 2)],
            begin_day=day + draft.within(len(members), 0, 14),
            second=draft.within(len(members), OPENS, CLOSES),
            total_fen=draft.amounts(len(members), 9_000, 0.5),
        )  # fmt: skip
        draft.sell(claims, np.full(len(members), draft.new_codes(1)[0]))


def _meet(draft: Draft, members: Ints, days: Ints, habit: _Habit) -> None:
    desk = int(draft.rng.integers(0, 3))
    own = draft.amounts(len(members), habit.median_fen, habit.spread)
    for day in days:
        there = np.flatnonzero(draft.hit(len(members), habit.presence))
        here = draft.rng.permutation(there)
        start = int(draft.rng.integers(OPENS, CLOSES - 4000))
        noise = 1 + draft.rng.normal(0, 0.05, len(here))
        claims = draft.add(
            members[here], desk=desk, begin_day=int(day),
            second=start + np.cumsum(draft.within(len(here), *habit.apart)),
            total_fen=(own[here] * noise).astype(np.int64), **habit.fixed,
        )  # fmt: skip
        draft.sell(claims, draft.new_codes(len(claims)))
