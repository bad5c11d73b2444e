"""Layers that read what others leave: burden layers, increments, counters; worked by hand."""

import pytest

from engine.claims.columns import LAYERS_MAX, Result
from tests.unit.engine.settlement.stories import (
    Record,
    annual,
    burden,
    capped,
    claim,
    credit,
    layer,
    per_stay,
    policy,
    tell,
)

pytestmark = pytest.mark.kernel

# On 15,800: deductible 800, payment 12,000, co-pay 3,000.
BASIC = layer((None, "80%"), deductible=per_stay("800.00"))
STAY = claim("a", "15800.00", account_used=True)
SERIOUS = burden((None, "60%"), deductible=per_stay("1500.00"))


def test_a_burden_layer_pays_on_what_the_person_bears() -> None:
    # (800 + 3,000 - 1,500) x 60 % = 1,380.
    told = tell(policy(BASIC, SERIOUS), STAY)
    assert (told.paid(), told.paid("serious_illness")) == ([1_200_000], [138_000])
    assert told.fen("cash_paid") == [242_000]
    assert told.fen("deductible_paid") == [80_000]


def test_a_burden_layer_pays_its_parts_off_in_their_order() -> None:
    told = tell(policy(BASIC, SERIOUS), STAY)
    assert told.step(0, "inpatient.serious.pays_off.copay.basic") == 138_000
    other = SERIOUS | {"pays_off": ["deductible.basic", "copay.basic"]}
    told = tell(policy(BASIC, other), STAY)
    assert told.step(0, "inpatient.serious.pays_off.deductible.basic") == 80_000
    assert told.step(0, "inpatient.serious.pays_off.copay.basic") == 58_000


def test_what_a_burden_layer_paid_off_is_gone_for_the_account() -> None:
    account: Record = {"pays": ["deductible.basic"]}
    other = SERIOUS | {"pays_off": ["deductible.basic", "copay.basic"]}
    rich = {"account_balance": "10000.00"}
    first = tell(policy(BASIC, SERIOUS, account=account), STAY, state=rich)
    second = tell(policy(BASIC, other, account=account), STAY, state=rich)
    assert (first.fen("account_paid"), second.fen("account_paid")) == ([80_000], [0])


def test_a_burden_layer_pays_no_more_than_the_parts_that_it_pays_off() -> None:
    narrow = SERIOUS | {"pays_off": ["deductible.basic"], "feeds": {"aided": "payment"}}
    told = tell(policy(BASIC, narrow, counters="aided"), STAY)
    assert told.paid("serious_illness") == [80_000]
    assert told.counters() == {"aided": 80_000}


def test_the_next_burden_layer_reads_what_the_one_before_left() -> None:
    # 3,800 - 1,380 = 2,420 at 50 %.
    aid = burden((None, "50%"), name="aid", fund="assistance")
    told = tell(policy(BASIC, SERIOUS, aid), STAY)
    assert told.paid("assistance") == [121_000]


def test_a_burden_layer_may_read_what_no_layer_has_touched() -> None:
    aid = burden(
        (None, "50%"), base=["off_list", "first_share"], pays_off=["first_share", "off_list"]
    )
    stay = claim("a", "1000.00", self_pay_off_list="300.00", self_pay_first_share="100.00")
    told = tell(policy(BASIC, aid), stay)
    assert told.paid("serious_illness") == [20_000]


def test_a_second_cost_layer_on_an_emptied_part_finds_nothing() -> None:
    again = layer((None, "50%"), name="again", fund="other")
    assert tell(policy(BASIC, again), STAY).paid("other") == [0]


def test_a_cost_layer_may_take_several_parts() -> None:
    rest = layer((None, "50%"), name="rest", fund="other", base=["copay.basic", "off_list"])
    told = tell(policy(BASIC, rest), claim("a", "15800.00", self_pay_off_list="100.00"))
    # Co-pay (15,700 - 800) x 20 % = 2,980, with 100 off the list 3,080.
    assert told.paid("other") == [154_000]


def test_three_increments_of_a_fen_at_half_pay_two_fen_in_all() -> None:
    # round(0.5) = 1, round(1.0) = 1, round(1.5) = 2.
    half = layer((None, "50%"), mode="incremental", total="total")
    told = tell(policy(half, counters="total"), *(claim(name, "0.01") for name in "abc"))
    assert told.paid() == [1, 0, 1]


def test_claim_by_claim_the_same_fen_are_rounded_up_each_time() -> None:
    told = tell(policy(layer((None, "50%"))), *(claim(name, "0.01") for name in "abc"))
    assert told.paid() == [1, 1, 1]


