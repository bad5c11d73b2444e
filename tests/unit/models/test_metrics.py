import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from models.evaluation.metrics import (
    ap_interval,
    calibration_error,
    expected_noise,
    figures,
    first_by_money,
    within_size_auc,
)

DICE = np.random.default_rng(5)


def test_size_alone_says_nothing_within_size() -> None:
    size = np.repeat(np.arange(10.0), 40)
    label = np.tile(np.array([True, False]), 200)
    assert within_size_auc(label, size, size) == 0.5


def test_within_size_weighs_deciles_by_their_pairs() -> None:
    size = np.arange(20.0)
    label = np.zeros(20, dtype=bool)
    label[[0, 3]] = True
    score = np.zeros(20)
    score[0] = 1.0  # Right in the first decile, wrong in the second.
    score[2] = 1.0
    assert within_size_auc(label, score, size) == 0.5


def test_the_first_five_per_cent_go_by_probability_times_money() -> None:
    probability = np.full(40, 0.1)
    money = np.ones(40)
    probability[7], money[9] = 0.9, 8.0
    money[7] = 1.0
    assert first_by_money(probability, money).tolist() == [7, 9]


def test_a_perfect_calibration_has_no_error() -> None:
    label = np.array([False, True] * 50)
    assert calibration_error(label, np.full(100, 0.5)) == 0.0


def test_the_calibration_error_of_a_constant_is_its_gap() -> None:
    label = np.zeros(100, dtype=bool)
    assert calibration_error(label, np.full(100, 0.2)) == pytest.approx(0.2)


def test_a_perfect_model_still_shows_an_error_by_chance() -> None:
    assert 0.01 < expected_noise(DICE.uniform(size=400)) < 0.1


def test_the_interval_contains_the_figure_and_narrows_with_more_providers() -> None:
    label = DICE.random(400) < 0.3
    score = label + DICE.normal(0, 1, 400)
    low, high = ap_interval(label, score)
    assert low < average_precision_score(label, score) < high
    more = ap_interval(np.tile(label, 16), np.tile(score, 16))
    assert more[1] - more[0] < (high - low) / 2


def test_equal_scores_share_their_place_in_the_interval() -> None:
    label = np.array([True] * 20 + [False] * 80)
    low, high = ap_interval(label, np.zeros(100))
    assert low < 0.2 < high < 0.35


def test_a_perfect_ranking_gets_full_marks() -> None:
    label = np.arange(100) >= 80
    score = np.arange(100) / 100
    found = figures(label, score, label.astype(float), np.ones(100))
    assert (found.auc, found.precision_5pct) == (1.0, 1.0)
    assert found.ap == pytest.approx(1.0)
    assert (found.brier, found.ece) == (0.0, 0.0)
    assert found.money_share_5pct == 0.25
