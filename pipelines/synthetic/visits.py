"""Who goes where, when and for what: the claims of one chunk before any of them is copied."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.synthetic.figures import (
    CHRONIC,
    CITIES,
    OUTPATIENT,
    PRIMARY,
    STAY,
    VISITS,
    Cover,
)
from pipelines.synthetic.people import People
from pipelines.synthetic.plan import CityPlan
from pipelines.synthetic.world import World

Ints = NDArray[np.int64]

DAY_SECONDS = 86_400
HABIT_SHARE = 0.8
HEAVY_SPREAD = 1.0
DAYS_PER_STAY = 3
STAY_LENGTH_MEDIAN = 6.5
STAY_LENGTH_SPREAD = 0.7
STAY_LENGTH_MAX = 60
DEPARTMENTS = 12
DOCTORS = 20
SHORT_TYPE_SHARE = 0.5  # claims whose person type has two digits where the register has four
ACCOUNT_SHARE = 0.7

# Diagnoses that either sex can have at any age; the last column marks those of the chronic list.
DISEASES = pl.Series(
    [f"{letter}{number:02d}.{place}00" for letter in "IJKEMHLGRS" for number in range(10, 22)
     for place in range(3)]
)  # fmt: skip
CHRONIC_DISEASES = 36
"""The first of DISEASES: those of the heart and the vessels."""


def draw_visits(rng: np.random.Generator, world: World, people: People, count: int) -> pl.DataFrame:
    """Return `count` claims: person, visit, begin_day, end_day, settled_at, institution, disease.

    No two stays of a person touch, and no other visit of the person falls within a stay.
    """
    plan = world.plan
    person = _persons(rng, len(people.cover), count)
    visit = _visit_kinds(rng, people.cover[person])
    visit = _limit_stays(plan, person, visit)
    begin = plan.first_day + rng.integers(0, plan.days, count)
    end = begin.copy()
    stays = np.flatnonzero(visit == STAY)
    begin[stays], end[stays] = _place_stays(rng, plan, person[stays])
    person = _out_of_stays(rng, people, pl.DataFrame(
        {"person": person, "visit": visit, "begin_day": begin, "end_day": end}
    ))  # fmt: skip
    open_hours = rng.triangular(7.5, 10.0, 20.0, count) * 3600
    disease = np.where(
        visit == CHRONIC,
        rng.integers(0, CHRONIC_DISEASES, count),
        rng.integers(0, len(DISEASES), count),
    )
    return pl.DataFrame(
        {
            "person": person,
            "visit": visit,
            "begin_day": begin,
            "end_day": end,
            "settled_at": end * DAY_SECONDS + open_hours.astype(np.int64),
            "institution": _institutions(rng, world, people, person, visit),
            "disease": disease,
            "department": rng.integers(0, DEPARTMENTS, count),
            "doctor": rng.integers(1, DOCTORS + 1, count),
            "short_type": rng.random(count) < SHORT_TYPE_SHARE,
            "account_used": (people.cover[person] == Cover.EMPLOYEE)
            & (rng.random(count) < ACCOUNT_SHARE),
            "online": rng.random(count) < plan.online_share,
        }
    )


def _persons(rng: np.random.Generator, persons: int, count: int) -> Ints:
    """One claim for each person; the others go to a few who are often ill."""
    often = np.cumsum(rng.lognormal(0.0, HEAVY_SPREAD, persons))
    others = np.searchsorted(often / often[-1], rng.random(max(count - persons, 0)), side="right")
    return np.concatenate([np.arange(min(persons, count)), others])


def _visit_kinds(rng: np.random.Generator, cover: Ints) -> Ints:
    bounds = np.cumsum([visit.shares for visit in VISITS], axis=0).T
    kinds: Ints = (rng.random(len(cover))[:, None] >= bounds[cover][:, :-1]).sum(axis=1)
    return kinds


def _rank(person: Ints) -> tuple[Ints, Ints]:
    """The number of each row among its person's rows, and how many the person has."""
    order = np.argsort(person, kind="stable")
    _, first, counts = np.unique(person[order], return_index=True, return_counts=True)
    rank = np.empty_like(person)
    rank[order] = np.arange(len(person)) - np.repeat(first, counts)
    total = np.empty_like(person)
    total[order] = np.repeat(counts, counts)
    return rank, total


