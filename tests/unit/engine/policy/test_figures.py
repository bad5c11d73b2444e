"""The figures of a policy row are found by the units in their names, and can be exchanged."""

import pytest

from engine.policy.book import parse_scheme
from engine.policy.figures import Figure, Unit, figure_name, figures, say_figure, with_figure
from engine.policy.terms import Terms
from tests.unit.engine.policy.policies import BASE


@pytest.fixture
def terms() -> Terms:
    rows = parse_scheme(BASE, "f.yaml").entries["inpatient"][0].rows
    found = next(row.terms for row in rows if row.cell == {"level": "L1", "person_class": "active"})
    assert found is not None
    return found


def test_every_amount_and_rate_of_a_row_is_a_figure(terms: Terms) -> None:
    said = {figure_name(terms, one.path): say_figure(one.unit, one.value) for one in figures(terms)}
    assert said == {
        "basic.deductibles.1": "800.00",
        "basic.deductibles.2": "400.00",
        "basic.bands.1.to": "40000.00",
        "basic.bands.1.rate": "92%",
        "basic.bands.2.rate": "82%",
        "basic.caps.1.amount": "30000.00",
        "serious.deductibles.1": "6000.00",
        "serious.bands.1.rate": "60%",
    }


def test_one_figure_can_be_exchanged_and_the_others_stay(terms: Terms) -> None:
    before = list(figures(terms))
    for at, figure in enumerate(before):
        wanted = [*before[:at], Figure(figure.path, figure.unit, 7), *before[at + 1 :]]
        assert list(figures(with_figure(terms, figure.path, 7))) == wanted


@pytest.mark.parametrize(
    ("unit", "value", "said"),
    [
        (Unit.PPM, 895_000, "89.5%"),
        (Unit.PPM, 1, "0.0001%"),
        (Unit.PPM, 0, "0%"),
        (Unit.FEN, 5, "0.05"),
    ],
)
def test_a_figure_is_said_as_files_write_it(unit: Unit, value: int, said: str) -> None:
    assert say_figure(unit, value) == said
