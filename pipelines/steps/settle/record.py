"""The compact record of every claim: what its event says, in the narrowest integers that hold it.

A wide event is 64-bit and mostly constant; a night's claims are held narrow, and made wide again
only for the few thousands that are being priced or settled.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.claims.columns import EVENT_WIDTH, NONE, Event, Ints

WIDE = frozenset(
    {
        *(Event.PERSON, Event.INSTITUTION, Event.VISIT, Event.DISEASE),
        *(Event.ORDER_TIME, Event.TOTAL),
    }
)
"""Columns that are 64-bit from the start; any other grows where a value asks for it."""

_BLOCK = 1 << 12
"""Rows made wide at a time: they stay in the processor's cache from column to column."""

_STEPS = (np.int8, np.int16, np.int32, np.int64)


class Records:
    """Events of a night's claims by position, column by column; columns that are constant are one.

    Example:
        records = Records(len(claims))
        records.put(0, {Event.SEX: sexes})
        wide = records.take(rows)
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._constant = np.full(EVENT_WIDTH, NONE, dtype=np.int64)
        self._constant[Event.AMOUNT :] = 0
        self._columns: dict[int, NDArray[np.integer]] = {}

    def put(self, first: int, columns: Mapping[int, NDArray[np.integer]]) -> None:
        """Keep columns of the claims from `first` on; not from two threads at a time."""
        for column, values in columns.items():
            if len(values):
                self._put(first, column, values)

    def _put(self, first: int, column: int, values: NDArray[np.integer]) -> None:
        low, high = int(values.min()), int(values.max())
        held = self._columns.get(column)
        if held is None:
            constant = int(self._constant[column])
            if low == high == constant:
                return
            held = np.full(self._count, constant, dtype=_narrowest(column, low, high, constant))
        elif low < np.iinfo(held.dtype).min or high > np.iinfo(held.dtype).max:
            held = held.astype(_narrowest(column, low, high, int(held.min()), int(held.max())))
        held[first : first + len(values)] = values
        self._columns[column] = held

    def take(self, rows: Ints | slice) -> Ints:
        """Return the events of some claims, shape (n, EVENT_WIDTH).

        Columns of other claims may be put meanwhile, by one other thread.
        """
        count = len(range(*rows.indices(self._count))) if isinstance(rows, slice) else len(rows)
        events = np.empty((count, EVENT_WIDTH), dtype=np.int64)
        columns = list(self._columns.items())
        for first in range(0, count, _BLOCK):
            block = events[first : first + _BLOCK]
            block[:] = self._constant
            for column, held in columns:
                block[:, column] = held[_part(rows, first)]
        return events

    def column(self, column: int, rows: Ints | slice) -> Ints:
        """Return one column of some claims."""
        held = self._columns.get(column)
        if held is None:
            return np.full(self._count, self._constant[column], dtype=np.int64)[rows]
        return held[rows].astype(np.int64)


def _part(rows: Ints | slice, first: int) -> Ints | slice:
    """Return a block of rows; a slice has no steps."""
    if isinstance(rows, slice):
        begin = (rows.start or 0) + first
        end = begin + _BLOCK
        return slice(begin, end if rows.stop is None else min(end, rows.stop))
    return rows[first : first + _BLOCK]


def _narrowest(column: int, *values: int) -> type[np.integer]:
    if column in WIDE:
        return np.int64
    low, high = min(values), max(values)
    return next(kind for kind in _STEPS if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
