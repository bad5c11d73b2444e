"""Takes the same model allowances and applications under two policies, and tells which differ."""

import datetime
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.errors import ClaimError
from engine.money import format_yuan, parse_fen
from engine.periods import date_of_day, insurance_year
from engine.policy.book import Scheme
from engine.settlement.case import settle_case
from pipelines.policy.model_claims import Person, Side, persons, terms_of, totals

WAGES_FEN = (2_000_00, 6_000_00, 30_000_00)
DAYS, MONTHS = 98, "9"
FAMILIES = ((1, 10), (2, 10), (1, 0))
"""Children, and years to retirement, of who is granted an allowance."""

LONG_AGO = datetime.date(2000, 1, 1)


@dataclass(frozen=True)
class EventChange:
    """A model event that comes to something else; `facts` are what it states.

    `old` and `new` are a code, or what is paid by name in fen.
    """

    kind: str
    name: str
    on: datetime.date
    facts: tuple[tuple[str, str | int], ...]
    old: str | dict[str, int]
    new: str | dict[str, int]


def event_changes(old: Side, new: Side) -> Iterator[EventChange]:
    """Return the model allowances and applications that come to other amounts.

    Allowances are asked for on each day on which an entry begins or ends, in each case, by persons
    with wages at and about the bases that either file declares. Applications are made for the year
    of such a day, with the amounts that either file states in the first counter of their base.
    """
    for model in (*_allowances(old, new), *_applications(old, new)):
        before, after = (_told(side, *model) for side in (old, new))
        if before != after:
            event, facts = model[1], model[2]
            name = str(event.get("allowance", event.get("benefit")))
            yield EventChange(event["kind"], name, event["on"], facts, before, after)


Facts = tuple[tuple[str, str | int], ...]
Model = tuple[dict[str, Any], dict[str, Any], Facts]
"""A case without its event, the event, and what of both is told."""


def _allowances(old: Side, new: Side) -> Iterator[Model]:
    schemes = (old[1], new[1])
    for name in dict.fromkeys(name for scheme in schemes for name in scheme.allowances):
        entries = [one for scheme in schemes for one in scheme.allowances.get(name, ())]
        cases = dict.fromkeys(case for entry in entries for case in entry.items)
        days = sorted({day for entry in entries for day in (entry.begins, entry.ends)})
        for day, case, wage, family in itertools.product(days, cases, _wages(schemes), FAMILIES):
            facts: dict[str, str | int] = {} if case is None else {"case": case}
            facts |= {"wage": format_yuan(wage), "employer_wage": format_yuan(wage)}
            facts |= {"days": DAYS, "months": MONTHS}
            facts |= {"children": family[0], "years_to_retirement": family[1]}
            event = {"kind": "allowance", "allowance": name, "on": date_of_day(day), **facts}
            person = {"person": {"class": next(iter(schemes[0].file.person_classes))}}
            yield person, event, tuple(facts.items())


def _wages(schemes: tuple[Scheme, Scheme]) -> list[int]:
    bases = [
        parse_fen(value.amount)
        for scheme in schemes
        for values in scheme.file.bases.values()
        for value in values
    ]
    return sorted({*WAGES_FEN, *bases})


def _applications(old: Side, new: Side) -> Iterator[Model]:
    schemes = (old[1], new[1])
    for name in dict.fromkeys(name for scheme in schemes for name in scheme.applications):
        entries = [one for scheme in schemes for one in scheme.entries.get(name, ())]
        days = sorted({date_of_day(day) for one in entries for day in (one.begins, one.ends - 1)})
        for on, person in itertools.product(days, persons(*schemes)):
            found = [
                terms_of(scheme.entries.get(name, ()), scheme, on, person) for scheme in schemes
            ]
            terms = [one for one in found if one is not None]
            for total in totals(terms) if terms else ():
                yield _application(
                    old[1] if name in old[1].applications else new[1], name, on, (person, total)
                )


def _application(scheme: Scheme, name: str, on: datetime.date, whose: tuple[Person, int]) -> Model:
    person, total = whose
    application = scheme.file.benefits[name].application
    counter = application.base[0] if application else ""
    year = insurance_year(on, scheme.year_starts)
    born = None if person.age is None else datetime.date(on.year - person.age, 1, 1)
    held = {counter: format_yuan(total)}
    case: dict[str, Any] = {
        "person": {"class": person.person_class, "birth_date": born},
        "state": {"year": year, "counters": held},
    }
    settled = datetime.date(year + 2, 1, 1)
    event = {"kind": "application", "benefit": name, "year": year, "settled": settled, "on": on}
    return case, event, (("class", person.person_class), *held.items())


def _told(
    side: Side, case: dict[str, Any], event: dict[str, Any], _: Facts
) -> str | dict[str, int]:
    folder, scheme = side
    asked = event if event["kind"] == "allowance" else {k: event[k] for k in event if k != "on"}
    registered = [
        {"kind": "registration", "registration": name, "from": LONG_AGO}
        for name, declared in scheme.file.registrations.items()
        if declared.per == "person"
    ]
    named = {"region": scheme.file.region, "scheme": scheme.file.scheme, **case}
    try:
        answer = settle_case({**named, "events": [*registered, asked]}, folder)
    except ClaimError as error:
        return error.code
    last = answer["settlements"][-1]
    if last["status"] != "settled":
        return str(last["code"])
    return {f"{one['kind']} {one['payer']}": one["amount_fen"] for one in answer["allowances"]}
