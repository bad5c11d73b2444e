"""What a scheme's entitlement terms say on a day: who waits, and which agreements are asked."""

from calendar import monthrange
from collections.abc import Callable
from datetime import date

from engine.claims.columns import NONE, Event, EventFlag, Ints
from engine.periods import date_of_day, day_number
from engine.policy.book import Scheme
from engine.policy.entitlement_terms import AgreementRule, EntitlementEntry, Waiting

MONTHS_IN_A_YEAR = 12


def waits(on: date, joined: date, waiting: Waiting) -> bool:
    """Return whether a person who joined on a day still waits on another.

    The benefit begins on the day of the later month that has the number of the day of joining, or
    on that month's last day.
    """
    begins = day_number(_months_after(joined, waiting.months)) + waiting.days
    return day_number(on) < begins


def wait_flag(scheme: Scheme, claim: Ints, joined: Callable[[Waiting], date | None]) -> int:
    """Return the EventFlag of a claim whose person waits for benefits when care begins, 0 for none.

    Args:
        claim: its event: class, tier, kind of visit and first day are asked.
        joined: tells, given what is bridged, since when the person's cover is unbroken; None where
            nothing tells.
    """
    day, tier = int(claim[Event.BEGIN_DAY]), int(claim[Event.TIER])
    entry = _entry_on(scheme, day)
    for waiting in () if entry is None else entry.waiting:
        named = not waiting.classes or int(claim[Event.PERSON_CLASS]) in waiting.classes
        if not named or int(claim[Event.VISIT_KIND]) in waiting.excepted:
            continue
        if waiting.tiers and tier == NONE:
            return int(EventFlag.COVER_START_UNKNOWN)
        if not waiting.tiers or tier in waiting.tiers:
            return _flag(date_of_day(day), joined(waiting), waiting)
    return 0


def _flag(on: date, joined: date | None, waiting: Waiting) -> int:
    if joined is None:
        return int(EventFlag.COVER_START_UNKNOWN)
    return int(EventFlag.WAITS) if waits(on, joined, waiting) else 0


def agreement_rule(scheme: Scheme, day: int) -> AgreementRule:
    """Return how agreements are asked for care that begins on a day."""
    entry = _entry_on(scheme, day)
    return AgreementRule() if entry is None else entry.agreement


def _entry_on(scheme: Scheme, day: int) -> EntitlementEntry | None:
    # What lies after the last entry's review lies after that of the benefits, and has no terms.
    found = (entry for entry in scheme.entitlement if entry.begins <= day < entry.ends)
    return next(found, None)


def _months_after(on: date, months: int) -> date:
    years, month = divmod(on.month - 1 + months, MONTHS_IN_A_YEAR)
    year, month = on.year + years, month + 1
    return date(year, month, min(on.day, monthrange(year, month)[1]))
