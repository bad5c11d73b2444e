import numpy as np
import pytest

from engine.errors import EngineError
from models.evaluation.drift import ROWS_MIN, Reference, stability_index, verdict
from models.evaluation.fairness import false_positive_rates
from models.evaluation.leakage import SplitAucs, check_disjoint, permuted_auc

DICE = np.random.default_rng(11)


def test_an_even_hand_raises_no_alarm() -> None:
    label = DICE.random(8_000) < 0.05
    flagged = DICE.random(8_000) < 0.2
    (rate,) = false_positive_rates(label, flagged, {"half": np.arange(8_000) % 2 == 0})
    assert 0.8 <= rate.ratio <= 1.25
    assert not rate.alarm


def test_a_planted_bias_raises_the_alarm() -> None:
    label = np.zeros(8_000, dtype=bool)
    member = np.arange(8_000) % 2 == 0
    flagged = DICE.random(8_000) < np.where(member, 0.3, 0.15)
    (rate,) = false_positive_rates(label, flagged, {"half": member})
    assert rate.ratio == pytest.approx(2.0, rel=0.15)
    assert rate.alarm


def test_a_small_segment_waits_for_evidence() -> None:
    flagged = np.zeros(1_000, dtype=bool)
    flagged[:3] = True
    flagged[10:110] = True
    member = np.arange(1_000) < 10
    (rate,) = false_positive_rates(np.zeros(1_000, dtype=bool), flagged, {"few": member})
    assert rate.ratio > 1.25
    assert not rate.alarm


def test_labelled_units_do_not_count_as_false_positives() -> None:
    label = np.array([True, True, False, False])
    flagged = np.array([True, True, False, True])
    (rate,) = false_positive_rates(label, flagged, {"first": np.array([True, True, True, False])})
    assert (rate.providers, rate.rate) == (1, 0.0)


def test_the_same_population_has_not_drifted() -> None:
    reference = Reference.of(DICE.normal(size=5_000))
    assert verdict(stability_index(reference, DICE.normal(size=5_000)), 5_000) == "ok"


def test_a_moved_population_stops() -> None:
    reference = Reference.of(DICE.normal(size=5_000))
    index = stability_index(reference, DICE.normal(1.0, 1.0, size=5_000))
    assert verdict(index, 5_000) == "stop"


def test_a_few_rows_warn_and_do_not_stop() -> None:
    assert verdict(0.5, ROWS_MIN - 1) == "warn"
    assert verdict(0.5, ROWS_MIN) == "stop"
    assert verdict(0.2, 5_000) == "warn"


def test_a_constant_has_a_reference_too() -> None:
    reference = Reference.of(np.zeros(100))
    assert stability_index(reference, np.zeros(50)) == pytest.approx(0.0, abs=1e-2)


def test_a_provider_on_both_sides_is_found() -> None:
    check_disjoint(["a", "a", "b"], np.array([0, 0, 1]))
    with pytest.raises(EngineError, match="split_by_row"):
        check_disjoint(["a", "a", "b"], np.array([0, 1, 1]))


def test_a_row_split_that_gains_too_much_is_a_leak() -> None:
    assert SplitAucs(row_split=0.99, grouped=0.85).leaks
    assert not SplitAucs(row_split=0.86, grouped=0.85).leaks


def test_dealt_labels_give_chance_unless_the_score_knows_them() -> None:
    label = np.arange(2_000) < 200
    features = DICE.normal(size=2_000)
    fold = np.arange(2_000) % 5
    assert permuted_auc(lambda _: features, label, fold, 5) == pytest.approx(0.5, abs=0.03)
    assert permuted_auc(lambda dealt: features + 3.0 * dealt, label, fold, 5) > 0.9
