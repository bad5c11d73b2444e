"""Fits the ranking model: two tree ensembles, and a curve learned from held-out folds only."""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier, GradientBoostingClassifier

from models.calibration import fit_curve
from models.detectors.peers import Peers
from models.evaluation.drift import Reference
from models.features.matrix import Floats, Matrix
from models.labels import Labelled
from models.scoring import RankingModel, mean_log_odds

PACKAGE = Path(__file__).resolve().parents[1]
SEED = 7
THREADS = 2


def fit_ranking(labelled: Labelled) -> RankingModel:
    """Return the ranking model of some labelled providers.

    The curve comes from members that never saw the provider it is fitted on: each fold is
    predicted by members fitted on the other folds.
    """
    held_out = _held_out(labelled)
    curve = fit_curve(held_out, labelled.label)
    expected = 1 / (1 + np.exp(-curve(held_out)))
    forest, boosting = _fit_members(labelled.matrix, labelled.label)
    matrix = labelled.matrix
    columns = np.column_stack([matrix.values, expected]).T
    return RankingModel(
        forest=forest,
        boosting=boosting,
        curve=curve,
        peers=Peers.fit(
            matrix.values, matrix.column("claims"), matrix.column("inpatient_claims") > 0
        ),
        references=tuple(Reference.of(values) for values in columns),
        data_hash=labelled.data_hash,
        code_hash=code_hash(),
    )


def code_hash() -> str:
    """Return the SHA-256 of the code and data files of this package that shape a model."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix in {".py", ".yaml"} and "cards" not in path.parts:
            digest.update(path.relative_to(PACKAGE).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _held_out(labelled: Labelled) -> Floats:
    found = np.empty(len(labelled.label))
    for number in np.unique(labelled.fold):
        out = labelled.fold == number
        rest = labelled.take(~out)
        forest, boosting = _fit_members(rest.matrix, rest.label)
        found[out] = mean_log_odds(forest, boosting, labelled.matrix.take(out))
    return found


def _fit_members(
    matrix: Matrix, label: NDArray[np.bool_]
) -> tuple[ExtraTreesClassifier, GradientBoostingClassifier]:
    forest = ExtraTreesClassifier(
        n_estimators=150, min_samples_leaf=4, max_features=0.6, n_jobs=THREADS, random_state=SEED
    ).fit(matrix.values, label)
    # Threads add the trees' probabilities in any order, which would round differently.
    forest.set_params(n_jobs=1)
    boosting = GradientBoostingClassifier(
        n_estimators=300,
        learning_rate=0.04,
        max_depth=3,
        subsample=0.5,
        max_features=0.15,
        min_samples_leaf=10,
        random_state=SEED,
    ).fit(matrix.values, label)
    return forest, boosting
