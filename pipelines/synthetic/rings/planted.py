"""Planted rings: phantom stays, pools of cards, packs that are settled again and again.

A third of them is careful: it avoids like charges, one doctor, one terminal, short waits.
"""

import numpy as np

from pipelines.synthetic.rings.draft import CLOSES, DAYS, OPENS, PHYSICIANS, Draft, Ints

CAREFUL_SHARE = 1 / 3


def phantom_stays(draft: Draft) -> int:
    """Persons listed as in-patients together, in rounds, at like charges. Returns the members."""
    members = draft.take(int(draft.rng.integers(6, 31)), "stays")
    place = draft.hospital()
    careful = draft.chance(CAREFUL_SHARE)
    doctors = draft.within(6 if careful else 2, 0, PHYSICIANS)
    diseases = draft.within(9 if careful else 3, 0, 300)
    spread, loose = (0.15, 0.5) if careful else (0.03, 0.2)
    charge = int(draft.rng.integers(300_000, 900_000))
    presence = 0.5 + 0.4 * draft.rng.random()
    for begin in np.sort(draft.within(int(draft.rng.integers(2, 6)), 0, DAYS - 20)):
        here = members[draft.hit(len(members), presence)]
        count = len(here)
        late = draft.within(count, 0, 2) * draft.hit(count, loose)
        length = int(draft.rng.integers(5, 13))
        off = draft.within(count, -2, 3) * draft.hit(count, loose)
        draft.add(
            here, institution=place, begin_day=int(begin) + late, stay=1,
            end_day=int(begin) + length + off, second=draft.within(count, OPENS, CLOSES),
            physician=doctors[draft.within(count, 0, len(doctors))],
            disease=diseases[draft.within(count, 0, len(diseases))],
            total_fen=(charge * (1 + draft.rng.normal(0, spread, count))).astype(np.int64),
        )  # fmt: skip
    return len(members)


def card_pool(draft: Draft) -> int:
    """Cards of others, run through one terminal in bursts near a limit. Returns the members."""
    members = draft.take(int(draft.rng.integers(8, 41)), "desk")
    place, desks = draft.counter(), draft.within(1, 0, 3)
    waits, near_share = (15, 91), 0.7
    if draft.chance(CAREFUL_SHARE):
        desks, waits, near_share = np.arange(3), (60, 401), 0.3
    limit = int(draft.rng.choice([15_000, 20_000, 30_000, 50_000]))
    bursts = int(draft.rng.integers(12, 49))
    for day in np.sort(draft.within(bursts, 0, DAYS)):
        size = min(len(members), int(draft.rng.integers(4, 16)))
        here = draft.rng.choice(members, size, replace=False)
        start = int(draft.rng.integers(OPENS, CLOSES - 2000))
        near = (limit * (1 - 0.07 * draft.rng.random(size))).astype(np.int64)
        total = np.where(draft.hit(size, near_share), near, draft.amounts(size, limit // 2, 0.5))
        claims = draft.add(
            here, institution=place, desk=int(draft.rng.choice(desks)), begin_day=int(day),
            second=start + np.cumsum(draft.within(size, *waits)), total_fen=total,
        )  # fmt: skip
        draft.sell(claims, draft.new_codes(size))
    return len(members)


def sold_again(draft: Draft) -> int:
    """Packs bought up and settled again at other counters. Returns the members."""
    members = draft.take(int(draft.rng.integers(10, 41)), "codes")
    places = np.array([draft.counter() for _ in range(int(draft.rng.integers(2, 5)))])
    buys = len(members) * int(draft.rng.integers(4, 13))
    person = members[draft.within(buys, 0, len(members))]
    day = np.sort(draft.within(buys, 0, DAYS))
    claims = draft.add(
        person, institution=places[draft.within(buys, 0, len(places))], begin_day=day,
        second=draft.within(buys, OPENS, CLOSES), total_fen=draft.amounts(buys, 25_000, 0.6),
    )  # fmt: skip
    draft.sell(claims, _recycled(draft, day))
    return len(members)


def _recycled(draft: Draft, day: Ints) -> Ints:
    """A code for each sale in the order of days; some come back after a week or more."""
    low, high = (0.1, 0.2) if draft.chance(CAREFUL_SHARE) else (0.3, 0.6)
    share = draft.rng.uniform(low, high)
    codes = draft.new_codes(len(day))
    for at in range(len(day)):
        old = np.flatnonzero(day[:at] <= day[at] - 7)
        if len(old) and draft.chance(share):
            codes[at] = codes[draft.rng.choice(old)]
    return codes
