"""What the labelled set shows; skipped where JIESUAN_DATA does not name it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from models.evaluation.leakage import CHANCE, CHANCE_WITHIN, claim_row_aucs, permuted_auc
from models.evaluation.metrics import Bools, figures
from models.features.aggregates import provider_aggregates
from models.features.matrix import Floats, build_matrix
from models.labels import Labelled, load_labelled, provider_folder
from models.training.evaluate import calibrated, out_of_fold
from models.training.fit import fit_ranking
from models.training.rivals import by_money, directed_tails, logistic, size_free_tails
from tests.data_folder import needs_data

pytestmark = needs_data


@pytest.fixture(scope="module")
def folder() -> Path:
    return provider_folder()


@pytest.fixture(scope="module")
def known(folder: Path) -> Labelled:
    return load_labelled(folder)


def test_our_figures_from_claims_equal_the_given_ones(folder: Path) -> None:
    stays = pl.read_parquet(folder / "inpatient_claims.parquet")
    none = stays.head(0).drop("AdmissionDt", "DischargeDt")
    own = provider_aggregates(stays, none, pl.read_parquet(folder / "beneficiaries.parquet"))
    given = pl.read_parquet(folder / "provider_features.parquet").filter(
        pl.col("Inpatient_ClaimID_count") > 0
    )
    both = given.join(own, on="Provider", suffix="_own")
    assert len(both) == len(given) == 1_471
    for name in (one for one in given.columns if one.startswith("Inpatient_")):
        rows = both
        if name == "Inpatient_Outpatient_Ratio":
            rows = both.filter(pl.col("Outpatient_ClaimID_count") == 0)
        assert np.allclose(rows[name], rows[f"{name}_own"], rtol=1e-9), name
    # The joint figures can be compared where there is no out-patient part; some are given rounded.
    alone = both.filter(pl.col("Outpatient_ClaimID_count") == 0)
    for name in (one for one in given.columns if one.startswith(("Total", "Unique", "Avg"))):
        assert np.allclose(alone[name], alone[f"{name}_own"], atol=1e-3), name


def test_unlabelled_claims_become_features_too(folder: Path) -> None:
    parts = ("inpatient", "outpatient", "beneficiary")
    frames = (pl.read_parquet(folder / f"unlabelled_{part}.parquet") for part in parts)
    matrix = build_matrix(provider_aggregates(*frames))
    assert matrix.values.shape == (1_353, len(matrix.features))


def test_labels_dealt_anew_give_chance(known: Labelled) -> None:
    def score(dealt: Bools) -> Floats:
        return out_of_fold(replace(known, label=dealt), logistic)

    assert permuted_auc(score, known.label, known.fold, 4) == pytest.approx(
        CHANCE, abs=CHANCE_WITHIN
    )


@pytest.mark.slow
def test_labels_dealt_anew_give_the_ranking_model_chance_too(known: Labelled) -> None:
    def score(dealt: Bools) -> Floats:
        dealt_anew = replace(known, label=dealt)
        return out_of_fold(dealt_anew, lambda rest, others: fit_ranking(rest).probability(others))

    assert permuted_auc(score, known.label, known.fold, 1) == pytest.approx(
        CHANCE, abs=CHANCE_WITHIN
    )


def test_a_split_by_claim_rows_is_found_to_leak(folder: Path) -> None:
    labels = pl.read_parquet(
        folder / "provider_features.parquet", columns=["Provider", "label", "fold"]
    )
    aucs = claim_row_aucs(pl.read_parquet(folder / "inpatient_claims.parquet"), labels)
    assert aucs.leaks
    assert aucs.row_split > 0.95
    assert aucs.grouped < 0.90


@pytest.mark.parametrize(
    ("rival", "auc", "ap"),
    [(by_money, 0.93, 0.68), (directed_tails, 0.93, 0.62), (size_free_tails, 0.75, 0.30)],
    ids=["money", "directed tails", "size-free tails"],
)
def test_scores_without_labels_reach_their_goals(
    known: Labelled, rival: Callable[..., Floats], auc: float, ap: float
) -> None:
    money = known.matrix.column("paid_sum")
    score = out_of_fold(known, rival)
    found = figures(known.label, score, calibrated(known, score), money)
    assert found.auc >= auc
    assert found.ap >= ap


@pytest.mark.slow
def test_the_ranking_beats_money_and_plain_boosting_out_of_fold(known: Labelled) -> None:
    money = known.matrix.column("paid_sum")
    score = out_of_fold(known, lambda rest, others: fit_ranking(rest).probability(others))
    found = figures(known.label, score, score, money)
    assert found.ap >= 0.76
    assert found.within_size_auc >= 0.805
    assert found.money_share_5pct >= 0.80
    assert found.ece <= 0.003
