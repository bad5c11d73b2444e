"""Columns of a wide table of rows, in an order of one's own: what files are written from."""

from collections.abc import Sequence

import numpy as np

from engine.claims.columns import Ints
from engine.settlement.jit import Entry
from engine.settlement.look_ahead import prefetch_row

ROWS_AHEAD = 8
"""How many rows ahead the memory is asked."""


def columns_of(table: Ints, rows: Ints, wanted: Sequence[int]) -> list[Ints]:
    """Return some columns of some rows, each in one piece.

    Half of what a night says is the same for all its claims: columns of one value are filled once
    and share their memory.
    """
    columns = np.array(wanted, dtype=np.int64)
    varies, open_columns = np.zeros(len(columns), dtype=np.int64), np.arange(len(columns))
    _find_varying.sized(len(rows))(table, rows, columns, open_columns, varies)
    varying = np.flatnonzero(varies)
    turned = np.empty((len(varying), len(rows)), dtype=np.int64)
    _turn.sized(len(rows))(table, rows, columns[varying], turned)
    of_varying, of_value, found = iter(turned), dict[int, Ints](), []
    for column, several in zip(wanted, varies.tolist(), strict=True):
        if several:
            found.append(next(of_varying))
            continue
        value = int(table[rows[0], column]) if len(rows) else 0
        if value not in of_value:
            of_value[value] = np.full(len(rows), value, dtype=np.int64)
        found.append(of_value[value])
    return found


@Entry
def _find_varying(table: Ints, rows: Ints, wanted: Ints, open_columns: Ints, varies: Ints) -> None:
    """Mark the wanted columns that have more than one value; `open_columns` names all of them."""
    count = wanted.size
    for k in range(1, rows.size):
        prefetch_row(table, rows[min(k + ROWS_AHEAD, rows.size - 1)])
        row, first = table[rows[k]], table[rows[0]]
        at = 0
        while at < count:
            column = open_columns[at]
            if row[wanted[column]] == first[wanted[column]]:
                at += 1
            else:
                varies[column] = 1
                count -= 1
                open_columns[at] = open_columns[count]


@Entry
def _turn(table: Ints, rows: Ints, wanted: Ints, turned: Ints) -> None:
    for k in range(rows.size):
        prefetch_row(table, rows[min(k + ROWS_AHEAD, rows.size - 1)])
        row = table[rows[k]]
        for column in range(wanted.size):
            turned[column, k] = row[wanted[column]]
