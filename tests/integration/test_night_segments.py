"""Bills of one stay that come in different nights carry its number and its deductible on."""

from datetime import date

import pytest

from tests.integration.night_world import (
    NEXT,
    NIGHT,
    World,
    a_refund,
    a_stay,
    joined_stays,
    next_day,
)

STAY = {"mdtrt_id": "V1"}
PART = a_stay(1, "E1", ("A", "500.00"), mid_setl_flag="1", **STAY)
REST = next_day(a_stay(2, "E1", ("A", "5150.00"), segment="2", **STAY))
AGAIN = next_day(a_stay(3, "E1", ("A", "10.00"), segment="2", **STAY))
THIRD = date(2024, 4, 2)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("segments")
    policies = joined_stays(folder / "policies")
    world = World(folder)
    later = {"setl_time": "2024-04-02 10:00:00"}
    nights = (
        (NIGHT, [PART]),
        (NEXT, [REST, AGAIN]),
        (THIRD, [a_refund(4, PART, **later), a_refund(5, REST, **later)]),
    )
    for night, bills in nights:
        delivery = world.deliver(*bills, name=f"input-{night}")
        world.run(delivery, night, policies=policies)
    return world


def test_an_interim_bill_is_settled_by_its_own_night(world: World) -> None:
    # 500 of the deductible of 650.
    assert world.amounts("S1")["deductible_paid_fen"] == 500_00
    assert "pool_paid_fen" not in world.amounts("S1")


def test_the_next_bill_of_the_stay_pays_what_the_deductible_still_lacks(world: World) -> None:
    # 150 of the deductible; 88 % of 5000.
    assert world.amounts("S2")["deductible_paid_fen"] == 150_00
    assert world.amounts("S2")["pool_paid_fen"] == 4400_00
    assert world.settled()["S2"]["ordinal"] == 0


def test_a_segment_that_is_settled_is_not_settled_twice(world: World) -> None:
    assert "S3" not in world.settled()


def test_a_refund_of_an_earlier_segment_waits_for_that_of_the_later(world: World) -> None:
    assert "S4" not in world.settled()
    assert world.amounts("S5")["pool_paid_fen"] == -4400_00


def test_what_stands_is_the_first_segment_alone(world: World) -> None:
    held = {name: value for (person, _, name), value in world.counters().items() if person == "E1"}
    assert (held["stays"], held["visit_segments"]) == (1, 1)
    assert held["visit_deductible.basic"] == 500_00 * 1_000_000
