import numpy as np
import pytest

from engine.errors import EngineError
from models.queue import Capacity, order_queue

KEYS = np.array([0.5, 0.1, 0.9, 0.3, 0.7])
UNITS = ["a", "a", "a", "b", "c"]
PROBABILITY_PPM = np.array([900_000, 800_000, 700_000, 500_000, 100_000])
RECOVERABLE = np.array([100, 100, 100, 1_000, 10])


def test_money_comes_before_likelihood() -> None:
    places = order_queue(PROBABILITY_PPM, RECOVERABLE, UNITS, Capacity(2, random_share=0.0), KEYS)
    assert [place.case for place in places] == [3, 0]
    assert places[0].expected_fen == 500


def test_a_unit_is_not_asked_beyond_its_cap() -> None:
    capacity = Capacity(5, random_share=0.0, cases_a_unit=1)
    places = order_queue(PROBABILITY_PPM, RECOVERABLE, UNITS, capacity, KEYS)
    assert [place.case for place in places] == [3, 0, 4]


def test_a_slice_is_drawn_by_chance_from_what_the_score_leaves() -> None:
    capacity = Capacity(2, random_share=0.5)
    places = order_queue(PROBABILITY_PPM, RECOVERABLE, UNITS, capacity, KEYS)
    assert [(place.case, place.by_chance) for place in places] == [(3, False), (1, True)]


def test_a_case_that_costs_more_than_it_recovers_comes_in_by_chance_only() -> None:
    capacity = Capacity(5, random_share=0.0, cost_fen=85)
    places = order_queue(PROBABILITY_PPM, RECOVERABLE, UNITS, capacity, KEYS)
    assert [place.case for place in places] == [3, 0]


@pytest.mark.parametrize(
    "capacity",
    [Capacity(0), Capacity(1, random_share=1.0), Capacity(1, cases_a_unit=0)],
    ids=["no case", "all by chance", "no case a unit"],
)
def test_a_senseless_capacity_is_refused(capacity: Capacity) -> None:
    with pytest.raises(EngineError, match="capacity"):
        order_queue(PROBABILITY_PPM, RECOVERABLE, UNITS, capacity, KEYS)
