"""Puts events in each person's order, and the opening state beside the person that it is of."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.claims.columns import NONE, STATE_WIDTH, Event, Ints, State
from engine.settlement.jit import Entry, kernel


class Groups(NamedTuple):
    """Persons, in the order in which they first come, with their events and their state.

    order: (n,) event rows, those of person p in `first[p]:first[p + 1]` by time and tie;
    opening: (k, STATE_WIDTH), those of person p in `opening_first[p]:opening_first[p + 1]`.
    """

    order: Ints
    first: Ints
    opening: Ints
    opening_first: Ints


def group(events: Ints, opening: Ints) -> Groups:
    """Return events and opening state by person; the state of persons without events is left out.

    Args:
        events: (n, EVENT_WIDTH), in any order.
        opening: (k, STATE_WIDTH), in any order, which is kept for each person.
    """
    count, held = len(events), len(opening)
    room = _Room(
        table=np.full(1 << (2 * count).bit_length(), NONE, dtype=np.int64),
        persons=np.empty(count, dtype=np.int64),
        number=np.empty(max(count, held), dtype=np.int64),
        filled=np.empty(count + 1, dtype=np.int64),
        rows=np.empty(held, dtype=np.int64),
    )
    groups = Groups(
        order=np.empty(count, dtype=np.int64),
        first=np.zeros(count + 1, dtype=np.int64),
        opening=np.empty((held, STATE_WIDTH), dtype=np.int64),
        opening_first=np.zeros(count + 1, dtype=np.int64),
    )
    persons, kept = _group.sized(count)(events, opening, groups, room)
    return Groups(
        groups.order,
        groups.first[: persons + 1],
        groups.opening[:kept],
        groups.opening_first[: persons + 1],
    )


def tied_rows(events: Ints) -> Ints:
    """Return the rows of events that share their person and their time with another, ascending."""
    order = group(events, np.zeros((0, STATE_WIDTH), dtype=np.int64)).order
    tied = np.zeros(len(events), dtype=np.int8)
    _mark_tied.sized(len(events))(events, order, tied)
    return np.flatnonzero(tied)


@Entry
def _mark_tied(events: Ints, order: Ints, tied: NDArray[np.int8]) -> None:
    for k in range(1, order.size):
        one, other = order[k - 1], order[k]
        same_person = events[one, Event.PERSON] == events[other, Event.PERSON]
        if same_person and events[one, Event.ORDER_TIME] == events[other, Event.ORDER_TIME]:
            tied[one] = 1
            tied[other] = 1


class _Room(NamedTuple):
    """Working arrays: a hash table of person numbers, and what is known by number or by row."""

    table: Ints
    persons: Ints
    number: Ints
    filled: Ints
    rows: Ints


@Entry
def _group(events: Ints, opening: Ints, groups: Groups, room: _Room) -> tuple[int, int]:
    """Fill the groups, and return how many persons and how many opening rows they have."""
    count = 0
    for k in range(events.shape[0]):
        person = events[k, Event.PERSON]
        at = _find(room.table, room.persons, person)
        if room.table[at] == NONE:
            room.table[at] = count
            room.persons[count] = person
            count += 1
        room.number[k] = room.table[at]
    _by_number(room, events.shape[0], count, groups.order, groups.first)
    for p in range(count):
        _sort(events, groups.order, groups.first[p], groups.first[p + 1])
    for k in range(opening.shape[0]):
        room.number[k] = room.table[_find(room.table, room.persons, opening[k, State.PERSON])]
    _by_number(room, opening.shape[0], count, room.rows, groups.opening_first)
    kept = int(groups.opening_first[count])
    for k in range(kept):
        for column in range(STATE_WIDTH):
            groups.opening[k, column] = opening[room.rows[k], column]
    return count, kept


@kernel
def _find(table: Ints, persons: Ints, person: int) -> int:
    """Return the place of a person in the hash table, or the empty place where it would go."""
    at = (person ^ (person >> 32)) & (table.size - 1)
    while table[at] != NONE and persons[table[at]] != person:
        at = (at + 1) & (table.size - 1)
    return int(at)


@kernel
def _by_number(room: _Room, size: int, count: int, rows: Ints, first: Ints) -> None:
    """Put positions below `size` by their number below `count`, stably; those of NONE are left out.

    `first`, zero before, tells where each number begins.
    """
    for k in range(size):
        if room.number[k] != NONE:
            first[room.number[k] + 1] += 1
    for p in range(count):
        first[p + 1] += first[p]
        room.filled[p] = first[p]
    for k in range(size):
        number = room.number[k]
        if number != NONE:
            rows[room.filled[number]] = k
            room.filled[number] += 1


@kernel
def _sort(events: Ints, order: Ints, start: int, end: int) -> None:
    """Sort one person's rows by time, tie and row, by Shell: quick where few are out of place."""
    gap = 1
    while gap * 3 < end - start:
        gap = gap * 3 + 1
    while gap > 0:
        for k in range(start + gap, end):
            row, at = order[k], k
            while at - gap >= start and _is_before(events, row, order[at - gap]):
                order[at] = order[at - gap]
                at -= gap
            order[at] = row
        gap //= 3


@kernel
def _is_before(events: Ints, row: int, other: int) -> bool:
    if events[row, Event.ORDER_TIME] != events[other, Event.ORDER_TIME]:
        return bool(events[row, Event.ORDER_TIME] < events[other, Event.ORDER_TIME])
    if events[row, Event.ORDER_TIE] != events[other, Event.ORDER_TIE]:
        return bool(events[row, Event.ORDER_TIE] < events[other, Event.ORDER_TIE])
    return row < other
