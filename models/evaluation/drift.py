"""Population stability: does what is scored look like what was learned from?"""

from dataclasses import dataclass

import numpy as np

from models.features.matrix import Floats

WARN, STOP = 0.1, 0.25
ROWS_MIN = 200
"""Below this many rows the index is mostly chance, so nothing is stopped for it."""

GROUPS = 10
_EMPTY = 0.5


@dataclass(frozen=True, slots=True)
class Reference:
    """Frozen cuts of one quantity and the share of the reference between them."""

    cuts: Floats
    shares: Floats

    @classmethod
    def of(cls, values: Floats) -> "Reference":
        """Return the reference of a quantity, shape (rows,), in ten groups or fewer."""
        inner = np.linspace(0, 1, GROUPS + 1)[1:-1]
        cuts = np.unique(np.quantile(values, inner, method="inverted_cdf"))
        return cls(cuts, _shares(values, cuts))


def stability_index(reference: Reference, values: Floats) -> float:
    """Return the PSI of values, shape (rows,), against a reference; 0 is no difference."""
    seen = _shares(values, reference.cuts)
    return float(((seen - reference.shares) * np.log(seen / reference.shares)).sum())


def verdict(index: float, rows: int) -> str:
    """Return `ok`, `warn` or `stop` for an index over that many rows."""
    if index > STOP and rows >= ROWS_MIN:
        return "stop"
    return "warn" if index > WARN else "ok"


def _shares(values: Floats, cuts: Floats) -> Floats:
    counts = np.bincount(np.searchsorted(cuts, values, side="left"), minlength=len(cuts) + 1)
    # An empty group would make the index infinite; half a row stands in for it.
    filled = np.maximum(counts, _EMPTY)
    return np.asarray(filled / filled.sum())
