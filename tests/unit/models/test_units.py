import numpy as np
import polars as pl
import pytest

from engine.errors import EngineError
from models.features.units import UNIT_FEATURES, UnitKind, unit_features
from models.queue import Capacity, order_queue
from models.training.fit_units import fit_units


def settlements(count: int = 6_000, seed: int = 1, bad: int = 12) -> pl.DataFrame:
    """A month of out-patient settlements; units below `bad` are three times as dear."""
    dice = np.random.default_rng(seed)
    institution = dice.integers(0, 120, count)
    total = np.exp(dice.normal(9, 0.4, count)) * np.where(institution < bad, 3.0, 1.0)
    day = dice.integers(0, 30, count)
    return pl.DataFrame(
        {
            "person_id": [f"N{one}" for one in dice.integers(0, 2_000, count)],
            "institution_id": [f"H{one:03d}" for one in institution],
            "physician_id": [f"D{one:03d}" for one in institution * 3 + dice.integers(0, 3, count)],
            "begin_day": day,
            "end_day": day,
            "total_fen": total.astype(np.int64),
            "fund_fen": (total * 0.7).astype(np.int64),
            "stay": np.zeros(count, dtype=bool),
        }
    )


def bad_units(units: pl.DataFrame) -> np.ndarray:
    return np.array([int(one[1:]) < 12 for one in units["unit"]])


@pytest.mark.parametrize("kind", ["institution", "physician", "person"])
def test_every_unit_of_each_kind_has_its_figures(kind: UnitKind) -> None:
    rows = settlements()
    units = unit_features(rows, kind)
    assert units["unit"].to_list() == sorted(rows[f"{kind}_id"].unique().to_list())
    assert units["claims"].sum() == len(rows)
    assert units.select(UNIT_FEATURES).null_count().sum_horizontal().item() == 0


def test_figures_of_a_small_hand_made_case() -> None:
    rows = settlements(4).with_columns(
        person_id=pl.Series(["A", "A", "A", "B"]),
        institution_id=pl.lit("H"),
        begin_day=pl.Series([1, 1, 2, 2]),
        end_day=pl.Series([1, 1, 2, 4]),
    )
    (unit,) = unit_features(rows, "institution").iter_rows(named=True)
    assert unit["claims_per_counterpart"] == 2.0
    assert unit["counterparts_per_day"] == pytest.approx(2 / 3)
    assert unit["same_day_share"] == 0.5
    assert unit["busiest_day_share"] == 0.5
    assert unit["days_mean"] == 1.5


def test_planted_units_lead_another_months_queue() -> None:
    known = unit_features(settlements(), "institution")
    model = fit_units(known, bad_units(known))
    tonight = unit_features(settlements(seed=2), "institution")
    scores = model.score(tonight)
    places = order_queue(
        scores.probability_ppm,
        scores.recoverable_fen,
        tonight["unit"].to_list(),
        Capacity(12, random_share=0.0),
        np.random.default_rng(0).random(len(tonight)),
    )
    assert np.mean(bad_units(tonight)[[place.case for place in places]]) >= 0.9


def test_a_score_does_not_depend_on_the_nights_company() -> None:
    known = unit_features(settlements(), "institution")
    model = fit_units(known, bad_units(known))
    whole = model.score(known)
    for part in (known[10:40], known[7:8], known[::-1]):
        alone = model.score(part)
        rows = np.searchsorted(known["unit"].to_numpy(), part["unit"].to_numpy())
        assert np.array_equal(alone.probability_ppm, whole.probability_ppm[rows])
        assert np.array_equal(alone.recoverable_fen, whole.recoverable_fen[rows])


def test_probabilities_are_calibrated_on_average() -> None:
    known = unit_features(settlements(), "institution")
    model = fit_units(known, bad_units(known))
    mean = model.score(known).probability_ppm.mean() / 1e6
    assert mean == pytest.approx(bad_units(known).mean(), abs=0.01)


def test_too_few_verdicts_carry_no_probability() -> None:
    known = unit_features(settlements(), "institution")
    with pytest.raises(EngineError, match="verdicts"):
        fit_units(known, np.arange(len(known)) < 9)


def test_a_unit_like_its_peers_has_nothing_to_recover() -> None:
    known = unit_features(settlements(bad=0), "institution")
    model = fit_units(known, np.arange(len(known)) % 10 == 0)
    share = model.score(known).recoverable_fen.sum() / known["fund_fen"].sum()
    assert share < 0.05
