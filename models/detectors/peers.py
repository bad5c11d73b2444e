"""Peer groups of like kind and size, with frozen values to compare a provider with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.features.matrix import Floats

SHRINK_CLAIMS = 30.0
"""A provider of this many claims keeps half of its distance from the peers."""

SIZE_BANDS = 5


@dataclass(frozen=True, slots=True)
class Peers:
    """Frozen peer groups: with or without in-patients, by band of claims.

    Attributes:
        cuts: inner bounds of the bands of claims, one row a kind.
        sorted_values: for each group, shape (members, features), each column sorted.
    """

    cuts: Floats
    sorted_values: tuple[Floats, ...]

    @classmethod
    def fit(cls, values: Floats, claims: Floats, inpatient: NDArray[np.bool_]) -> "Peers":
        """Return the peer groups of a sample.

        Args:
            values: shape (rows, features).
            claims: shape (rows,), the volume.
            inpatient: shape (rows,), whether the provider has in-patients.
        """
        inner = np.linspace(0, 1, SIZE_BANDS + 1)[1:-1]
        cuts = np.vstack([_quantiles(claims[inpatient == kind], inner) for kind in (False, True)])
        group = _group(cuts, claims, inpatient)
        everyone = np.sort(values, axis=0)
        members = [np.sort(values[group == number], axis=0) for number in range(2 * SIZE_BANDS)]
        return cls(cuts, tuple(one if len(one) else everyone for one in members))

    def group(self, claims: Floats, inpatient: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the number of each provider's peer group, shape (rows,)."""
        return _group(self.cuts, claims, inpatient)

    def percentile(self, values: Floats, group: NDArray[np.int64]) -> Floats:
        """Return the per cent of peers at or below each value, same shape as the values."""
        found = np.empty(values.shape)
        for number, members in enumerate(self.sorted_values):
            rows = group == number
            columns = zip(members.T, values[rows].T, strict=True)
            below = [np.searchsorted(known, new, side="right") for known, new in columns]
            found[rows] = 100 * np.column_stack(below) / len(members)
        return found

    def median(self, group: int) -> Floats:
        """Return the median of each feature in a group, shape (features,)."""
        return np.asarray(np.median(self.sorted_values[group], axis=0))

    def distance(self, values: Floats, claims: Floats, group: NDArray[np.int64]) -> Floats:
        """Return how far each value lies from its peers, in their spreads, shrunk for few claims.

        The spread is the distance of the quartiles; without one the distance is 0.
        """
        found = np.empty(values.shape)
        for number, members in enumerate(self.sorted_values):
            low, middle, high = np.quantile(members, [0.25, 0.5, 0.75], axis=0)
            rows = group == number
            spread = np.where(high > low, high - low, np.inf)
            found[rows] = (values[rows] - middle) / spread
        return np.asarray(found * (claims / (claims + SHRINK_CLAIMS))[:, None])


def _quantiles(values: Floats, at: Floats) -> Floats:
    return np.quantile(values, at) if values.size else np.full(len(at), np.inf)


def _group(cuts: Floats, claims: Floats, inpatient: NDArray[np.bool_]) -> NDArray[np.int64]:
    band = (claims[:, None] > cuts[inpatient.astype(np.int64)]).sum(axis=1)
    return np.asarray(inpatient * SIZE_BANDS + band)
