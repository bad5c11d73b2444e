"""A guard that can fail: is there a way by which the answer reaches the features?"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import roc_auc_score

from engine.errors import EngineError
from models.evaluation.metrics import SEED, Bools
from models.features.aggregates import PAID, PERSON, PHYSICIANS
from models.features.matrix import PROVIDER, Floats

ROW_SPLIT_EXCESS = 0.02
"""A row split that beats the grouped one by more has learned providers, not claims."""

CHANCE, CHANCE_WITHIN = 0.5, 0.03
FOLDS = 5


@dataclass(frozen=True, slots=True)
class SplitAucs:
    """AUC on claim rows: by a random split of rows, and by whole providers."""

    row_split: float
    grouped: float

    @property
    def leaks(self) -> bool:
        """Whether a row split would report what it learned about single providers."""
        return self.row_split - self.grouped > ROW_SPLIT_EXCESS


def check_disjoint(groups: list[str], fold: NDArray[np.int64]) -> None:
    """Pass silently if every group lies in one fold.

    Raises:
        EngineError: `split_by_row`, when a group is on both sides; no figure may come from it.
    """
    seen = pl.DataFrame({"group": groups, "fold": fold})
    folds = seen.group_by("group").agg(pl.col("fold").n_unique())
    torn = folds.filter(pl.col("fold") > 1)["group"].sort().to_list()
    if torn:
        raise EngineError(
            "split_by_row",
            f"{len(torn)} 家机构同时出现在多个折中（如 {torn[0]}），其结果不得报告；须按机构分折",
            f"{len(torn)} providers lie in several folds ({torn[0]} for one), so no figure may "
            "be reported; fold by provider",
        )


def permuted_auc(
    score: Callable[[Bools], Floats], label: Bools, fold: NDArray[np.int64], rounds: int
) -> float:
    """Return the mean AUC after the labels are dealt anew among providers; 0.5 without a leak.

    They are dealt inside each fold. Dealt across folds, a fold with more labels would leave fewer
    to learn from, and scores would run against the labels by that alone.

    Args:
        score: from dealt labels to out-of-fold scores, both shape (providers,).
    """
    dice = np.random.default_rng(SEED)
    found: list[float] = []
    for _ in range(rounds):
        dealt = label.copy()
        for number in np.unique(fold):
            dealt[fold == number] = dice.permutation(label[fold == number])
        found.append(float(roc_auc_score(dealt, score(dealt))))
    return float(np.mean(found))


def claim_row_aucs(stays: pl.DataFrame, labels: pl.DataFrame) -> SplitAucs:
    """Return what a model of claim rows seems to reach by either split.

    Args:
        stays: in-patient claims.
        labels: columns `Provider`, `label`, `fold`.
    """
    rows = _with_provider_columns(stays.join(labels, on=PROVIDER).sort("ClaimID"))
    label = rows["label"].to_numpy()
    values = rows.drop("label", "fold", PROVIDER).to_numpy().astype(np.float64)
    by_row = np.random.default_rng(SEED).integers(FOLDS, size=len(label))
    grouped = rows["fold"].to_numpy()
    check_disjoint(rows[PROVIDER].to_list(), grouped)
    return SplitAucs(_auc(values, label, by_row), _auc(values, label, grouped))


def _with_provider_columns(rows: pl.DataFrame) -> pl.DataFrame:
    """Claim fields, and the provider's own figures repeated on each of its claims."""
    stay = (pl.col("DischargeDt") - pl.col("AdmissionDt")).dt.total_days() + 1
    physician = pl.col(PHYSICIANS[0])
    return rows.select(
        PROVIDER,
        "label",
        "fold",
        PAID,
        stay=stay,
        provider_claims=pl.len().over(PROVIDER),
        provider_persons=pl.col(PERSON).n_unique().over(PROVIDER),
        provider_paid_mean=pl.col(PAID).mean().over(PROVIDER),
        provider_stay_mean=stay.mean().over(PROVIDER),
        physician_claims=pl.when(physician.is_null()).then(0).otherwise(pl.len().over(physician)),
    )


def _auc(values: Floats, label: Bools, fold: NDArray[np.int64]) -> float:
    score = np.empty(len(label))
    for number in np.unique(fold):
        out = fold == number
        model = ExtraTreesClassifier(20, min_samples_leaf=5, random_state=SEED)
        score[out] = model.fit(values[~out], label[~out]).predict_proba(values[out])[:, 1]
    return float(roc_auc_score(label, score))
