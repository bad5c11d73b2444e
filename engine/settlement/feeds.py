"""What each settlement found in its counters and added to them, read back from its trace."""

import numpy as np

from engine.claims.columns import (
    STEP_INDEX,
    STEP_LAYER,
    STEP_UFEN,
    STEP_WIDTH,
    UFEN,
    Event,
    Ints,
    Step,
)
from engine.policy.compiler import Rows
from engine.policy.tables import SLOT_WIDTH, Header, Slot, SlotCounts
from engine.settlement.desk import slot_key
from engine.settlement.jit import Entry

FED_EVENT, FED_COUNTER, FED_SCOPE, FED_BEFORE, FED_GAIN = range(5)
FED_WIDTH = 5


def feeds(rows: Rows, events: Ints, trace: Ints, trace_first: Ints) -> Ints:
    """Return a row for every counter that a claim met: claim, counter, scope, before and gain.

    Args:
        rows: the compiled policy rows.
        events: (n, EVENT_WIDTH); those without a policy row have met no counter.
        trace: flat triples; those of claim k lie in `trace_first[k]:trace_first[k + 1]`.
        trace_first: (n + 1,).
    """
    found = np.zeros((trace.size // STEP_WIDTH, FED_WIDTH), np.int64)
    count = _feeds.sized(len(events))(rows, events, trace, trace_first, found)
    return found[:count]


@Entry
def _feeds(rows: Rows, events: Ints, trace: Ints, trace_first: Ints, found: Ints) -> int:
    cells = rows.cells
    count = 0
    for k in range(events.shape[0]):
        if events[k, Event.POLICY_ROW] < 0:
            continue
        start = rows.start[events[k, Event.POLICY_ROW]]
        for step in range(trace_first[k], trace_first[k + 1], STEP_WIDTH):
            key = trace[step]
            if key % STEP_LAYER != Step.FEED:
                continue
            slot = key % STEP_UFEN // STEP_INDEX
            at = start + cells[start + Header.SLOT_AT] + slot * SLOT_WIDTH
            whole_fen = key < STEP_UFEN and cells[at + Slot.COUNTS] == SlotCounts.MONEY
            unit = UFEN if whole_fen else 1
            counter, scope = slot_key(cells, at, events[k])
            found[count, FED_EVENT] = k
            found[count, FED_COUNTER] = counter
            found[count, FED_SCOPE] = scope
            found[count, FED_BEFORE] = trace[step + 1] * unit
            found[count, FED_GAIN] = trace[step + 2] * unit
            count += 1
    return count
