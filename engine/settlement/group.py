"""Puts events in each person's order, and the opening state beside the person that it is of."""

from typing import NamedTuple

import numpy as np

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
    return _group.sized(len(events))(events, opening)


@Entry
def _group(events: Ints, opening: Ints) -> Groups:
    places = 1
    while places < 2 * events.shape[0]:
        places *= 2
    table = np.full(places, NONE, np.int64)
    persons = np.empty(events.shape[0], np.int64)
    number = np.empty(events.shape[0], np.int64)
    count = 0
    for k in range(events.shape[0]):
        person = events[k, Event.PERSON]
        at = _find(table, persons, person)
        if table[at] == NONE:
            table[at] = count
            persons[count] = person
            count += 1
        number[k] = table[at]
    order, first = _by_number(number, count)
    for p in range(count):
        _sort(events, order, first[p], first[p + 1])
    owner = np.empty(opening.shape[0], np.int64)
    for k in range(opening.shape[0]):
        owner[k] = table[_find(table, persons, opening[k, State.PERSON])]
    rows, opening_first = _by_number(owner, count)
    sorted_opening = np.empty((rows.size, STATE_WIDTH), np.int64)
    for k in range(rows.size):
        for column in range(STATE_WIDTH):
            sorted_opening[k, column] = opening[rows[k], column]
    return Groups(order, first, sorted_opening, opening_first)


@kernel
def _find(table: Ints, persons: Ints, person: int) -> int:
    """Return the place of a person in the hash table, or the empty place where it would go."""
    at = (person ^ (person >> 32)) & (table.size - 1)
    while table[at] != NONE and persons[table[at]] != person:
        at = (at + 1) & (table.size - 1)
    return int(at)


@kernel
def _by_number(number: Ints, count: int) -> tuple[Ints, Ints]:
    """Return positions by their number below `count`, stably, and where each number begins.

    Positions whose number is NONE are left out.
    """
    first = np.zeros(count + 1, np.int64)
    for k in range(number.size):
        if number[k] != NONE:
            first[number[k] + 1] += 1
    for p in range(count):
        first[p + 1] += first[p]
    rows = np.empty(first[count], np.int64)
    filled = first.copy()
    for k in range(number.size):
        if number[k] != NONE:
            rows[filled[number[k]]] = k
            filled[number[k]] += 1
    return rows, first


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
