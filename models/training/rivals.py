"""What the ranking model is measured against, each fitted on the same training folds."""

from collections.abc import Callable

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

from models.detectors.tails import FrozenTails, copula_score, directed_score
from models.features.matrix import Floats, Matrix
from models.labels import Labelled

Score = Callable[[Labelled, Matrix], Floats]
"""From training providers and others to the others' scores, shape (rows,)."""

SEED = 7


def by_money(_: Labelled, others: Matrix) -> Floats:
    """Score by total money alone."""
    return others.column("paid_sum")


def logistic(known: Labelled, others: Matrix) -> Floats:
    """Score by logistic regression on quantile-normal values of the given columns."""
    model = make_pipeline(
        QuantileTransformer(n_quantiles=500, output_distribution="normal", random_state=SEED),
        LogisticRegression(C=0.1, max_iter=5_000),
    ).fit(_given(known.matrix), known.label)
    return np.asarray(model.predict_proba(_given(others))[:, 1])


def plain_boosting(known: Labelled, others: Matrix) -> Floats:
    """Score by boosting on the given columns with ordinary settings."""
    model = HistGradientBoostingClassifier(
        max_iter=120,
        max_leaf_nodes=15,
        learning_rate=0.07,
        l2_regularization=1.0,
        random_state=SEED,
    ).fit(_given(known.matrix), known.label)
    return np.asarray(model.predict_proba(_given(others))[:, 1])


def isolation_forest(known: Labelled, others: Matrix) -> Floats:
    """Score by an isolation forest on the given columns; labels are not used."""
    model = IsolationForest(n_estimators=200, random_state=SEED).fit(_given(known.matrix))
    return np.asarray(-model.score_samples(_given(others)))


def copula_tails(known: Labelled, others: Matrix) -> Floats:
    """Score by COPOD-like tails on the given columns; labels are not used."""
    return copula_score(FrozenTails.fit(_given(known.matrix)), _given(others))


def directed_tails(known: Labelled, others: Matrix) -> Floats:
    """Score by upper tails where more is notable; labels are not used."""
    chosen = [one.name for one in others.features if one.high_is_notable]
    tails = FrozenTails.fit(known.matrix.only(chosen).values)
    return directed_score(tails, others.only(chosen).values)


def size_free_tails(known: Labelled, others: Matrix) -> Floats:
    """Score by upper tails of rates, means and shares alone; labels are not used."""
    chosen = [one.name for one in others.features if one.high_is_notable and one.size_free]
    tails = FrozenTails.fit(known.matrix.only(chosen).values)
    return directed_score(tails, others.only(chosen).values)


RIVALS: dict[str, Score] = {
    "total_money": by_money,
    "logistic_regression": logistic,
    "isolation_forest": isolation_forest,
    "copod_like_tails": copula_tails,
    "plain_boosting": plain_boosting,
    "unsupervised_directed_tails": directed_tails,
    "unsupervised_size_free_tails": size_free_tails,
}
PROBABILITIES = {"logistic_regression", "plain_boosting"}
"""Rivals whose scores are probabilities already; the others are put on that scale afterwards."""


def _given(matrix: Matrix) -> Floats:
    return matrix.only([one.name for one in matrix.features if one.method == "given"]).values
