"""False-positive ratios per segment, with an alarm that waits for evidence."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.evaluation.metrics import SEED, Bools
from models.features.matrix import Floats

RATIO_LOW, RATIO_HIGH = 0.8, 1.25
DRAWS = 10_000


@dataclass(frozen=True, slots=True)
class SegmentRate:
    """How often the unlabelled of a segment come first, against the unlabelled outside of it.

    Attributes:
        providers: unlabelled units in the segment.
        rate: their share among the flagged.
        ratio: the rate over that of the other units; infinite where none of them is flagged, NaN
            where nobody is.
        interval: 95 % interval of the ratio (Jeffreys, either rate).
        alarm: the ratio lies outside 0.8–1.25 and the interval excludes 1.
    """

    segment: str
    providers: int
    rate: float
    ratio: float
    interval: tuple[float, float]
    alarm: bool


def false_positive_rates(
    label: Bools, flagged: Bools, segments: Mapping[str, Bools]
) -> list[SegmentRate]:
    """Return the false-positive rate of each segment against the rest.

    Args:
        label: shape (units,), whether the unit carries the label.
        flagged: shape (units,), whether the queue would reach it.
        segments: name → shape (units,), who belongs to it.
    """
    flags = flagged[~label].astype(np.float64)
    return [_rate(name, flags, member[~label]) for name, member in segments.items()]


def _rate(name: str, flags: Floats, member: Bools) -> SegmentRate:
    inside, outside = flags[member], flags[~member]
    rate = float(inside.mean()) if inside.size else float("nan")
    other = float(outside.mean()) if outside.size else float("nan")
    dice = np.random.default_rng(SEED)
    low, high = (
        float(bound)
        for bound in np.quantile(_drawn(inside, dice) / _drawn(outside, dice), [0.025, 0.975])
    )
    ratio = rate / other if other else (float("inf") if rate else float("nan"))
    beyond = ratio < RATIO_LOW or ratio > RATIO_HIGH
    alarm = beyond and not low <= 1 <= high
    return SegmentRate(name, inside.size, rate, ratio, (low, high), alarm)


def _drawn(flags: Floats, dice: np.random.Generator) -> Floats:
    """Draw rates that fit the flags; half a flag either way keeps zero from being certain."""
    hits = float(flags.sum())
    return dice.beta(hits + 0.5, len(flags) - hits + 0.5, DRAWS)
