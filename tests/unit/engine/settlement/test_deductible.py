"""The deductible, with figures worked by hand."""

import pytest

from tests.unit.engine.settlement.stories import annual, claim, layer, per_stay, policy, tell

pytestmark = pytest.mark.kernel

BY_ORDINAL = policy(
    layer((None, "80%"), deductible=per_stay(["800.00", "400.00", "0.00"])),
    counters="stays",
    ordinal="stays",
)


def test_deductible_comes_off_before_the_rate() -> None:
    # (10,000 - 800) x 80 % = 7,360.
    told = tell(policy(layer((None, "80%"), deductible=per_stay("800.00"))), claim("a", "10000.00"))
    assert told.paid() == [736_000]
    assert told.fen("deductible_paid") == [80_000]
    assert told.fen("cash_paid") == [264_000]


def test_each_further_stay_has_its_own_deductible_and_the_last_holds_on() -> None:
    stays = [claim(name, "1000.00") for name in "abcd"]
    told = tell(BY_ORDINAL, *stays)
    assert told.fen("deductible_paid") == [80_000, 40_000, 0, 0]
    assert told.paid() == [16_000, 48_000, 80_000, 80_000]
    assert told.counters()["stays"] == 4


def test_the_stays_are_numbered_anew_in_each_insurance_year() -> None:
    told = tell(BY_ORDINAL, claim("a", "1000.00"), claim("b", "1000.00", "2024-01-01"))
    assert told.fen("deductible_paid") == [80_000, 80_000]


def test_a_year_that_opens_with_stays_goes_on_counting() -> None:
    told = tell(BY_ORDINAL, claim("a", "1000.00"), state={"counters": {"stays": 1}})
    assert told.fen("deductible_paid") == [40_000]


def test_a_claim_that_is_refused_is_no_stay() -> None:
    refused = claim("a", "1000.00", self_pay_off_list="1000.01")
    told = tell(BY_ORDINAL, refused, claim("b", "1000.00"))
    assert told.statuses() == ["buckets_do_not_sum", "settled"]
    assert told.fen("deductible_paid") == [0, 80_000]


def test_a_cost_below_the_deductible_is_all_deductible() -> None:
    told = tell(policy(layer((None, "80%"), deductible=per_stay("800.00"))), claim("a", "799.99"))
    assert (told.paid(), told.fen("deductible_paid")) == ([0], [79_999])


def test_the_years_deductibles_stop_at_their_maximum() -> None:
    once = per_stay("800.00", yearly_maximum="1500.00", counter="taken")
    told = tell(
        policy(layer((None, "80%"), deductible=once), counters="taken"),
        *(claim(name, "5000.00") for name in "abc"),
    )
    assert told.fen("deductible_paid") == [80_000, 70_000, 0]
    assert told.paid() == [336_000, 344_000, 400_000]
    assert told.counters() == {"taken": 150_000}


def test_a_maximum_that_lies_below_what_was_taken_asks_for_nothing() -> None:
    once = per_stay("800.00", yearly_maximum="1500.00", counter="taken")
    told = tell(
        policy(layer((None, "80%"), deductible=once), counters="taken"),
        claim("a", "1000.00"),
        state={"counters": {"taken": "1600.00"}},
    )
    assert told.fen("deductible_paid") == [0]


def test_an_annual_deductible_is_filled_cost_by_cost() -> None:
    given = policy(layer((None, "50%"), deductible=annual("200.00", "filled")), counters="filled")
    told = tell(given, *(claim(name, "150.00") for name in "abc"))
    assert told.fen("deductible_paid") == [15_000, 5_000, 0]
    assert told.paid() == [0, 5_000, 7_500]


def test_off_list_cost_fills_no_deductible() -> None:
    given = policy(layer((None, "50%"), deductible=annual("200.00", "filled")), counters="filled")
    told = tell(given, claim("a", "500.00", self_pay_off_list="400.00"))
    assert told.fen("deductible_paid") == [10_000]


def test_the_deductible_shown_is_that_of_all_cost_layers() -> None:
    # The first layer takes 100 of deductible and stops at 300; 200 pass on, 50 are deducted there.
    second = layer((None, "50%"), name="large", fund="large_amount", base=["over_cap.basic"])
    told = tell(
        policy(
            layer(("300.00", "50%"), deductible=per_stay("100.00")),
            second | {"deductible": per_stay("50.00")},
        ),
        claim("a", "500.00"),
    )
    assert (told.paid(), told.paid("large_amount")) == ([10_000], [7_500])
    assert told.fen("deductible_paid") == [15_000]


def test_two_layers_may_fill_one_deductible() -> None:
    shared = annual("300.00", "filled")
    second = layer((None, "100%"), name="second", base=["over_cap.basic"], deductible=shared)
    told = tell(
        policy(layer(("200.00", "100%"), deductible=shared), second, counters="filled"),
        claim("a", "500.00"),
    )
    # 200 fill the first layer, which they never leave; 100 of the other 300 fill the rest.
    assert told.paid() == [20_000]
    assert told.counters() == {"filled": 30_000}


def test_a_deductible_by_class_follows_a_change_of_class() -> None:
    by_class = per_stay({"active": "800.00", "retired": "400.00"})
    told = tell(
        policy(layer((None, "80%"), deductible=by_class)),
        claim("a", "1000.00"),
        {"id": "b", "kind": "class_change", "class": "retired"},
        claim("c", "1000.00"),
    )
    assert told.fen("deductible_paid") == [80_000, 0, 40_000]
