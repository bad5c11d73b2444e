"""Settles a lone event, as a counter does, in arrays that are laid out for machine code once."""

from collections import deque
from functools import lru_cache

import numpy as np

from engine.claims.columns import (
    EVENT_WIDTH,
    RESULT_WIDTH,
    STATE_WIDTH,
    STEP_WIDTH,
    Event,
    Ints,
    State,
)
from engine.policy.compiler import CompiledBook
from engine.policy.tables import Header
from engine.settlement.desk import CLOSING_SIZE, TRACE_SIZE, Job, Out, counters_each, new_desk
from engine.settlement.fold import fold
from engine.settlement.identities import check_of

OPENING_MAX = 128
"""Rows of opening state up to which an event finds a seat; few persons have thirty counters."""

BOOKS_MAX = 4
"""How many books have seats."""


def settle_alone(book: CompiledBook, event: Ints, opening: Ints) -> Out:
    """Return what the fold makes of one event, in arrays of its own.

    Args:
        book: the compiled policies.
        event: (1, EVENT_WIDTH).
        opening: (k, STATE_WIDTH), at most OPENING_MAX rows, which is kept for the event's person.

    Raises:
        InvariantError: an identity of the result does not hold.
    """
    seats = _seats(book)
    try:
        seat = seats.pop()
    except IndexError:
        seat = _Seat(book)
    settled = seat.settle(event, opening)
    # Not after an error: the next one gets a new seat then.
    seats.append(seat)
    return settled


@lru_cache(maxsize=BOOKS_MAX)
def _seats(_book: CompiledBook) -> "deque[_Seat]":
    """Return the seats of a book that no thread sits on: as many as ever settled at once."""
    return deque()


class _Seat:
    """The arrays of one lone settlement after another."""

    def __init__(self, book: CompiledBook) -> None:
        counters = OPENING_MAX + counters_each(book)
        desk = new_desk(counters + 1, book.slots_max, settlements=1, cells=book.cells_max)
        self._job = Job(
            events=np.zeros((1, EVENT_WIDTH), dtype=np.int64),
            order=np.zeros(1, dtype=np.int64),
            first=np.array([0, 1], dtype=np.int64),
            opening=np.zeros((OPENING_MAX, STATE_WIDTH), dtype=np.int64),
            opening_first=np.zeros(2, dtype=np.int64),
            earlier=np.zeros((0, RESULT_WIDTH), dtype=np.int64),
            earlier_feeds=np.zeros((0, 3), dtype=np.int64),
            balance_id=book.balance_id,
            closed_id=book.closed_id,
            taken_id=book.taken_id,
            family_id=book.family_id,
        )
        self._out = Out(
            results=np.zeros((1, RESULT_WIDTH), dtype=np.int64),
            trace=np.zeros(_steps_max(book) * STEP_WIDTH, dtype=np.int64),
            trace_first=np.zeros(2, dtype=np.int64),
            closing=np.zeros((counters, STATE_WIDTH), dtype=np.int64),
        )
        self._size = desk.size
        self._fold = fold.bound(book.rows, self._job, self._out, desk)
        self._check = check_of(self._out.results)

    def settle(self, event: Ints, opening: Ints) -> Out:
        job, out, size = self._job, self._out, self._size
        job.events[:] = event
        if len(opening) > 0:
            opening = opening[opening[:, State.PERSON] == event[0, Event.PERSON]]
            job.opening[: len(opening)] = opening
        job.opening_first[1] = len(opening)
        # The fold itself begins all else anew, for every person.
        size[TRACE_SIZE] = size[CLOSING_SIZE] = 0
        self._fold()
        self._check()
        return Out(
            results=out.results.copy(),
            trace=out.trace[: size[TRACE_SIZE]].copy(),
            trace_first=out.trace_first.copy(),
            closing=out.closing[: size[CLOSING_SIZE]].copy(),
        )


def _steps_max(book: CompiledBook) -> int:
    """Return the most trace steps that one event can leave."""
    rows = book.rows
    written = np.diff(rows.start, append=len(rows.cells)) > 0
    steps = rows.cells[rows.start[written] + Header.STEPS_MAX]
    return int(steps.max(initial=0)) + 1
