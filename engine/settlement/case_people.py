"""Writes what a case says of the person: facts that terms depend on, and events without a bill."""

import datetime

from engine.claims.columns import COUNTER_ID, NONE, Event, Filing, Ints
from engine.claims.keys import content_key
from engine.codes.enums import Sex
from engine.errors import ClaimError
from engine.money import parse_fen
from engine.periods import NO_END_DAY, date_of_day, day_number, insurance_year_period
from engine.policy.book import Scheme
from engine.policy.compiler import VISITS
from engine.policy.event_terms import registration_counter
from engine.policy.packer import counter_id
from engine.settlement.case_form import CaseEvent, CaseFile

NUMBERS = (Event.ENROLLED_MONTHS, Event.CONTRIBUTION_YEARS, Event.REGISTERED_DISEASES)


def write_facts(
    form: CaseFile, scheme: Scheme, event: CaseEvent, on: datetime.date, row: Ints
) -> None:
    """Fill the columns of the person's facts on a day.

    Raises:
        ClaimError: `unknown_member`, the scheme has no such tier.
    """
    row[Event.AGE] = _age(form, on)
    sex = form.person.sex
    row[Event.SEX] = NONE if sex is None else Sex[sex.upper()]
    row[Event.TIER] = _tier(form, scheme, event)
    for column in NUMBERS:
        name = column.name.lower()
        own, persons = getattr(event, name), getattr(form.person, name)
        row[column] = next((fact for fact in (own, persons) if fact is not None), NONE)


def write_person_event(form: CaseFile, scheme: Scheme, event: CaseEvent, row: Ints) -> None:
    """Fill what an event that is neither claim nor cancellation says.

    Raises:
        ClaimError: `unknown_member`, the scheme has no such registration or application.
    """
    if event.kind == "account_credit":
        row[Event.AMOUNT] = parse_fen(event.amount or "")
    elif event.kind == "family_link":
        row[Event.AMOUNT], row[Event.ARG] = parse_fen(event.amount or ""), event.account or 0
    elif event.kind == "year_close":
        row[Event.ARG] = event.year or 0
    elif event.kind == "cover_change" and event.on is not None:
        row[Event.SETTLED_DAY] = day_number(event.on)
    elif event.kind == "registration":
        _registration(scheme, event, row)
    elif event.kind == "application":
        _application(form, scheme, event, row)


def _registration(scheme: Scheme, event: CaseEvent, row: Ints) -> None:
    name = event.registration or ""
    declared = scheme.file.registrations.get(name)
    if declared is None or event.registered_from is None:
        raise _unknown(("登记", "registration"), name, list(scheme.file.registrations))
    kept_apart = {"person": None, "disease": event.disease, "institution": event.institution}
    row[Event.ARG] = counter_id(*scheme.key, registration_counter(name)) * COUNTER_ID
    scope = kept_apart[declared.per]
    row[Event.AMOUNT] = 0 if declared.per == "person" else content_key(scope)
    row[Event.BEGIN_DAY] = day_number(event.registered_from)
    row[Event.END_DAY] = NO_END_DAY if event.until is None else day_number(event.until)


def _application(form: CaseFile, scheme: Scheme, event: CaseEvent, row: Ints) -> None:
    if event.benefit not in scheme.applications:
        what = ("申请类待遇", "benefit on application")
        raise _unknown(what, event.benefit or "", scheme.applications)
    year = insurance_year_period(event.year or 0, scheme.year_starts)
    row[Event.VISIT_KIND] = VISITS + scheme.applications.index(event.benefit or "")
    row[Event.FILING] = Filing.LOCAL
    row[Event.SEGMENT], row[Event.FLAGS] = 1, 0
    row[Event.BEGIN_DAY], row[Event.END_DAY] = year.start, year.end - 1
    write_facts(form, scheme, event, date_of_day(year.end - 1), row)


def _tier(form: CaseFile, scheme: Scheme, event: CaseEvent) -> int:
    tier = event.tier or form.person.tier
    if tier is not None and tier not in scheme.file.tiers:
        raise _unknown(("缴费档次", "tier"), tier, scheme.file.tiers)
    return NONE if tier is None else scheme.file.tiers.index(tier)


def _age(form: CaseFile, on: datetime.date) -> int:
    born = form.person.birth_date
    if born is None:
        return NONE
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _unknown(what: tuple[str, str], name: str, known: list[str]) -> ClaimError:
    return ClaimError(
        "unknown_member",
        f"没有{what[0]} {name}；须是 {known} 之一",
        f"there is no {what[1]} {name}; the scheme has {known}",
    )
