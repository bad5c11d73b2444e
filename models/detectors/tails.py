"""Tail probabilities against a frozen sample, in the manner of COPOD and ECOD."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.features.matrix import Floats


@dataclass(frozen=True, slots=True)
class FrozenTails:
    """The sorted reference values of some quantities.

    A new row is compared with the reference alone, never with the rows it arrives with.

    Attributes:
        reference: shape (rows, quantities), each column sorted.
    """

    reference: Floats

    @classmethod
    def fit(cls, values: Floats) -> "FrozenTails":
        """Return the tails of a sample, shape (rows, quantities)."""
        return cls(np.sort(values, axis=0))

    def upper(self, values: Floats) -> Floats:
        """Return −ln P(X ≥ value) per row and quantity, same shape as the values."""
        rows = len(self.reference)
        columns = zip(self.reference.T, values.T, strict=True)
        beyond = [rows - np.searchsorted(known, new, side="left") for known, new in columns]
        return _surprise(np.column_stack(beyond), rows)

    def lower(self, values: Floats) -> Floats:
        """Return −ln P(X ≤ value) per row and quantity, same shape as the values."""
        columns = zip(self.reference.T, values.T, strict=True)
        beyond = [np.searchsorted(known, new, side="right") for known, new in columns]
        return _surprise(np.column_stack(beyond), len(self.reference))


def _surprise(beyond: NDArray[np.int64], rows: int) -> Floats:
    # One more row in the reference, so that no probability is zero.
    return np.asarray(-np.log((beyond + 1) / (rows + 1)))


def copula_score(tails: FrozenTails, values: Floats) -> Floats:
    """Return the COPOD-like score, shape (rows,): the larger of both tails' mean surprise.

    Each quantity adds the mean of both tails, or that of its skewed side, whichever is larger.
    """
    upper, lower = tails.upper(values), tails.lower(values)
    spread = tails.reference - tails.reference.mean(axis=0)
    skewed_up = (spread**3).sum(axis=0) >= 0
    skewed = np.where(skewed_up, upper, lower)
    total = np.maximum(skewed, (upper + lower) / 2).sum(axis=1)
    return np.asarray(np.maximum(total, np.maximum(upper.sum(axis=1), lower.sum(axis=1))))


def directed_score(tails: FrozenTails, values: Floats) -> Floats:
    """Return the mean upper-tail surprise, shape (rows,), of quantities where more is notable."""
    return np.asarray(tails.upper(values).mean(axis=1))
