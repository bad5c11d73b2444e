"""Settles the same model claims under two policies, and tells which amounts differ."""

import datetime
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.codes.enums import Fund
from engine.errors import ClaimError
from engine.money import PPM, format_yuan
from engine.periods import date_of_day
from engine.policy.book import Entry, Scheme
from engine.policy.dimensions import DIMENSIONS, examples_of, member_of
from engine.policy.figures import Figure, Unit, figures
from engine.policy.terms import Terms
from engine.settlement.case import settle_case

Side = tuple[Path, Scheme]
YUAN = 100
FACTS = tuple(name for name in DIMENSIONS if name not in {"level", "person_class", "age"})
USUAL_FEN = (1_000_00, 10_000_00)
"""Totals for terms that state no amount at all."""
REPEATS_MAX = 4


@dataclass(frozen=True)
class Person:
    """Who has the model claims, and where; ages are full years.

    `facts` are what the other dimensions of either file ask for, by name.
    """

    level: str
    person_class: str
    age: int | None
    facts: tuple[tuple[str, str | int], ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What a model claim comes to: a code, or the funds that pay and what is left."""

    code: str | None
    funds_fen: dict[str, int]
    person_fen: int


@dataclass(frozen=True)
class Change:
    """A model claim that the two policies settle differently; `number` is its place in the year."""

    visit: str
    on: datetime.date
    person: Person
    number: int
    total_fen: int
    old: Outcome
    new: Outcome


def amount_changes(old: Side, new: Side) -> Iterator[Change]:
    """Return the model claims that come to other amounts.

    For each kind of benefit, day on which an entry begins or ends, level, class and age, a person
    without history has claims all in scope. Their totals lie at the amounts that either policy
    states, between them and beyond, and at what uses a payment cap up; each is repeated as often
    as the policies number their deductibles.
    """
    visits = dict.fromkeys(visit for _, scheme in (old, new) for visit in _visits(scheme))
    for visit in visits:
        for on, person in itertools.product(_days(visit, old, new), persons(old[1], new[1])):
            sides = [
                (side, terms_of(_entries(side[1], visit), side[1], on, person))
                for side in (old, new)
            ]
            terms = [found for _, found in sides if found is not None]
            if terms and (sides[0][1] != sides[1][1] or _counters_differ(old, new)):
                yield from _changes(old, new, (visit, on, person), terms)


def _counters_differ(old: Side, new: Side) -> bool:
    return old[1].file.counters != new[1].file.counters


def _visits(scheme: Scheme) -> list[str]:
    """Return one kind of visit for each benefit."""
    return [benefit.visits[0] for benefit in scheme.file.benefits.values() if benefit.visits]


def _entries(scheme: Scheme, visit: str) -> Sequence[Entry]:
    benefit = scheme.visits.get(visit)
    return () if benefit is None else scheme.entries[benefit]


def _days(visit: str, old: Side, new: Side) -> list[datetime.date]:
    entries = [entry for _, scheme in (old, new) for entry in _entries(scheme, visit)]
    days = sorted({day for entry in entries for day in (entry.begins, entry.ends)})
    return [date_of_day(day) for day in days]


def persons(old: Scheme, new: Scheme) -> Iterator[Person]:
    """Yield a person for each combination of the members that either file has."""
    levels = dict.fromkeys((*old.file.levels, *new.file.levels))
    classes = dict.fromkeys((*old.file.person_classes, *new.file.person_classes))
    lower = sorted({bound for scheme in (old, new) for _, bound, _ in scheme.ranges("age")})
    ages: list[int | None] = [*lower] or [None]
    others = [name for name in FACTS if any(name in s.dimensions.members for s in (old, new))]
    values = [
        dict.fromkeys(value for scheme in (old, new) for value in examples_of(scheme.file, name))
        for name in others
    ]
    for level, person_class, age, *held in itertools.product(levels, classes, ages, *values):
        yield Person(level, person_class, age, tuple(zip(others, held, strict=True)))


def terms_of(
    entries: Sequence[Entry], scheme: Scheme, on: datetime.date, person: Person
) -> Terms | None:
    """Return a person's terms on a day among the entries of a benefit."""
    day = (on - date_of_day(0)).days
    entry = next((one for one in entries if one.begins <= day < one.ends), None)
    if entry is None:
        return None
    cell: dict[str, str | None] = {"level": person.level, "person_class": person.person_class}
    for name, value in (("age", person.age), *person.facts):
        cell[name] = member_of(scheme.file, name, value)
    rows = (row for row in entry.rows if row.cell.items() <= cell.items())
    return next((row.terms for row in rows), None)


def _changes(
    old: Side,
    new: Side,
    whose: tuple[str, datetime.date, Person],
    terms: list[Terms],
) -> Iterator[Change]:
    visit, on, person = whose
    lists = [layer.deductibles_fen for one in terms for layer in one.layers]
    repeats = min(max(map(len, lists)), REPEATS_MAX)
    for total in totals(terms):
        case = _case(whose, total, repeats)
        before, after = (_outcomes(side, case) for side in (old, new))
        for number, (one, other) in enumerate(zip(before, after, strict=True), 1):
            if one != other:
                yield Change(visit, on, person, number, total, one, other)


def totals(terms: list[Terms]) -> list[int]:
    """Return totals in fen, whole yuan, at which the terms may come to different amounts."""
    found = [figure for one in terms for figure in figures(one)]
    edges = sorted({_whole_yuan(one.value) for one in found if one.unit is Unit.FEN and one.value})
    if not edges:
        return list(USUAL_FEN)
    between = [_whole_yuan((one + other) // 2) for one, other in itertools.pairwise(edges)]
    return sorted({*edges, *between, 2 * edges[-1], _beyond_caps(found, edges[-1])})


def _beyond_caps(found: list[Figure], largest_fen: int) -> int:
    rates = [one.value for one in found if one.unit is Unit.PPM and one.value]
    return _whole_yuan(largest_fen * PPM // min(rates, default=PPM)) + largest_fen


def _whole_yuan(fen: int) -> int:
    return -(-fen // YUAN) * YUAN


def _case(whose: tuple[str, datetime.date, Person], total_fen: int, repeats: int) -> dict[str, Any]:
    visit, on, person = whose
    born = None if person.age is None else datetime.date(on.year - person.age, 1, 1)
    facts = dict(person.facts)
    sex = facts.pop("sex", None)
    claim = {"visit": visit, "level": person.level, "begin": on, "end": on, **facts}
    return {
        "person": {"class": person.person_class, "birth_date": born, "sex": sex},
        "events": [{**claim, "total": format_yuan(total_fen)} for _ in range(repeats)],
    }


def _outcomes(side: Side, case: dict[str, Any]) -> list[Outcome]:
    folder, scheme = side
    named = {"region": scheme.file.region, "scheme": scheme.file.scheme, **case}
    try:
        settlements = settle_case(named, folder)["settlements"]
    except ClaimError as error:
        return [Outcome(error.code, {}, 0) for _ in case["events"]]
    return [_outcome(settlement) for settlement in settlements]


def _outcome(settlement: dict[str, Any]) -> Outcome:
    if settlement["status"] != "settled":
        return Outcome(settlement["code"], {}, 0)
    funds = {
        fund.name.lower(): paid
        for fund in Fund
        if (paid := settlement[f"{fund.name.lower()}_paid_fen"])
    }
    return Outcome(None, funds, settlement["person_total_fen"])