def test_an_incremental_layer_pays_what_the_years_total_calls_for() -> None:
    # Burdens of 1,000 each: f = 0, (2,000 - 1,500) x 60 % = 300, 900.
    yearly = burden((None, "60%"), mode="incremental", total="burden", deductible=annual("1500.00"))
    given = policy(layer((None, "50%")), yearly, counters="burden")
    told = tell(given, *(claim(name, "2000.00") for name in "abc"))
    assert told.paid("serious_illness") == [0, 30_000, 60_000]
    assert told.counters() == {"burden": 300_000}


def test_an_incremental_layer_goes_through_its_bands_over_the_year() -> None:
    yearly = layer(("1000.00", "50%"), (None, "70%"), mode="incremental", total="total")
    told = tell(policy(yearly, counters="total"), *(claim(name, "800.00") for name in "ab"))
    # f(800) = 400, f(1,600) = 500 + 420.
    assert told.paid() == [40_000, 52_000]


def test_an_incremental_cost_layer_takes_the_increments_of_deductible_and_cost() -> None:
    yearly = layer(
        ("1000.00", "50%"), mode="incremental", total="total", deductible=annual("300.00")
    )
    rest = layer((None, "100%"), name="rest", fund="other", base=["over_cap.basic"])
    told = tell(policy(yearly, rest, counters="total"), *(claim(name, "800.00") for name in "ab"))
    assert told.fen("deductible_paid") == [30_000, 0]
    # (800 - 300) x 50 %; then 200 more at 50 %, and 600 beyond the last band.
    assert told.paid() == [25_000, 10_000]
    assert told.paid("other") == [0, 60_000]


def test_a_payment_cap_bounds_the_increment() -> None:
    yearly = burden(
        (None, "100%"),
        mode="incremental",
        total="burden",
        caps=capped("700.00", counter="aided"),
    )
    given = policy(layer((None, "50%")), yearly, counters="burden aided")
    told = tell(given, *(claim(name, "1000.00") for name in "abc"))
    assert told.paid("serious_illness") == [50_000, 20_000, 0]


def test_an_increment_never_takes_money_back() -> None:
    # Retired, the year's total of 1,000 calls for 500; active it had been paid 800.
    by_class = layer((None, {"active": "80%", "retired": "50%"}), mode="incremental", total="total")
    told = tell(
        policy(by_class, counters="total"),
        claim("a", "1000.00"),
        {"id": "b", "kind": "class_change", "class": "retired"},
        claim("c", "100.00"),
    )
    assert told.paid() == [80_000, 0, 5_000]


def test_an_increment_pays_no_more_than_its_cost_in_parts_of_a_fen() -> None:
    # The first layer passes on 0.235294 and then 0.235294 fen; no increment reaches a fen alone.
    first = layer((None, "85%"), caps=capped("0.01"))
    rest = layer(
        ("0.01", "100%"),
        name="rest",
        fund="other",
        base=["over_cap.basic"],
        mode="incremental",
        total="total",
    )
    told = tell(policy(first, rest, counters="total"), *(claim(name, "0.02") for name in "abcdef"))
    assert sum(told.paid("other")) <= 1
    assert min(told.fen("cash_paid")) >= 0


@pytest.mark.parametrize(
    ("measure", "gain"),
    [("payment", 72_000), ("cost", 100_000), ("deductible", 10_000), ("base", 150_000)],
)
def test_a_counter_can_be_fed_with_each_measure(measure: str, gain: int) -> None:
    basic = layer(
        (None, "80%"),
        deductible=per_stay("100.00"),
        caps=capped("1000.00", "cost"),
        feeds={"fed": measure},
    )
    told = tell(policy(basic, counters="fed"), claim("a", "1500.00"))
    assert told.counters() == {"fed": gain}


def test_a_counter_named_twice_in_a_layer_gains_once() -> None:
    basic = layer(
        (None, "50%"), caps=capped("400.00", counter="paid") + capped("500.00", counter="paid")
    )
    told = tell(policy(basic, counters="paid"), claim("a", "100.00"))
    assert told.counters() == {"paid": 5_000}


def test_two_layers_may_feed_one_counter() -> None:
    given = policy(
        BASIC | {"feeds": {"fed": "payment"}},
        SERIOUS | {"feeds": {"fed": "payment"}},
        counters="fed",
    )
    assert tell(given, STAY).counters() == {"fed": 1_338_000}


def test_eight_layers_run_one_after_the_other() -> None:
    first = layer(("100.00", "50%"))
    others = [
        layer(
            ("100.00", "50%"), name=f"n{k}", base=[f"over_cap.{'basic' if k == 1 else f'n{k - 1}'}"]
        )
        for k in range(1, LAYERS_MAX)
    ]
    told = tell(policy(first, *others), claim("a", "800.00"))
    paid = told.result(0)[Result.LAYER_PAID : Result.LAYER_PAID + LAYERS_MAX]
    assert paid.tolist() == [5_000] * 8
    assert told.paid() == [40_000]


