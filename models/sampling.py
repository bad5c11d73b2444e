"""Stratified samples that anyone can draw again, and what may be demanded from them.

The estimate speaks of units in the frame only. The lower limit is what may be demanded: the point
estimate is as often too high as too low, and the upper limit is not safe on skewed amounts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from engine.errors import EngineError

CONFIDENCE = 0.95
_SIZE_MIN = 2
STRATA_MAX = 6
UNITS_A_STRATUM_MIN = 5
_SKEWNESS_MIN = -0.5
_SKEWNESS_MAX = {"ratio": 0.3, "difference": 0.1}
_QUANTILE = 0.96
_TAKEN_WHOLE = 0.9
_SUSPICION_FLOOR = 0.02

Fen = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Frame:
    """The units that a sample speaks of, each once.

    Attributes:
        amount_fen: shape (units,), what was paid for each, fen, above zero.
        expected_fen: shape (units,), what a screen made before the sample expects to be overpaid,
            between 0 and the amount; None without a screen.
    """

    amount_fen: Fen
    expected_fen: Fen | None = None


@dataclass(frozen=True, slots=True)
class Design:
    """Strata and how many units each gives; made before anything is drawn.

    Attributes:
        stratum: shape (units,), the stratum of each unit; the last may be taken whole.
        drawn: shape (strata,), units to draw from each.
    """

    stratum: NDArray[np.int64]
    drawn: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Amount:
    """A point estimate and its one-sided lower limit, in fen, rounded down."""

    point_fen: int
    lower_fen: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a sample says of the frame.

    Attributes:
        method: the estimator fixed beforehand: difference with a screen, ratio without one.
        demand_fen: the lower limit of that estimator.
    """

    ratio: Amount
    difference: Amount
    method: str
    demand_fen: int


def plan(frame: Frame, size: int) -> Design:
    """Return strata of about equal weight, so that large and suspect units are drawn more often.

    A unit so large that it would be drawn almost surely goes to a stratum that is taken whole.

    Raises:
        EngineError: `sample_size`, when the frame is too small for the size or holds an amount
            that is not above zero.
    """
    amount = frame.amount_fen
    if not _SIZE_MIN <= size <= len(amount) or bool((amount <= 0).any()):
        raise EngineError(
            "sample_size",
            f"样本量 {size} 不适合 {len(amount)} 个单位的抽样框，或有不大于零的金额",
            f"a sample of {size} does not fit a frame of {len(amount)} units, "
            "or an amount is not above zero",
        )
    weight = _weight(frame)
    whole = np.zeros(len(weight), dtype=np.bool_)
    # Taking some whole raises the chance of the others, so it is asked until none is left.
    while True:
        left = size - int(whole.sum())
        certain = ~whole & (weight * left >= _TAKEN_WHOLE * weight[~whole].sum())
        if left - int(certain.sum()) < UNITS_A_STRATUM_MIN or not certain.any():
            break
        whole |= certain
    return _strata(weight, whole, size)


def draw(design: Design, keys: Floats) -> NDArray[np.int64]:
    """Return the rows drawn, ordered: in each stratum those with the smallest keys.

    Args:
        keys: shape (units,), in no relation to the units' amounts; see `models.chance`.
    """
    order = np.lexsort((keys, design.stratum))
    starts = np.searchsorted(design.stratum[order], np.arange(len(design.drawn)))
    chosen = [order[at : at + n] for at, n in zip(starts, design.drawn, strict=True)]
    return np.sort(np.concatenate(chosen))


