"""Asks the memory for whole rows of a wide table before a kernel comes to them."""

from engine.claims.columns import Ints
from engine.settlement.jit import kernel
from engine.settlement.memory import prefetch

CACHE_LINE = 8
"""Numbers of 64 bits that the memory hands over at a time."""


@kernel
def prefetch_row(table: Ints, at: int) -> None:
    """Ask the memory for all of a row; nothing but time depends on it."""
    row = table[at]
    for column in range(0, row.size, CACHE_LINE):
        prefetch(row, column)
