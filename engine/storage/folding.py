"""Settles entries of a batch from the state under the lock, and checks what they did to it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.claims.columns import (
    EVENT_WIDTH,
    NONE,
    RESULT_WIDTH,
    STATE_WIDTH,
    Event,
    EventKind,
    Ints,
    Result,
    Status,
)
from engine.claims.keys import content_key
from engine.errors import StorageError, ensure
from engine.policy.compiler import CompiledBook
from engine.settlement.facts import Place
from engine.settlement.feeds import FED_EVENT, feeds
from engine.settlement.settle import Earlier, Settled, settle_located
from engine.storage.ledger_state import CounterKey, Fed, LedgerState, Posted, Year

NOWHERE = Place()
_TIES = 3  # An entry, what is withheld before it, and what is given back after it.


@dataclass(frozen=True, eq=False)
class Entry:
    """One thing to do for a message: settle an event, or undo a settlement.

    Attributes:
        message: position of its message in the batch.
        number: which thing of the message it is.
        cause: the settlement whose reversal makes a later one be undone or settled anew.
        of: the settlement that an event settles anew, or that is undone.
        place: where a claim is settled anew by a cascade.
    """

    message: int
    number: int
    event: Ints | None
    of: Posted | None = None
    cause: str | None = None
    place: Place = NOWHERE


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of an entry."""

    entry: Entry
    status: Status
    event: Ints
    result: Ints
    trace: Ints
    feeds: tuple[Fed, ...]


def fold_entries(book: CompiledBook, entries: Sequence[Entry], state: LedgerState) -> list[Outcome]:
    """Return what becomes of entries, in their order; the state is left as it is.

    Of one person there may be several claims, or the entries of one message, but not both.

    Raises:
        InvariantError: the counters after are not those before and what was added to them.
    """
    events, recalled = _events(entries, book)
    earlier = Earlier(
        np.array([of.result for of in recalled], dtype=np.int64).reshape(-1, RESULT_WIDTH),
        np.array(
            [(fed.counter, fed.scope, fed.gain) for of in recalled for fed in of.feeds],
            dtype=np.int64,
        ).reshape(-1, 3),
    )
    settled = settle_located(book, events, opening_of(state, events), earlier)
    return _Reckoning(book, entries, state).outcomes(settled, events)


def opening_of(state: LedgerState, events: Ints) -> Ints:
    """Return the counters of the events' persons as the engine takes them."""
    persons = set(events[:, Event.PERSON].tolist())
    rows = [(*key, value) for key, value in state.counters.items() if key[0] in persons]
    return np.array(rows, dtype=np.int64).reshape(-1, STATE_WIDTH)


def _events(entries: Sequence[Entry], book: CompiledBook) -> tuple[Ints, list[Posted]]:
    """Return a row for each entry, and after them one for each settlement that is undone."""
    recalled: list[Posted] = []
    events = np.full((len(entries), EVENT_WIDTH), NONE, dtype=np.int64)
    for k, entry in enumerate(entries):
        if entry.event is not None:
            events[k] = entry.event
        elif entry.of is not None:
            events[k] = _blank(EventKind.REVERSAL, entry.of, book)
            events[k, Event.REF] = len(entries) + len(recalled)
            recalled.append(entry.of)
        events[k, Event.ORDER_TIME] = 1
        events[k, Event.ORDER_TIE] = _TIES * k
    before = np.full((len(recalled), EVENT_WIDTH), NONE, dtype=np.int64)
    first = 0
    for k, of in enumerate(recalled):
        before[k] = _blank(EventKind.SETTLED_BEFORE, of, book)
        before[k, Event.REF] = k
        before[k, Event.ORDER_TIME] = 0
        # A message that undoes several goes from the newest back.
        before[k, Event.ORDER_TIE] = -k
        before[k, Event.ARG], before[k, Event.AMOUNT] = first, len(of.feeds)
        first += len(of.feeds)
    return np.vstack([events, before, *_withheld(entries, events)]), recalled


