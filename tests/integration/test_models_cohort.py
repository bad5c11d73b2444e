"""The chronic out-patient cohort against the published marginals."""

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from threadpoolctl import threadpool_limits

from engine.errors import EngineError
from pipelines.synthetic.chronic import (
    CLASSES,
    Marginal,
    make_cohort,
    quantile_error,
    read_marginals,
    tilted,
)

FILE = Path(os.environ.get("JIESUAN_DATA", "/nonexistent")) / "a08_marginals.csv"
COUNTS = {"fraud": 793, "non_fraud": 15_207}


def test_a_marginal_keeps_its_quartiles_and_its_mean() -> None:
    one = Marginal("money", (0.0, 10.0, 20.0, 40.0, 400.0), 40.0)
    values = one.at((np.arange(100_000) + 0.5) / 100_000)
    assert quantile_error(values, one) < 1e-3
    assert values.mean() == pytest.approx(40.0, rel=1e-3)


def test_a_quartile_inside_a_jump_is_met() -> None:
    one = Marginal("count", (0.0, 0.0, 0.0, 1.0, 9.0), 0.6)
    assert quantile_error(np.array([0.0] * 60 + [1.0] * 30 + [2.0] * 10), one) == 0.0
    assert quantile_error(np.array([0.0] * 90 + [1.0] * 10), one) == pytest.approx(0.15)


def test_weights_bring_quartiles_to_the_table() -> None:
    dice = np.random.default_rng(1)
    values = dice.exponential(1.0, 20_000)
    one = Marginal("money", (0.0, 0.8, 1.4, 2.2, 12.0), 1.7)
    weight = tilted(values[:, None], [one])
    drawn = dice.choice(values, 20_000, p=weight)
    assert quantile_error(values, one) > 0.2
    assert quantile_error(drawn, one) < 0.05


def test_a_table_without_both_classes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    pl.DataFrame({"column": ["x"], "group": ["all"], "mean": [1.0]}).write_csv(path)
    with pytest.raises(EngineError, match="marginals"):
        read_marginals(path)


@pytest.mark.slow
@pytest.mark.skipif(not FILE.is_file(), reason="JIESUAN_DATA names no folder with the marginals")
@pytest.mark.parametrize("seed", [1, 2])
def test_the_cohort_looks_like_the_published_one(seed: int) -> None:
    marginals = read_marginals(FILE)
    cohort = make_cohort(marginals, COUNTS, pool=200_000, seed=seed)
    met = np.ones(len(marginals["fraud"]), dtype=bool)
    for name in CLASSES:
        persons = cohort.filter(pl.col("label") == (name == "fraud"))
        met &= [
            quantile_error(persons[one.name].to_numpy(), one) <= 0.05 for one in marginals[name]
        ]
    label, values = cohort["label"].to_numpy(), cohort.drop("label").to_numpy()
    with threadpool_limits(limits=1):
        score = cross_val_predict(
            HistGradientBoostingClassifier(random_state=0),
            values,
            label,
            cv=StratifiedKFold(4, shuffle=True, random_state=0),
            method="predict_proba",
        )[:, 1]
    auc = roc_auc_score(label, score)
    print(f"{met.sum()} of {len(met)} figures met, AUC {auc:.4f}")  # noqa: T201
    assert met.sum() >= 40
    assert 0.90 <= auc <= 0.94
