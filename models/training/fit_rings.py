"""Fits the weights of the rings on groups whose truth is known."""

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.rings.meetings import RingKind
from models.rings.score import USED, RingModel

_DIGITS = 6
_PENALTY = 1.0


def fit_rings(
    kind: RingKind, groups: pl.DataFrame, ring: NDArray[np.bool_], rarer: float
) -> RingModel:
    """Return the model of one kind of ring.

    Args:
        groups: as `group_features` gives them.
        ring: shape (groups,), whether most of its members are in one ring.
        rarer: how many times rarer rings are where the model is used than in the sample.
    """
    values = groups.select(USED[kind]).to_numpy().astype(np.float64)
    mean, spread = values.mean(axis=0), values.std(axis=0)
    spread[spread == 0] = 1.0
    curve = LogisticRegression(C=_PENALTY, max_iter=1000).fit((values - mean) / spread, ring)
    return RingModel(
        kind,
        np.round(mean, _DIGITS),
        np.round(spread, _DIGITS),
        np.round(curve.coef_[0], _DIGITS),
        round(float(curve.intercept_[0] - np.log(rarer)), _DIGITS),
    )
