"""A rising curve from log odds that rank well to log odds that are meant."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import SplineTransformer

Floats = NDArray[np.float64]

_KNOTS, _PENALTY = 4, 10.0
_POINTS = 129
_BEYOND = 30.0
_SLOPE_MIN = 1e-3
"""Least slope of the curve, so that it never makes two scores equal."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Straight lines between points; both columns rise.

    Attributes:
        at: log odds of the members' mean.
        log_odds: what they mean.
    """

    at: Floats
    log_odds: Floats

    def __call__(self, values: Floats) -> Floats:
        """Return the calibrated log odds, same shape as the values."""
        return np.interp(values, self.at, self.log_odds)


def fit_curve(values: Floats, label: NDArray[np.bool_]) -> Curve:
    """Return the curve of held-out log odds, shape (rows,), and their labels.

    A cubic spline, bent as little as a penalty lets it, and made to rise from the middle outwards
    where few rows would have it fall.
    """
    spline = SplineTransformer(n_knots=_KNOTS, extrapolation="linear").fit(values[:, None])
    model = LogisticRegression(C=_PENALTY, max_iter=5_000)
    model.fit(spline.transform(values[:, None]), label)
    at = np.linspace(values.min(), values.max(), _POINTS)
    told = model.decision_function(spline.transform(at[:, None]))
    middle = int(np.searchsorted(at, np.median(values)))
    rising = np.concatenate(
        [
            np.minimum.accumulate(told[:middle][::-1])[::-1],
            np.maximum.accumulate(told[middle:]),
        ]
    )
    rising = np.maximum.accumulate(rising) + _SLOPE_MIN * at
    ends = _SLOPE_MIN * _BEYOND
    return Curve(
        at=np.concatenate([[at[0] - _BEYOND], at, [at[-1] + _BEYOND]]),
        log_odds=np.concatenate([[rising[0] - ends], rising, [rising[-1] + ends]]),
    )
