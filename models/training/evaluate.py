"""The published protocol: fixed folds, out-of-fold scores, all rivals in the same run."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from models.evaluation.fairness import SegmentRate, false_positive_rates
from models.evaluation.leakage import check_disjoint
from models.evaluation.metrics import Bools, Figures, expected_noise, figures, first_by_money
from models.features.matrix import Floats, Matrix
from models.labels import Labelled
from models.training.fit import fit_ranking
from models.training.rivals import PROBABILITIES, RIVALS, Score

MODEL = "provider_ranking"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one run of the protocol found; every score is out of fold.

    Attributes:
        scores: name → shape (providers,), what each ranked by.
        probabilities: name → shape (providers,), the same on the scale of probability.
        figures: name → figures; the model's own under MODEL.
        segments: false-positive ratios of the model's first 5 %.
        ece_noise: what a perfect model's calibration error would be on a set of this size.
    """

    folds: int
    scores: dict[str, Floats]
    probabilities: dict[str, Floats]
    figures: dict[str, Figures]
    segments: list[SegmentRate]
    ece_noise: float


def evaluate(labelled: Labelled, progress: Callable[[str], None]) -> Evaluation:
    """Return the figures of the ranking model and its rivals on the folds of the set.

    Raises:
        EngineError: `split_by_row`, when a provider lies in two folds.
    """
    check_disjoint(labelled.matrix.providers, labelled.fold)
    progress(MODEL)
    own = out_of_fold(labelled, _ranking)
    scores, probabilities = {MODEL: own}, {MODEL: own}
    for name, rival in RIVALS.items():
        progress(name)
        scores[name] = out_of_fold(labelled, rival)
        probabilities[name] = (
            scores[name] if name in PROBABILITIES else calibrated(labelled, scores[name])
        )
    money = labelled.matrix.column("paid_sum")
    flagged = np.zeros(len(money), dtype=np.bool_)
    flagged[first_by_money(own, money)] = True
    return Evaluation(
        folds=len(np.unique(labelled.fold)),
        scores=scores,
        probabilities=probabilities,
        figures={
            name: figures(labelled.label, score, probabilities[name], money)
            for name, score in scores.items()
        },
        segments=false_positive_rates(labelled.label, flagged, segments(labelled.matrix)),
        ece_noise=expected_noise(own),
    )


def out_of_fold(labelled: Labelled, score: Score) -> Floats:
    """Return scores, shape (providers,), each by a fit that never saw the provider's fold."""
    found = np.empty(len(labelled.label))
    for number in np.unique(labelled.fold):
        out = labelled.fold == number
        # On so few rows the threads of a library wait for each other longer than they work.
        with threadpool_limits(limits=1):
            found[out] = score(labelled.take(~out), labelled.matrix.take(out))
    return found


def calibrated(labelled: Labelled, score: Floats) -> Floats:
    """Return a score as a probability, each fold's by a curve fitted on the other folds.

    It serves Brier, ECE and money; the ranking figures keep the score itself.
    """
    level = np.log1p(score - score.min())[:, None]
    found = np.empty(len(score))
    for number in np.unique(labelled.fold):
        out = labelled.fold == number
        curve = LogisticRegression(C=1e3).fit(level[~out], labelled.label[~out])
        found[out] = curve.predict_proba(level[out])[:, 1]
    return found


def segments(matrix: Matrix) -> dict[str, Bools]:
    """Return the segments that a queue is watched by, of providers."""
    age, reach = matrix.column("outpatient_age_mean"), matrix.column("patient_states")
    inpatient = matrix.column("inpatient_claims") > 0
    claims = matrix.column("claims")
    return {
        "with_inpatients": inpatient,
        "without_inpatients": ~inpatient,
        "older_patients": age >= np.median(age),
        "patients_of_one_state": reach == 1,
        "patients_of_several_states": reach > 1,
        "most_claims_decile": claims >= np.quantile(claims, 0.9),
    }


def _ranking(known: Labelled, others: Matrix) -> Floats:
    return fit_ranking(known).probability(others)
