"""The compact record of every claim: what its event says, in the narrowest integers that hold it.

A wide event is 64-bit and mostly constant; a night's claims are held narrow, and made wide again
only for the few thousands that are being priced or settled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.claims.columns import EVENT_WIDTH, NONE, Event, Ints
from engine.settlement.narrow import Narrow, Places, widen

WIDE = frozenset(
    {
        *(Event.PERSON, Event.INSTITUTION, Event.VISIT, Event.DISEASE),
        *(Event.ORDER_TIME, Event.TOTAL),
    }
)
"""Columns that are 64-bit from the start; any other grows where a value asks for it."""

_BLOCK = 1 << 12
"""Rows filled at a time: they stay in the processor's cache from column to column."""

_STEPS = (np.int8, np.int16, np.int32, np.int64)
_Integers = NDArray[np.integer]


@dataclass(frozen=True)
class _Held:
    """The columns that are not constant: those of one width side by side, claim by claim.

    A claim of a bucket is found by one look into each matrix, not by one into each column.

    Attributes:
        records: the matrices.
        places: which event column each of their columns is; one that grew wider is there twice,
            the wider last.
    """

    records: Narrow
    places: Places

    @classmethod
    def nothing(cls, count: int) -> "_Held":
        """Return no columns, of so many claims."""
        none = np.zeros(0, dtype=np.int64)
        records = Narrow._make(np.zeros((count, 0), dtype=step) for step in _STEPS)
        return cls(records, Places(none, none, none, none))

    def column(self, column: int) -> _Integers | None:
        """Return the column of all claims, to read or fill; None if it is constant."""
        matrices: Sequence[_Integers] = self.records[::-1]
        for records, places in zip(matrices, self.places[::-1], strict=True):
            at = np.flatnonzero(places == column)
            if len(at):
                return records[:, int(at[0])]
        return None

    def wider(self, columns: Mapping[int, type[np.integer]], constant: Ints) -> "_Held":
        """Return a copy that has columns of such widths as well, with what they hold now."""
        records: list[_Integers] = [*self.records]
        places = [*self.places]
        for width, step in enumerate(_STEPS):
            new = [column for column, wanted in columns.items() if wanted is step]
            if new:
                records[width] = _beside(records[width], constant[new].astype(step))
                places[width] = np.append(places[width], np.array(new, dtype=np.int64))
        grown = _Held(Narrow._make(records), Places._make(places))
        for column in columns:
            before, now = self.column(column), grown.column(column)
            if before is not None and now is not None:
                now[:] = before
        return grown


class Records:
    """Events of a night's claims by position; columns that are constant are one number.

    Example:
        records = Records(len(claims))
        records.put(0, {Event.SEX: sexes})
        wide = records.take(rows)
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._constant = np.full(EVENT_WIDTH, NONE, dtype=np.int64)
        self._constant[Event.AMOUNT :] = 0
        self._held = _Held.nothing(count)

    def put(self, first: int, columns: Mapping[int, _Integers]) -> None:
        """Keep columns of the claims from `first` on; not from two threads at a time."""
        wanted = {column: self._wanted(column, values) for column, values in columns.items()}
        wider = {column: step for column, step in wanted.items() if step is not None}
        if wider:
            self._held = self._held.wider(wider, self._constant)
        held = [(self._held.column(column), values) for column, values in columns.items()]
        for begin in range(0, max(map(len, columns.values()), default=0), _BLOCK):
            for column, values in held:
                if column is not None:
                    part = values[begin : begin + _BLOCK]
                    column[first + begin : first + begin + len(part)] = part

    def take(self, rows: Ints | slice) -> Ints:
        """Return the events of some claims, shape (n, EVENT_WIDTH).

        Columns of other claims may be put meanwhile, by one other thread.
        """
        if isinstance(rows, slice):
            rows = np.arange(*rows.indices(self._count))
        held = self._held
        events = np.empty((len(rows), EVENT_WIDTH), dtype=np.int64)
        widen(held.records, held.places, self._constant, rows, events)
        return events

    def column(self, column: int, rows: Ints | slice) -> Ints:
        """Return one column of some claims."""
        held = self._held.column(column)
        if held is None:
            return np.full(self._count, self._constant[column], dtype=np.int64)[rows]
        return held[rows].astype(np.int64)

    def _wanted(self, column: int, values: _Integers) -> type[np.integer] | None:
        """Return the width that a column must grow to for these values; None if it holds them."""
        if not len(values):
            return None
        low, high = int(values.min()), int(values.max())
        held = self._held.column(column)
        if held is None:
            constant = int(self._constant[column])
            return None if low == high == constant else _narrowest(column, low, high, constant)
        now = np.iinfo(held.dtype)
        if now.min <= low and high <= now.max:
            return None
        return _narrowest(column, low, high, now.min, now.max)


def _beside(records: _Integers, constant: _Integers) -> _Integers:
    """Return a matrix with constant columns more."""
    count, width = records.shape
    wider = np.empty((count, width + len(constant)), dtype=records.dtype)
    # A row at a time, numpy would take ten times as long: its loops are as short as the rows.
    begun = np.zeros((_BLOCK, width + len(constant)), dtype=records.dtype)
    begun[:, width:] = constant
    for first in range(0, count, _BLOCK):
        part, old = wider[first : first + _BLOCK], records[first : first + _BLOCK]
        part[:] = begun[: len(part)]
        for column in range(width):
            part[:, column] = old[:, column]
    return wider


def _narrowest(column: int, *values: int) -> type[np.integer]:
    if column in WIDE:
        return np.int64
    low, high = min(values), max(values)
    return next(kind for kind in _STEPS if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