def _withheld(entries: Sequence[Entry], events: Ints) -> list[Ints]:
    """Return events that take from the accounts what an entry may not draw on, and give it back."""
    found = []
    for k, entry in enumerate(entries):
        for account, withheld in enumerate(entry.place.withheld_fen):
            for tie, amount in ((-1, -withheld), (1, withheld)) if withheld else ():
                event = np.full(EVENT_WIDTH, NONE, dtype=np.int64)
                event[Event.AMOUNT :] = 0
                for same in (Event.PERSON, Event.SCHEME, Event.YEAR, Event.ORDER_TIME):
                    event[same] = events[k, same]
                own = account == 0
                event[Event.KIND] = EventKind.ACCOUNT_CREDIT if own else EventKind.FAMILY_LINK
                event[Event.ARG], event[Event.AMOUNT] = account, amount
                event[Event.ORDER_TIE] = _TIES * k + tie
                found.append(event[None, :])
    return found


def _blank(kind: EventKind, of: Posted, book: CompiledBook) -> Ints:
    event = np.full(EVENT_WIDTH, NONE, dtype=np.int64)
    event[Event.AMOUNT :] = 0
    event[Event.KIND] = kind
    event[Event.PERSON] = content_key(of.year.person_id)
    event[Event.SCHEME] = scheme_at(of.year, book)
    event[Event.YEAR] = of.year.year
    return event


def scheme_at(year: Year, book: CompiledBook) -> int:
    """Return the position of a year's scheme in the book.

    Raises:
        StorageError: `scheme_gone`, the book holds it no more.
    """
    at = book.book.index(year.region, year.scheme)
    if at is None:
        raise StorageError(
            "scheme_gone",
            f"已有结算所依的政策 {year.region} {year.scheme} 不在现行政策文件中；请恢复该文件",
            f"settlements were made under {year.region} {year.scheme}, which the policy files no "
            "longer hold; put the file back",
        )
    return at


@dataclass(frozen=True)
class _Reckoning:
    """Says what each entry added to the counters, and that nothing else did."""

    book: CompiledBook
    entries: Sequence[Entry]
    state: LedgerState

    def outcomes(self, settled: Settled, events: Ints) -> list[Outcome]:
        rows = events[settled.results[:, Result.EVENT]]
        fed = feeds(self.book.rows, rows, settled.trace, settled.trace_first)
        by_result: dict[int, list[list[int]]] = {}
        for row in fed.tolist():
            by_result.setdefault(row[FED_EVENT], []).append(row)
        at = np.zeros(len(events), dtype=np.int64)
        at[settled.results[:, Result.EVENT]] = np.arange(len(events))
        now: dict[CounterKey, int] = {}
        found = []
        for k, entry in enumerate(self.entries):
            place = int(at[k])
            trace = settled.trace[settled.trace_first[place] : settled.trace_first[place + 1]]
            result = settled.results[place]
            gains = self._gains(entry, int(events[k, Event.PERSON]), by_result.get(place, []), now)
            status = Status(int(result[Result.STATUS]))
            found.append(Outcome(entry, status, events[k], result, trace, gains))
        return self._checked(found, settled.closing, now)

    def _gains(
        self, entry: Entry, person: int, fed: list[list[int]], now: dict[CounterKey, int]
    ) -> tuple[Fed, ...]:
        gains = [(row[1], row[2], row[4]) for row in fed]
        if entry.event is None and entry.of is not None:
            gains = [(fed.counter, fed.scope, -fed.gain) for fed in entry.of.feeds]
        told = []
        for counter, scope, gain in gains:
            key = (person, counter, scope)
            before = now.get(key, self.state.counters.get(key, 0))
            now[key] = before + gain
            if gain:
                told.append(Fed(counter, scope, before, gain))
        return tuple(told)

    def _checked(
        self, found: list[Outcome], closing: Ints, now: dict[CounterKey, int]
    ) -> list[Outcome]:
        """Give what only the closing state tells to the one event of another kind that it is of."""
        fell = {int(one.event[Event.PERSON]) for one in found if one.status != Status.SETTLED}
        rest: dict[int, list[Fed]] = {}
        for person, counter, scope, value in closing.tolist():
            key = (person, counter, scope)
            before = now.get(key, self.state.counters.get(key, 0))
            if value != before and person not in fell:
                rest.setdefault(person, []).append(Fed(counter, scope, before, value - before))
        for k, one in enumerate(found):
            kind, person = one.event[Event.KIND], int(one.event[Event.PERSON])
            if person in rest and kind not in (EventKind.CLAIM, EventKind.REVERSAL):
                fed = tuple(rest.pop(person))
                found[k] = Outcome(one.entry, one.status, one.event, one.result, one.trace, fed)
        ensure(not rest, "a counter changed by more than its settlements added to it")
        return found