def estimate(frame: Frame, design: Design, rows: NDArray[np.int64], overpaid_fen: Fen) -> Estimate:
    """Return both estimators with their lower limits, and what may be demanded.

    Args:
        rows: the rows drawn.
        overpaid_fen: shape (rows drawn,), what the auditor found overpaid, fen.
    """
    found, amount = overpaid_fen.astype(np.float64), frame.amount_fen.astype(np.float64)
    expected = np.zeros(len(amount)) if frame.expected_fen is None else frame.expected_fen * 1.0
    sizes = np.bincount(design.stratum, minlength=len(design.drawn)).astype(np.float64)
    scale = (sizes / design.drawn)[design.stratum[rows]]
    share = float((scale * found).sum() / (scale * amount[rows]).sum())
    gap = found - expected[rows]
    ratio = share * float(amount.sum())
    difference = float(expected.sum()) + float((scale * gap).sum())
    least = float(found.sum())
    off_share = _spread_of(design, rows, sizes, found - share * amount[rows])
    off_screen = _spread_of(design, rows, sizes, gap)
    by_ratio = _amount(ratio, off_share, least, _SKEWNESS_MAX["ratio"])
    by_difference = _amount(difference, off_screen, least, _SKEWNESS_MAX["difference"])
    screened = frame.expected_fen is not None
    return Estimate(
        ratio=by_ratio,
        difference=by_difference,
        method="difference" if screened else "ratio",
        demand_fen=(by_difference if screened else by_ratio).lower_fen,
    )


def _weight(frame: Frame) -> Floats:
    """What a unit counts for: its amount, times the root of how suspect it is."""
    amount = frame.amount_fen.astype(np.float64)
    if frame.expected_fen is None:
        return amount
    suspicion = np.maximum(frame.expected_fen / amount, _SUSPICION_FLOOR)
    return np.asarray(amount * np.sqrt(suspicion * np.maximum(1 - suspicion, _SUSPICION_FLOOR)))


def _strata(weight: Floats, whole: NDArray[np.bool_], size: int) -> Design:
    left = size - int(whole.sum())
    count = int(np.clip(left // UNITS_A_STRATUM_MIN, 1, STRATA_MAX))
    rest = np.flatnonzero(~whole)
    order = rest[np.argsort(weight[rest], kind="stable")]
    run = np.cumsum(weight[order])
    stratum = np.full(len(weight), count, dtype=np.int64)
    cuts = np.minimum((run - weight[order] / 2) * count / run[-1], count - 1).astype(np.int64)
    _, stratum[order] = np.unique(cuts, return_inverse=True)
    sizes = np.bincount(stratum[rest])
    drawn = _spread(left, sizes)
    return Design(stratum, np.append(drawn, whole.sum()) if whole.any() else drawn)


def _spread(left: int, sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Spread the units over strata evenly, none beyond its size."""
    drawn = np.zeros(len(sizes), dtype=np.int64)
    for _ in range(left):
        open_ = np.flatnonzero(drawn < sizes)
        drawn[open_[np.argmin(drawn[open_])]] += 1
    return drawn


@dataclass(frozen=True, slots=True)
class _Spread:
    """Standard error of a total, its skewness and its degrees of freedom."""

    error: float
    skewness: float
    freedom: int


def _spread_of(design: Design, rows: NDArray[np.int64], sizes: Floats, rest: Floats) -> _Spread:
    stratum = design.stratum[rows]
    n = design.drawn.astype(np.float64)
    mean = np.bincount(stratum, rest, minlength=len(n)) / n
    centred = rest - mean[stratum]
    squares = np.bincount(stratum, centred**2, minlength=len(n)) / np.maximum(n - 1, 1)
    cubes = np.bincount(stratum, centred**3, minlength=len(n)) / n
    unseen = 1 - n / sizes
    variance = float((sizes**2 * unseen * squares / n).sum())
    third = float((sizes**3 * unseen * cubes / n**2).sum())
    return _Spread(
        error=variance**0.5,
        skewness=third / variance**1.5 if variance else 0.0,
        freedom=max(1, int((n[n < sizes] - 1).sum())),
    )


def _amount(point: float, spread: _Spread, least: float, skewness_max: float) -> Amount:
    quantile = float(student.ppf(_QUANTILE, spread.freedom))
    # Hall's correction: a limit under rare and large errors is too low, one where most units are
    # wrong too high. Few units tell skewness badly, so what favours the agency is bounded tightly,
    # more so beside a screen, and the quantile lies a little above the confidence.
    skewness = float(np.clip(spread.skewness, _SKEWNESS_MIN, skewness_max))
    reach = quantile - skewness * (1 + 2 * quantile**2) / 6
    lower = point - reach * spread.error
    # What the auditor found in the sample itself is certain.
    return Amount(int(max(point, least)), int(max(lower, least)))
