"""Events are grouped by person and put in order of time, tie and row."""

import numpy as np
import pytest

from engine.claims.columns import EVENT_WIDTH, STATE_WIDTH, Event, Ints, State
from engine.settlement.group import group

pytestmark = pytest.mark.kernel


def events_of(*rows: tuple[int, int, int]) -> Ints:
    """Return events of person, time and tie."""
    events = np.zeros((len(rows), EVENT_WIDTH), dtype=np.int64)
    for k, row in enumerate(rows):
        events[k, [Event.PERSON, Event.ORDER_TIME, Event.ORDER_TIE]] = row
    return events


def opening_of(*persons: int) -> Ints:
    """Return counters of these persons, numbered by VALUE as they come."""
    opening = np.zeros((len(persons), STATE_WIDTH), dtype=np.int64)
    opening[:, State.PERSON] = persons
    opening[:, State.VALUE] = np.arange(len(persons))
    return opening


def test_persons_come_as_they_first_appear_and_their_events_by_time_tie_and_row() -> None:
    events = events_of((7, 5, 0), (3, 9, 0), (7, 4, 2), (7, 4, 1), (3, 9, 0))
    groups = group(events, opening_of())
    assert groups.order.tolist() == [3, 2, 0, 1, 4]
    assert groups.first.tolist() == [0, 3, 5]


def test_the_opening_state_lies_by_person_without_that_of_strangers() -> None:
    groups = group(events_of((7, 0, 0), (3, 0, 0)), opening_of(3, 9, 7, 3))
    assert groups.opening[:, State.VALUE].tolist() == [2, 0, 3]
    assert groups.opening_first.tolist() == [0, 1, 3]


def test_persons_whose_numbers_share_a_place_are_kept_apart() -> None:
    persons = [k << 32 | k ^ 5 for k in range(50)]
    groups = group(events_of(*((person, 0, 0) for person in persons)), opening_of(*persons))
    assert groups.order.tolist() == list(range(50))
    assert groups.opening[:, State.PERSON].tolist() == persons


def test_a_person_with_many_events_in_no_order_is_sorted() -> None:
    random = np.random.default_rng(1)
    rows = [(1, int(time), int(tie)) for time, tie in random.integers(0, 40, (2_000, 2))]
    groups = group(events_of(*rows), opening_of())
    assert groups.order.tolist() == sorted(range(2_000), key=lambda k: (rows[k], k))


def test_no_events_are_no_persons() -> None:
    groups = group(events_of(), opening_of(1, 2))
    assert (groups.first.tolist(), groups.opening_first.tolist()) == ([0], [0])
    assert len(groups.order) == len(groups.opening) == 0
