"""Finds each claim's policy row: the dates and dimensions are resolved here, not in the fold."""

import numpy as np
from numpy.typing import NDArray

from engine.claims.columns import NONE, YEAR_OF_MONTH, Event, EventFlag, EventKind, Ints, Status
from engine.codes.enums import Sex
from engine.policy.compiler import CompiledBook, Places
from engine.policy.tables import Dimension, RowTerms
from engine.settlement.jit import Entry, kernel

FACTS = (
    int(Event.LEVEL),
    int(Event.PERSON_CLASS),
    int(Event.AGE),
    int(Event.TIER),
    int(Event.SEX),
    int(Event.FILING),
    int(Event.DISEASE_GROUP),
    int(Event.ENROLLED_MONTHS),
    int(Event.CONTRIBUTION_YEARS),
    int(Event.REGISTERED_DISEASES),
)
"""The column that holds a claim's fact, for each Dimension."""

DIMENSIONS_COUNT = len(Dimension)
BY_AGE, BY_CONTRIBUTION_YEARS = int(RowTerms.BY_AGE), int(RowTerms.BY_CONTRIBUTION_YEARS)
MARCH_TO_DECEMBER = 10


def locate(book: CompiledBook, events: Ints, days: Ints) -> None:
    """Set POLICY_ROW, YEAR and MONTH of every event from its scheme, dates and dimensions.

    A claim without terms gets the negative of its Status as row; other kinds get NONE as row.
    YEAR of a year close and of an earlier settlement stays as given.

    Args:
        book: the compiled policies.
        events: shape (n, EVENT_WIDTH), changed in place.
        days: shape (n,), each event's claim date in days (`claim_dates`).
    """
    _locate.sized(len(events))(book.places, book.year_starts, events, days)


def claim_dates(book: CompiledBook, events: Ints) -> Ints:
    """Return each event's claim date in days: end of care or settlement, as its scheme says."""
    days = np.empty(len(events), dtype=np.int64)
    _claim_dates.sized(len(events))(book.claims_by_end, events, days)
    return days


@Entry
def _claim_dates(by_end: NDArray[np.bool_], events: Ints, days: Ints) -> None:
    for k in range(events.shape[0]):
        scheme, kind = events[k, Event.SCHEME], events[k, Event.KIND]
        is_claim = kind == EventKind.CLAIM and scheme >= 0
        # An application ends with its benefit year, whose terms it is paid by.
        uses_end = kind == EventKind.APPLICATION or (is_claim and by_end[scheme])
        days[k] = events[k, Event.END_DAY] if uses_end else events[k, Event.SETTLED_DAY]


@Entry
def _locate(places: Places, year_starts: Ints, events: Ints, days: Ints) -> None:
    for k in range(events.shape[0]):
        event, kind = events[k], events[k, Event.KIND]
        year, month, day = calendar_date(days[k])
        event[Event.MONTH] = year * YEAR_OF_MONTH + month
        if kind not in (EventKind.YEAR_CLOSE, EventKind.SETTLED_BEFORE):
            is_before = month * 100 + day < year_starts[event[Event.SCHEME]]
            event[Event.YEAR] = year - 1 if is_before else year
        event[Event.POLICY_ROW] = NONE
        if kind in (EventKind.CLAIM, EventKind.APPLICATION):
            event[Event.POLICY_ROW] = _row(places, event, days[k])


@kernel
def calendar_date(day: int) -> tuple[int, int, int]:
    """Return year, month and day of the month of a day counted from 1970-01-01.

    The year is taken to begin in March, so that the leap day is its last: all months but the last
    then follow one pattern of 153 days in five, and four centuries are 146,097 days.
    """
    day += 719_468  # from 0000-03-01
    era, of_era = day // 146_097, day % 146_097
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    of_month = of_year - (153 * month + 2) // 5 + 1
    january = month // MARCH_TO_DECEMBER  # 1 in January and February, which end such a year
    return era * 400 + year + january, month + 3 - 12 * january, of_month


@kernel
def _row(places: Places, event: Ints, day: int) -> int:
    scheme = event[Event.SCHEME]
    if scheme < 0:
        return -Status.NO_POLICY
    flags = max(event[Event.FLAGS], 0)
    if flags & EventFlag.WAITS:
        return -Status.WAITING_PERIOD
    if flags & EventFlag.COVER_START_UNKNOWN:
        return -Status.COVER_START_UNKNOWN
    if event[Event.FILING] == NONE:
        return -Status.CROSS_REGION_FILING_UNKNOWN
    visit, benefit = event[Event.VISIT_KIND], NONE
    if 0 <= visit < places.benefit.shape[1]:
        benefit = places.benefit[scheme, visit]
    if benefit == NONE:
        return -Status.NO_POLICY
    return _row_on_day(places, event, benefit, day)


def rows_on_days(places: Places, events: Ints, days: Ints) -> Ints:
    """Return the row of each event among places that have one list of entries for each scheme.

    Where there is none it is the negative of a Status.
    """
    found = np.full(len(events), -int(Status.NO_POLICY), dtype=np.int64)
    _fill_rows.sized(len(events))(places, events, days, found)
    return found


@Entry
def _fill_rows(places: Places, events: Ints, days: Ints, found: Ints) -> None:
    for k in range(events.shape[0]):
        scheme = events[k, Event.SCHEME]
        if scheme >= 0:
            found[k] = _row_on_day(places, events[k], scheme, days[k])


@kernel
def _row_on_day(places: Places, event: Ints, entries: int, day: int) -> int:
    """Return the row of the dated entry that holds on a day, of one list of entries."""
    first, last = places.first_entry[entries], places.first_entry[entries + 1]
    if first == last or day < places.entry_begins[first]:
        return -Status.NO_POLICY
    for k in range(first, last):
        if places.entry_begins[k] <= day < places.entry_ends[k]:
            return _row_in_entry(places, event, event[Event.SCHEME], k)
    return -Status.POLICY_NOT_REVIEWED


@kernel
def _row_in_entry(places: Places, event: Ints, scheme: int, entry: int) -> int:
    # Even where no terms ask how care was filed, only filings that the file names have any.
    if places.filing[scheme, event[Event.FILING]] == NONE:
        return -Status.NO_TERMS
    row = int(places.entry_row[entry])
    for k in range(DIMENSIONS_COUNT):
        stride = places.entry_stride[entry, k]
        if stride > 0:
            member = _member(places, event, scheme, k)
            if not 0 <= member < places.members[scheme, k]:
                return -Status.NO_TERMS
            row += int(stride) * member
    terms = int(places.has_terms[row])
    unknown_age = terms & BY_AGE and event[Event.AGE] < 0
    unknown_years = terms & BY_CONTRIBUTION_YEARS and event[Event.CONTRIBUTION_YEARS] < 0
    if terms == 0 or unknown_age or unknown_years:
        return -Status.NO_TERMS
    return row


@kernel
def _member(places: Places, event: Ints, scheme: int, dimension: int) -> int:
    """Return the position of the member that a claim falls under, or NONE."""
    fact = int(event[FACTS[dimension]])
    if dimension == Dimension.FILING:
        return int(places.filing[scheme, fact])
    if dimension == Dimension.SEX:
        return fact - Sex.MALE.value
    first = places.range_at[scheme, dimension]
    if first == NONE:
        return fact
    for k in range(places.members[scheme, dimension]):
        low, high = places.range_from[first + k], places.range_to[first + k]
        if fact >= low and (high == NONE or fact < high):
            return k
    return NONE
