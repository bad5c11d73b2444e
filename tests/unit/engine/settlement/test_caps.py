"""Caps, and the cost that they leave to the next layer; figures worked by hand."""

import pytest

from engine.claims.columns import NONE, Result
from tests.unit.engine.settlement.stories import (
    Record,
    bands,
    benefit,
    capped,
    claim,
    layer,
    per_stay,
    policy,
    tell,
)

pytestmark = pytest.mark.kernel

REST = layer((None, "100%"), name="rest", fund="other", base=["over_cap.basic"])
TWO = (("40000.00", "90%"), (None, "80%"))


def test_a_cap_on_payment_is_turned_back_into_cost() -> None:
    # 800..40,000 at 90 % = 35,280; the 4,720 left of the cap are 5,900 at 80 %: 45,900 in all.
    basic = layer(*TWO, deductible=per_stay("800.00"), caps=capped("40000.00"))
    told = tell(policy(basic, REST), claim("a", "60000.00"))
    assert (told.paid(), told.paid("other")) == ([4_000_000], [1_410_000])
    assert told.step(0, "inpatient.basic.cost_limit") == 4_590_000


def test_with_the_deductible_outside_the_same_cap_consumes_less() -> None:
    # 40,000 at 90 % = 36,000; 4,000 / 80 % = 5,000; with 800 of deductible 45,800.
    table = bands(*TWO, inside=False)
    basic = layer(bands=table, deductible=per_stay("800.00"), caps=capped("40000.00"))
    assert tell(policy(basic, REST), claim("a", "60000.00")).paid("other") == [1_420_000]


@pytest.mark.parametrize(
    ("rate", "cost_ufen"),
    [("85%", 11_764_705_882), ("60%", 16_666_666_667), ("95.5%", 10_471_204_188)],
)
def test_the_cost_of_a_cap_is_kept_to_a_millionth_of_a_fen(rate: str, cost_ufen: int) -> None:
    # 10,000 fen / 85 % = 11,764.705 882 35; / 60 % = 16,666.666 666 67; / 95.5 % = …204 188 48.
    basic = layer((None, rate), caps=capped("100.00"), feeds={"cost": "cost"})
    told = tell(policy(basic, counters="cost"), claim("a", "1000.00"))
    assert told.paid() == [10_000]
    assert told.ufen("cost") == cost_ufen


def test_a_cap_that_is_just_met_leaves_the_cost_whole() -> None:
    told = tell(policy(layer((None, "80%"), caps=capped("80.00")), REST), claim("a", "100.00"))
    assert (told.paid(), told.paid("other")) == ([8_000], [0])


def test_an_exhausted_cap_still_consumes_the_deductible() -> None:
    basic = layer(
        (None, "80%"), deductible=per_stay("100.00"), caps=capped("500.00", counter="paid")
    )
    told = tell(
        policy(basic, REST, counters="paid"),
        claim("a", "1000.00"),
        state={"counters": {"paid": "500.00"}},
    )
    assert (told.paid(), told.paid("other")) == ([0], [90_000])
    assert told.fen("deductible_paid") == [10_000]


def test_an_exhausted_cap_still_consumes_what_is_paid_nothing() -> None:
    basic = layer(("300.00", "0%"), (None, "80%"), caps=capped("0.00"))
    told = tell(policy(basic, REST), claim("a", "1000.00"))
    assert (told.paid(), told.paid("other")) == ([0], [70_000])


def test_what_a_cap_has_left_follows_what_was_paid_before() -> None:
    basic = layer((None, "50%"), caps=capped("800.00", counter="paid"))
    told = tell(policy(basic, counters="paid"), *(claim(name, "1000.00") for name in "abc"))
    assert told.paid() == [50_000, 30_000, 0]
    left = [int(told.result(k)[Result.CAP_LEFT]) for k in range(3)]
    assert left == [80_000, 30_000, 0]
    assert told.counters() == {"paid": 80_000}


def test_a_layer_without_a_cap_on_payment_shows_none_left() -> None:
    told = tell(policy(layer((None, "50%"), caps=capped("1.00", "cost"))), claim("a", "100.00"))
    assert told.result(0)[Result.CAP_LEFT] == NONE


def test_a_cap_without_a_counter_is_on_each_claim_alone() -> None:
    basic = layer((None, "50%"), caps=capped("400.00"))
    assert tell(policy(basic), claim("a", "1000.00"), claim("b", "1000.00")).paid() == [40_000] * 2


