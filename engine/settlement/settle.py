"""Settles a batch of events of any persons: one function for the night, the API and a case file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.claims.columns import (
    EVENT_WIDTH,
    RESULT_WIDTH,
    STATE_WIDTH,
    STEP_WIDTH,
    Event,
    EventKind,
    Ints,
    Lines,
)
from engine.errors import ensure
from engine.policy.book import PolicyBook
from engine.policy.compiler import CompiledBook, compile_book
from engine.policy.tables import Header
from engine.settlement.desk import (
    CLOSING_SIZE,
    TRACE_SIZE,
    Desk,
    Job,
    Out,
    counters_each,
    new_desk,
)
from engine.settlement.fold import fold
from engine.settlement.group import group
from engine.settlement.identities import check_identities
from engine.settlement.line_book import NO_GROUPS, Groups, LineBook
from engine.settlement.locate import claim_dates, locate
from engine.settlement.lone import OPENING_MAX, settle_alone
from engine.settlement.price_lines import Catalogue, DayUse, day_use, price_lines

STEPS_MAX = int(Header.STEPS_MAX)


@dataclass(frozen=True)
class Earlier:
    """Settlements made before, that events of kind SETTLED_BEFORE point to.

    results: (h, RESULT_WIDTH); feeds: (j, 3) counter, scope and gain.
    """

    results: Ints
    feeds: Ints

    @classmethod
    def none(cls) -> "Earlier":
        """Return an empty one."""
        return cls(np.zeros((0, RESULT_WIDTH), np.int64), np.zeros((0, 3), np.int64))


@dataclass(frozen=True)
class Settled:
    """What a batch came to.

    results: (n, RESULT_WIDTH), each person's together and in order of time, persons as they first
    come in the events, `Result.EVENT` naming the event's row;
    trace: flat triples, `trace_first[k]` opening those of result k; closing: (m, STATE_WIDTH), the
    state of the persons that had events, by person.
    """

    results: Ints
    trace: Ints
    trace_first: Ints
    closing: Ints


@dataclass(frozen=True)
class Bills:
    """The bill lines of a batch.

    lines: by claim, in as many pieces as memory asks for; care_region: per event, the number
    that the catalogue's rows have for the region of care; group_sets: what `Catalogue.groups`
    counts.
    """

    lines: Iterable[Lines]
    catalogue: Catalogue
    care_region: Ints
    group_sets: Sequence[Groups] = NO_GROUPS


def settle(
    book: CompiledBook,
    events: Ints,
    opening: Ints,
    earlier: Earlier | None = None,
    bills: Bills | None = None,
) -> Settled:
    """Return the settlement of events, from the state that earlier ones left.

    Args:
        book: the compiled policies.
        events: shape (n, EVENT_WIDTH); POLICY_ROW, YEAR and MONTH are found here.
        opening: shape (k, STATE_WIDTH), in any order; counters of persons without events are left.
        earlier: settlements made before which an event may cancel.
        bills: lines of the claims that come with lines instead of buckets.

    Raises:
        InvariantError: an identity of the results does not hold.

    Source: 经办条例 art. 20, 22, 23
    """
    return settle_located(book, located(book, events, bills), opening, earlier or Earlier.none())


def located(book: CompiledBook, events: Ints, bills: Bills | None = None) -> Ints:
    """Return a copy of events that know their policy row, year and month, their lines priced."""
    ensure(events.shape[1] == EVENT_WIDTH, "events have another width", width=events.shape[1])
    events = events.copy()
    days = claim_dates(book, events)
    locate(book, events, days)
    if bills is not None:
        _price(book, events, days, bills)
    return events


def settle_located(book: CompiledBook, events: Ints, opening: Ints, earlier: Earlier) -> Settled:
    """Return what `settle` returns, for events that know their policy row, year and month.

    Raises:
        InvariantError: an identity of the results does not hold.
    """
    if len(events) == 1 and len(opening) <= OPENING_MAX and len(earlier.results) == 0:
        return Settled(*settle_alone(book, events, opening))
    return _run(book, _job(book, events, opening, earlier))


def compile_fold() -> None:
    """Compile the fold, or find that it is kept, as a batch of any policies will ask for it."""
    book = compile_book(PolicyBook([]))
    nothing, nobody = np.zeros((0, EVENT_WIDTH), np.int64), np.zeros((0, STATE_WIDTH), np.int64)
    job = _job(book, nothing, nobody, Earlier.none())
    fold.compiled(book.rows, job, _room(book, job), _desk(book, job))


def _job(book: CompiledBook, events: Ints, opening: Ints, earlier: Earlier) -> Job:
    groups = group(events, opening)
    return Job(
        events=events,
        order=groups.order,
        first=groups.first,
        opening=groups.opening,
        opening_first=groups.opening_first,
        earlier=earlier.results,
        earlier_feeds=earlier.feeds,
        balance_id=book.balance_id,
        closed_id=book.closed_id,
        taken_id=book.taken_id,
        family_id=book.family_id,
    )


def _price(book: CompiledBook, events: Ints, days: Ints, bills: Bills) -> None:
    line_book = LineBook(book, bills.group_sets)
    events[:, Event.LINE_RULE] = line_book.rules_of(events, days)
    use: DayUse | None = None
    for lines in bills.lines:
        use = day_use(lines, use)
        price_lines(lines, bills.catalogue, line_book.rules, events, bills.care_region, use)


def _run(book: CompiledBook, job: Job) -> Settled:
    desk, out = _desk(book, job), _room(book, job)
    fold.sized(len(job.events))(book.rows, job, out, desk)
    settled = Settled(
        results=out.results,
        trace=out.trace[: desk.size[TRACE_SIZE]],
        trace_first=out.trace_first,
        closing=out.closing[: desk.size[CLOSING_SIZE]],
    )
    check_identities(settled.results)
    return settled


def _room(book: CompiledBook, job: Job) -> Out:
    events, persons = job.events, len(job.first) - 1
    counters = len(job.opening) + len(events) * counters_each(book) + len(job.earlier_feeds)
    return Out(
        results=np.empty((len(events), RESULT_WIDTH), dtype=np.int64),
        trace=np.empty(_steps_max(book, events) * STEP_WIDTH, dtype=np.int64),
        trace_first=np.empty(len(events) + 1, dtype=np.int64),
        closing=np.empty((counters + persons, STATE_WIDTH), dtype=np.int64),
    )


def _desk(book: CompiledBook, job: Job) -> Desk:
    """Return a desk for whichever person of a job has the most."""
    slots, feeds = book.slots_max, len(job.earlier_feeds)
    per_person, opened = np.diff(job.first), np.diff(job.opening_first)
    most_events = int(per_person.max(initial=0))
    counters = int((opened + per_person * counters_each(book)).max(initial=0))
    if feeds > 0:
        slots = max(slots, _most_feeds(job.events))
    return new_desk(
        counters=counters + feeds + 1, slots=slots, settlements=most_events, cells=book.cells_max
    )


def _most_feeds(events: Ints) -> int:
    recalled = events[:, Event.KIND] == EventKind.SETTLED_BEFORE
    return int(events[recalled, Event.AMOUNT].max(initial=0))


def _steps_max(book: CompiledBook, events: Ints) -> int:
    """Return the most trace steps that these events can leave."""
    rows = events[:, Event.POLICY_ROW]
    starts = book.rows.start[rows[rows >= 0]]
    return int(book.rows.cells[starts + STEPS_MAX].sum()) + len(events)
