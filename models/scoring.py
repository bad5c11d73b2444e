"""The ranking model as it is used: probabilities, their exact parts, ranks and reasons."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier

from models.calibration import Curve
from models.detectors.peers import Peers
from models.evaluation.drift import Reference, stability_index
from models.explain import (
    Parts,
    PeerView,
    Reason,
    ensure_additive,
    path_parts,
    scaled,
    strongest,
)
from models.features.matrix import Floats, Matrix

DIGITS = 9
"""Decimals of a score as written: the same text for the same model, data and libraries."""

_FLOOR = 1e-3


@dataclass(frozen=True, slots=True)
class RankingModel:
    """Two tree ensembles whose mean log odds are put on the scale of probability by a curve.

    log odds = curve(mean of the forest's and the boosting's log odds).

    Attributes:
        peers: what reasons compare with.
        references: frozen distribution of each feature, then of the score, for drift.
        data_hash: SHA-256 of what it was fitted from.
        code_hash: SHA-256 of the code and the registry that made it.
    """

    forest: ExtraTreesClassifier
    boosting: GradientBoostingClassifier
    curve: Curve
    peers: Peers
    references: tuple[Reference, ...]
    data_hash: str
    code_hash: str

    def margin(self, matrix: Matrix) -> Floats:
        """Return the log odds of each provider, shape (rows,)."""
        return self.curve(mean_log_odds(self.forest, self.boosting, matrix))

    def probability(self, matrix: Matrix) -> Floats:
        """Return the calibrated probability of each provider, shape (rows,)."""
        return np.asarray(1 / (1 + np.exp(-self.margin(matrix))))

    def parts(self, matrix: Matrix) -> Parts:
        """Return what each feature adds to the log odds; the sum is checked on every row.

        Raises:
            InvariantError: the parts do not add up.
        """
        forest = _forest_parts(self.forest, matrix.values)
        boosting = _boosting_parts(self.boosting, matrix.values)
        mean = Parts(
            base=(forest.base + boosting.base) / 2, values=(forest.values + boosting.values) / 2
        )
        found = scaled(mean, self.curve)
        ensure_additive(found, self.margin(matrix))
        return found

    def drift(self, matrix: Matrix, probability: Floats) -> dict[str, float]:
        """Return the stability index of each feature, and of the score as `score`."""
        names = [*(one.name for one in matrix.features), "score"]
        columns = np.column_stack([matrix.values, probability]).T
        pairs = zip(names, self.references, columns, strict=True)
        return {name: stability_index(known, values) for name, known, values in pairs}


@dataclass(frozen=True, slots=True)
class Lead:
    """A provider's place in the queue and why; it changes no payment and names no fraud."""

    provider: str
    score: float
    rank: int
    reasons: list[Reason]


def mean_log_odds(
    forest: ExtraTreesClassifier, boosting: GradientBoostingClassifier, matrix: Matrix
) -> Floats:
    """Return the mean of both ensembles' log odds, shape (rows,)."""
    trees = _log_odds(forest.predict_proba(matrix.values)[:, 1])
    steps: Floats = boosting.decision_function(matrix.values)
    return (trees + steps) / 2


def rank(model: RankingModel, matrix: Matrix) -> list[Lead]:
    """Return the providers in the order of a review, the likeliest first.

    Equal scores go by provider id, so that the file's order is of no weight.
    """
    scores = np.round(model.probability(matrix), DIGITS)
    parts = model.parts(matrix)
    claims = matrix.column("claims")
    group = model.peers.group(claims, matrix.column("inpatient_claims") > 0)
    percentile = model.peers.percentile(matrix.values, group)
    order = sorted(range(len(scores)), key=lambda row: (-scores[row], matrix.providers[row]))
    leads: list[Lead] = []
    for place, row in enumerate(order, start=1):
        views = _views(model.peers, int(group[row]), percentile[row])
        reasons = strongest(matrix, row, parts.values[row], views)
        leads.append(Lead(matrix.providers[row], float(scores[row]), place, reasons))
    return leads


def _views(peers: Peers, group: int, percentile: Floats) -> list[PeerView]:
    count, median = len(peers.sorted_values[group]), peers.median(group)
    pairs = zip(median, percentile, strict=True)
    return [PeerView(count, float(middle), float(share)) for middle, share in pairs]


def _log_odds(probability: Floats) -> Floats:
    kept = np.clip(probability, _FLOOR, 1 - _FLOOR)
    return np.asarray(np.log(kept / (1 - kept)))


def _forest_parts(forest: ExtraTreesClassifier, values: Floats) -> Parts:
    """Parts of the forest's log odds: its probability's exact parts, scaled row by row."""
    sums, base = np.zeros(values.shape), 0.0
    for one in forest.estimators_:
        counts = one.tree_.value[:, 0, :]
        parts = path_parts(one.tree_, values, counts[:, 1] / counts.sum(axis=1))
        sums += parts.values
        base += parts.base
    count = len(forest.estimators_)
    return scaled(Parts(base / count, sums / count), _log_odds)


def _boosting_parts(boosting: GradientBoostingClassifier, values: Floats) -> Parts:
    """Parts of the boosting's log odds: every tree's paths times the learning rate."""
    rate = boosting.learning_rate
    prior = boosting.init_.class_prior_
    base, sums = float(np.log(prior[1] / prior[0])), np.zeros(values.shape)
    for one in boosting.estimators_[:, 0]:
        parts = path_parts(one.tree_, values, _node_values(one.tree_))
        base += rate * parts.base
        sums += rate * parts.values
    return Parts(base, sums)


def _node_values(tree: object) -> Floats:
    """Values of all nodes: leaves as fitted, inner nodes the mean of what lies below them."""
    left: NDArray[np.int64] = tree.children_left  # type: ignore[attr-defined]
    right: NDArray[np.int64] = tree.children_right  # type: ignore[attr-defined]
    weight: Floats = tree.weighted_n_node_samples  # type: ignore[attr-defined]
    values: Floats = tree.value[:, 0, 0].copy()  # type: ignore[attr-defined]
    # A child comes after its parent, so going backwards meets the children first.
    for node in range(len(values) - 1, -1, -1):
        if left[node] >= 0:
            below = [left[node], right[node]]
            values[node] = values[below] @ weight[below] / weight[below].sum()
    return values
