import numpy as np
import pytest

from models.calibration import fit_curve
from models.explain import Parts, ensure_additive, scaled

DICE = np.random.default_rng(23)


def test_a_curve_undoes_what_is_too_bold() -> None:
    meant = DICE.normal(-2, 1.5, 20_000)
    label = DICE.random(20_000) < 1 / (1 + np.exp(-meant))
    curve = fit_curve(2 * meant + 1, label)
    middle = np.linspace(-4, 1, 20)
    assert curve(2 * middle + 1) == pytest.approx(middle, abs=0.2)


def test_a_curve_rises_everywhere_even_where_labels_fall() -> None:
    values = DICE.normal(size=2_000)
    chance = np.where(values < -1.5, 0.6, 0.1 + 0.3 * (values > 0))
    curve = fit_curve(values, DICE.random(2_000) < chance)
    told = curve(np.linspace(values.min() - 20, values.max() + 20, 500))
    assert (np.diff(told) > 0).all()


def test_parts_of_a_curve_of_a_sum_add_up() -> None:
    parts = Parts(-1.0, DICE.normal(size=(50, 4)))
    curve = fit_curve(DICE.normal(size=500), DICE.random(500) < 0.3)
    ensure_additive(scaled(parts, curve), curve(parts.total()))


def test_parts_that_cancel_out_keep_their_signs_and_their_sum() -> None:
    parts = scaled(Parts(0.5, np.array([[1.0, -1.0]])), lambda values: 3 * values)
    assert parts.values[0] == pytest.approx([3.0, -3.0])
    assert parts.total()[0] == pytest.approx(1.5)