def _limit_stays(plan: CityPlan, person: Ints, visit: Ints) -> Ints:
    # A stay needs a few days of its own; what does not fit becomes an out-patient visit.
    stays = np.flatnonzero(visit == STAY)
    rank, _ = _rank(person[stays])
    limited = visit.copy()
    limited[stays[rank >= plan.days // DAYS_PER_STAY]] = OUTPATIENT
    return limited


def _place_stays(rng: np.random.Generator, plan: CityPlan, person: Ints) -> tuple[Ints, Ints]:
    # The days are cut in as many slots as the person has stays, and each stay ends in its own.
    # Only the first may begin before its slot: with nothing before it, it touches no other.
    rank, total = _rank(person)
    slot_begin = plan.first_day + plan.days * rank // total
    slot_last = plan.first_day + plan.days * (rank + 1) // total - 1
    end = slot_begin + 1 + (rng.random(len(person)) * (slot_last - slot_begin)).astype(np.int64)
    drawn = rng.lognormal(np.log(STAY_LENGTH_MEDIAN), STAY_LENGTH_SPREAD, len(person))
    length = np.clip(drawn.astype(np.int64), 1, STAY_LENGTH_MAX)
    earliest = np.where(rank == 0, end - STAY_LENGTH_MAX, slot_begin)
    return np.maximum(end - length, earliest), end


def _out_of_stays(rng: np.random.Generator, people: People, claims: pl.DataFrame) -> Ints:
    """Persons of claims; a visit within a stay of its person goes to one who had no stay."""
    claims = claims.with_row_index("row")
    stays = claims.filter(pl.col("visit") == STAY).sort("begin_day")
    within = (
        claims.filter(pl.col("visit") != STAY)
        .select("row", "person", day="begin_day")
        .sort("day")
        .join_asof(
            stays.select("person", "begin_day", "end_day"),
            left_on="day", right_on="begin_day", by="person", check_sortedness=False,
        )
        .filter(pl.col("day") <= pl.col("end_day"))
        .sort("row")
    )  # fmt: skip
    person = claims["person"].to_numpy().copy()
    rows = within["row"].to_numpy()
    free = np.ones(len(people.cover), dtype=bool)
    free[stays["person"].to_numpy()] = False
    for cover in Cover:
        moved = rows[people.cover[person[rows]] == cover]
        pool = np.flatnonzero(free & (people.cover == cover))
        person[moved] = rng.choice(pool, len(moved))
    return person


def _institutions(
    rng: np.random.Generator, world: World, people: People, person: Ints, visit: Ints
) -> Ints:
    elsewhere = rng.random(len(person)) < world.plan.cross_region_share
    region = (people.region[person] + elsewhere * rng.integers(1, len(CITIES), len(person))) % len(
        CITIES
    )
    usual = rng.random(len(person)) < HABIT_SHARE
    drawn = np.where(usual, people.habit[person], rng.random(len(person)))
    bound = np.array([city.primary_share for city in CITIES])[region] > rng.random(len(person))
    bound &= (people.cover[person] == Cover.RESIDENT) & np.isin(visit, (OUTPATIENT, CHRONIC))
    goes_to = np.where(bound, PRIMARY, visit)
    institution = np.empty(len(person), dtype=np.int64)
    for kind in range(PRIMARY + 1):
        for place in range(len(CITIES)):
            rows = np.flatnonzero((goes_to == kind) & (region == place))
            share = world.places.open_to[kind, place]
            institution[rows] = np.searchsorted(share, drawn[rows], side="right")
    return institution
