"""Wide events out of narrow records: a claim's numbers of one width lie side by side."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.claims.columns import Ints
from engine.settlement.jit import Entry, kernel
from engine.settlement.memory import prefetch

RECORDS_AHEAD = 8
"""How many records ahead the memory is asked: a bucket's claims come from all over the night."""


class Narrow(NamedTuple):
    """Records of claims, a row for each: one matrix for each width of integers, in this order."""

    int8: NDArray[np.int8]
    int16: NDArray[np.int16]
    int32: NDArray[np.int32]
    int64: Ints


class Places(NamedTuple):
    """By column of each matrix of `Narrow`, which column of an event it is."""

    int8: Ints
    int16: Ints
    int32: Ints
    int64: Ints


def widen(records: Narrow, places: Places, constant: Ints, rows: Ints, events: Ints) -> None:
    """Fill events with the records of some rows.

    Args:
        records: all of them.
        places: which of an event's columns they hold.
        constant: (EVENT_WIDTH,), the event's other columns.
        rows: of the records.
        events: (len(rows), EVENT_WIDTH).
    """
    _widen.sized(len(rows))(records, places, constant, rows, events)


@Entry
def _widen(records: Narrow, places: Places, constant: Ints, rows: Ints, events: Ints) -> None:
    for k in range(rows.size):
        if k + RECORDS_AHEAD < rows.size:
            far = rows[k + RECORDS_AHEAD]
            prefetch(records.int8, far)
            prefetch(records.int16, far)
            prefetch(records.int32, far)
            prefetch(records.int64, far)
        event, row = events[k], rows[k]
        for column in range(constant.size):
            event[column] = constant[column]
        _lay(records.int8, places.int8, row, event)
        _lay(records.int16, places.int16, row, event)
        _lay(records.int32, places.int32, row, event)
        _lay(records.int64, places.int64, row, event)


@kernel
def _lay(records: NDArray[np.integer], places: Ints, row: int, event: Ints) -> None:
    for k in range(places.size):
        event[places[k]] = records[row, k]