def test_a_cap_on_cost_counts_the_deductible_with_it() -> None:
    # 1,000 of the 1,500 are consumed: (1,000 - 100) x 80 % = 720.
    basic = layer((None, "80%"), deductible=per_stay("100.00"), caps=capped("1000.00", "cost"))
    told = tell(policy(basic, REST), claim("a", "1500.00"))
    assert (told.paid(), told.paid("other")) == ([72_000], [50_000])


def test_a_cap_on_cost_above_the_deductible_does_not() -> None:
    basic = layer(
        (None, "80%"),
        deductible=per_stay("100.00"),
        caps=capped("1000.00", "cost_above_deductible", "cost"),
    )
    told = tell(policy(basic, REST, counters="cost"), claim("a", "1500.00"))
    assert (told.paid(), told.paid("other")) == ([80_000], [40_000])
    assert told.counters() == {"cost": 100_000}


def test_a_cap_on_cost_below_the_deductible_cuts_the_deductible() -> None:
    basic = layer((None, "80%"), deductible=per_stay("800.00"), caps=capped("300.00", "cost"))
    told = tell(policy(basic), claim("a", "1500.00"))
    assert (told.paid(), told.fen("deductible_paid")) == ([0], [30_000])


def test_the_least_of_several_caps_holds() -> None:
    caps = capped("400.00", counter="paid") + capped("300.00") + capped("700.00", "cost")
    told = tell(policy(layer((None, "50%"), caps=caps), counters="paid"), claim("a", "2000.00"))
    assert told.paid() == [30_000]
    assert told.step(0, "inpatient.basic.cap") == 30_000


def test_a_cap_may_depend_on_class() -> None:
    caps = capped({"active": "300.00", "retired": "450.00"})
    given = policy(layer((None, "50%"), caps=caps))
    assert tell(given, claim("a", "1000.00")).paid() == [30_000]
    assert tell(given, claim("a", "1000.00"), person={"class": "retired"}).paid() == [45_000]


def test_two_layers_may_share_a_cap_within_a_claim() -> None:
    # The first pays 1,000 x 80 % = 800 of the shared 1,000; 200 are left for the second.
    basic = layer(("1000.00", "80%"), caps=capped("1000.00", counter="paid"))
    second = REST | {"caps": capped("1000.00", counter="paid")}
    told = tell(policy(basic, second, counters="paid"), claim("a", "2000.00"))
    assert (told.paid(), told.paid("other")) == ([80_000], [20_000])
    assert told.counters() == {"paid": 100_000}


def test_two_benefits_may_share_a_cap() -> None:
    given: Record = policy(
        layer((None, "50%"), caps=capped("500.00", counter="paid")), counters="paid"
    )
    given["benefits"]["outpatient"] = benefit(
        layer((None, "50%"), caps=capped("600.00", counter="paid")), visits=("outpatient",)
    )
    told = tell(given, claim("a", "800.00"), claim("b", "800.00", visit="outpatient"))
    assert told.paid() == [40_000, 20_000]


def test_rounding_band_by_band_does_not_pass_the_cap() -> None:
    # 0.005 + 0.005 = 0.01 meets the cap exactly; rounded band by band it would be 0.02.
    basic = layer(("0.01", "50%"), (None, "50%"), rounding="band", caps=capped("0.01"))
    told = tell(policy(basic, REST), claim("a", "0.02"))
    assert (told.paid(), told.paid("other")) == ([1], [0])


def test_a_cap_left_in_parts_of_a_fen_pays_whole_fen_and_consumes_exactly() -> None:
    # The first layer consumes 11,764.705882 fen, which the second layer's cap of 20,000 counts:
    # 8,235.294118 are left. It pays 8,235 fen and consumes all of them; 10,000 fen pass on.
    first = layer((None, "85%"), caps=capped("100.00"), feeds={"mixed": "cost"})
    second = layer(
        (None, "100%"),
        name="second",
        fund="large_amount",
        base=["over_cap.basic"],
        caps=capped("200.00", counter="mixed"),
    )
    third = REST | {"base": ["over_cap.second"]}
    told = tell(policy(first, second, third, counters="mixed"), claim("a", "300.00"))
    assert (told.paid(), told.paid("large_amount")) == ([10_000], [8_235])
    assert told.paid("other") == [10_000]
    assert told.fen("cash_paid") == [30_000 - 28_235]
