"""Figures of a ranking and of its probabilities; every interval is a bootstrap over providers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from models.features.matrix import Floats

Bools = NDArray[np.bool_]

SIZE_GROUPS = 10
CALIBRATION_GROUPS = 10
REVIEWED_SHARE = 0.05
RESAMPLES = 1_000
SEED = 20_240_331


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of one ranking; the keys of `jiesuan evaluate --json`.

    Attributes:
        ap_interval: 95 % bootstrap interval of the average precision.
        within_size_auc: AUC inside deciles of money, weighted by the pairs of each decile.
        precision_5pct: labelled share of the 5 % that come first by probability × money.
        money_share_5pct: their part of all labelled money.
        ece: mean gap of probability and frequency over ten groups of equal count.
    """

    auc: float
    ap: float
    ap_interval: tuple[float, float]
    within_size_auc: float
    precision_5pct: float
    money_share_5pct: float
    brier: float
    ece: float


def figures(label: Bools, score: Floats, probability: Floats, money: Floats) -> Figures:
    """Return the figures of a ranking.

    Args:
        label: shape (providers,).
        score: shape (providers,), what the providers are ranked by; any scale.
        probability: shape (providers,), the score as a probability of carrying the label.
        money: shape (providers,), what each provider was paid; also its size.
    """
    first = first_by_money(probability, money)
    return Figures(
        auc=float(roc_auc_score(label, score)),
        ap=float(average_precision_score(label, score)),
        ap_interval=ap_interval(label, score),
        within_size_auc=within_size_auc(label, score, money),
        precision_5pct=float(label[first].mean()),
        money_share_5pct=float((money * label)[first].sum() / (money * label).sum()),
        brier=float(np.mean((probability - label) ** 2)),
        ece=calibration_error(label, probability),
    )


def first_by_money(probability: Floats, money: Floats) -> NDArray[np.int64]:
    """Return the rows of the 5 % that come first by probability × money."""
    count = max(1, round(REVIEWED_SHARE * len(money)))
    return np.argsort(-probability * money, kind="stable")[:count]


def within_size_auc(label: Bools, score: Floats, size: Floats) -> float:
    """Return the AUC inside size deciles, each weighted by its pairs; NaN without any pair."""
    decile = group_of_equal_count(size, SIZE_GROUPS)
    right = pairs = 0.0
    for number in range(SIZE_GROUPS):
        inside = decile == number
        positive = float(label[inside].sum())
        weight = positive * (float(inside.sum()) - positive)
        if weight:
            right += weight * float(roc_auc_score(label[inside], score[inside]))
            pairs += weight
    return right / pairs if pairs else float("nan")


def group_of_equal_count(values: Floats, groups: int) -> NDArray[np.int64]:
    """Return the group of each value, 0 the lowest; ties go by position."""
    group = np.empty(len(values), dtype=np.int64)
    group[np.argsort(values, kind="stable")] = np.arange(len(values)) * groups // len(values)
    return group


@dataclass(frozen=True, slots=True)
class Reliability:
    """Mean probability and frequency of the label, by group of equal count."""

    expected: Floats
    observed: Floats


def reliability(label: Bools, probability: Floats) -> Reliability:
    """Return what was expected and what was observed in ten groups of equal count."""
    parts = np.array_split(np.argsort(probability, kind="stable"), CALIBRATION_GROUPS)
    filled = [part for part in parts if len(part)]
    return Reliability(
        expected=np.array([probability[part].mean() for part in filled]),
        observed=np.array([label[part].mean() for part in filled]),
    )


def calibration_error(label: Bools, probability: Floats) -> float:
    """Return the expected calibration error over ten groups of equal count."""
    parts = np.array_split(np.argsort(probability, kind="stable"), CALIBRATION_GROUPS)
    gaps = [abs(float(probability[part].sum()) - float(label[part].sum())) for part in parts]
    return sum(gaps) / len(label)


def expected_noise(probability: Floats) -> float:
    """Return the mean calibration error of labels drawn from the probabilities themselves.

    What a perfect model would show on a set of this size: below it, an error says nothing.
    """
    dice = np.random.default_rng(SEED)
    draws = (dice.random(len(probability)) < probability for _ in range(200))
    return float(np.mean([calibration_error(label, probability) for label in draws]))


def ap_interval(label: Bools, score: Floats) -> tuple[float, float]:
    """Return the 95 % interval of the average precision, providers drawn with replacement."""
    order = np.argsort(-score, kind="stable")
    _, tie = np.unique(-score[order], return_inverse=True)
    ends = np.append(np.flatnonzero(np.diff(tie)), len(order) - 1)
    positive = label[order].astype(np.float64)
    dice = np.random.default_rng(SEED)
    found: list[float] = []
    for _ in range(RESAMPLES):
        drawn = np.bincount(dice.integers(len(order), size=len(order)), minlength=len(order))
        seen = np.cumsum(drawn)[ends]
        hits = np.cumsum(drawn * positive)[ends]
        precision = np.divide(hits, seen, out=np.zeros_like(hits), where=seen > 0)
        if hits[-1]:
            found.append(float(np.diff(hits, prepend=0.0) @ precision / hits[-1]))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)
