"""Puts back, for a claim settled again by itself, what stood around it when it was settled."""

import numpy as np

from engine.claims.columns import COUNTER_ID, NONE, STATE_WIDTH, Event, EventFlag, Ints, State
from engine.policy.compiler import CompiledBook
from engine.policy.event_terms import VISIT_SEGMENTS
from engine.policy.tables import Header
from engine.settlement.feeds import FED_BEFORE, FED_COUNTER, FED_EVENT, FED_GAIN
from engine.settlement.person_events import LAST_DAYS


def restore_segments(book: CompiledBook, events: Ints, fed: Ints) -> None:
    """Mark the events that were segments of a stay: those that its count of segments gained by."""
    counting = [
        number for number, (_, name) in book.counter_names.items() if name == VISIT_SEGMENTS
    ]
    counted = np.isin(fed[:, FED_COUNTER] // COUNTER_ID, counting) & (fed[:, FED_GAIN] > 0)
    parts = fed[counted, FED_EVENT]
    events[parts, Event.SEGMENT] = fed[counted, FED_BEFORE] + 1
    events[parts, Event.FLAGS] |= int(EventFlag.INTERIM)


def registrations_of(book: CompiledBook, events: Ints) -> Ints:
    """Return, as state, the registrations without which the claims could not have been settled."""
    located = np.flatnonzero(events[:, Event.POLICY_ROW] >= 0)
    starts = book.rows.start[events[located, Event.POLICY_ROW]]
    wanted = book.rows.cells[starts + Header.REGISTRATION_ID]
    gated = wanted != NONE
    state = np.zeros((int(gated.sum()), STATE_WIDTH), dtype=np.int64)
    state[:, State.PERSON] = events[located[gated], Event.PERSON]
    state[:, State.COUNTER] = wanted[gated]
    # From the first to the last day that a registration can name.
    state[:, State.VALUE] = LAST_DAYS - 1
    return state
