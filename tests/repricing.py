"""What was settled, made ready to be repriced."""

import numpy as np
from numpy.typing import NDArray

from engine.claims.columns import Bucket, Ints
from engine.settlement.reprice import FACTS, SPLIT_WIDTH, Correction, Difference, Paid
from engine.settlement.settle import Settled


def paid_of(
    settled: Settled, rows: Ints, account_used: NDArray[np.bool_], facts: Ints | None = None
) -> Paid:
    """Return these rows of the results; `account_used` and `facts` are of them."""
    first = settled.trace_first
    parts = [settled.trace[first[row] : first[row + 1]] for row in rows]
    return Paid(
        results=settled.results[rows],
        trace=np.concatenate([np.zeros(0, np.int64), *parts]),
        trace_first=np.cumsum([0, *(len(part) for part in parts)]),
        account_used=account_used,
        facts=np.zeros((len(rows), len(FACTS)), np.int64) if facts is None else facts,
    )


def void(count: int) -> Correction:
    return Correction(np.full(count, True), np.zeros((count, SPLIT_WIDTH), np.int64))


def moving(moved: Ints) -> Correction:
    """Return a correction of the ordinary stream, whose buckets follow the final part."""
    split = np.zeros((len(moved), SPLIT_WIDTH), dtype=np.int64)
    split[:, 1 : 1 + len(Bucket)] = moved
    return Correction(np.full(len(moved), False), split)


def as_table(difference: Difference) -> Ints:
    """Funds, account and cash, column by column."""
    return np.column_stack([difference.funds, difference.account, difference.cash])