def test_the_account_pays_the_parts_named_up_to_its_balance() -> None:
    given = policy(BASIC, account={"pays": ["deductible.basic", "copay.basic"]})
    told = tell(given, STAY, state={"account_balance": "2760.00"})
    assert (told.fen("account_paid"), told.fen("cash_paid")) == ([276_000], [104_000])
    assert told.counters() == {"account_balance": 0}


def test_the_account_pays_no_more_than_the_parts_named() -> None:
    given = policy(BASIC, account={"pays": ["deductible.basic"]})
    told = tell(given, STAY, state={"account_balance": "2760.00"})
    assert told.fen("account_paid") == [80_000]
    assert told.counters() == {"account_balance": 196_000}


def test_the_account_pays_only_where_the_claim_asks_for_it() -> None:
    given = policy(BASIC, account={"pays": ["deductible.basic"]})
    told = tell(given, claim("a", "15800.00"), state={"account_balance": "2760.00"})
    assert told.fen("account_paid") == [0]


def test_without_the_key_the_account_pays_nothing() -> None:
    told = tell(policy(BASIC), STAY, state={"account_balance": "2760.00"})
    assert told.fen("account_paid") == [0]


def test_a_credit_is_there_for_the_next_claim() -> None:
    given = policy(BASIC, account={"pays": ["copay.basic"]})
    told = tell(given, claim("x", "900.00", account_used=True), credit("15.00"), STAY)
    assert told.fen("account_paid") == [0, 0, 1_500]


def test_the_account_pays_whole_fen_of_a_part_that_has_none() -> None:
    # The cap consumes 1.176471 fen of 2: co-pay 0.176471, passed on 0.823529; a fen between them.
    given = policy(
        layer((None, "85%"), caps=capped("0.01")),
        account={"pays": ["copay.basic", "over_cap.basic"]},
    )
    told = tell(given, claim("a", "0.02", account_used=True), state={"account_balance": "1.00"})
    assert (told.fen("account_paid"), told.fen("cash_paid")) == ([1], [0])


def test_an_account_in_the_red_pays_nothing() -> None:
    given = policy(BASIC, account={"pays": ["deductible.basic"]})
    told = tell(given, credit("-5.00"), STAY)
    assert told.fen("account_paid") == [0, 0]
    assert told.counters() == {"account_balance": -500}


def test_the_parts_of_each_cost_layer_are_kept_apart() -> None:
    # First: 100 deducted, 100 of co-pay, 300 consumed. Second: 50 deducted, 75 of co-pay, 200
    # consumed. 100 remain beyond both.
    first = layer(("300.00", "50%"), deductible=per_stay("100.00"))
    second = layer(
        ("200.00", "50%"), name="second", base=["over_cap.basic"], deductible=per_stay("50.00")
    )
    parts = {
        "deductible.basic": 10_000,
        "copay.basic": 10_000,
        "over_cap.basic": 0,
        "deductible.second": 5_000,
        "copay.second": 7_500,
        "over_cap.second": 10_000,
    }
    for part, held in parts.items():
        given = policy(first, second, account={"pays": [part]})
        told = tell(
            given, claim("a", "600.00", account_used=True), state={"account_balance": "999.00"}
        )
        assert told.fen("account_paid") == [held], part


def test_a_yearly_total_that_is_not_the_first_counter_is_found() -> None:
    yearly = burden((None, "60%"), mode="incremental", total="burden", deductible=annual("1500.00"))
    basic = layer((None, "50%"), feeds={"fed": "payment"}, caps=capped("9999.00", counter="paid"))
    given = policy(basic, yearly, counters="stays fed paid burden", ordinal="stays")
    told = tell(given, *(claim(name, "2000.00") for name in "abc"))
    assert told.paid("serious_illness") == [0, 30_000, 60_000]


def test_an_increment_at_the_end_of_its_bands_pays_no_more_than_the_cost_it_consumes() -> None:
    # 0.823529 fen are passed on by each of the first two, 1.823529 by the third. The total stands
    # at 1.647058 of the 2 fen that the bands have, with f = 1; the third consumes 0.352942.
    first = layer((None, "85%"), caps=capped("0.01"))
    rest = layer(
        ("0.02", "100%"),
        name="rest",
        fund="other",
        base=["over_cap.basic"],
        mode="incremental",
        total="total",
    )
    claims = [claim("a", "0.02"), claim("b", "0.02"), claim("c", "0.03")]
    assert tell(policy(first, rest, counters="total"), *claims).paid("other") == [0, 0, 0]
