"""Bands, positions and rounding, with figures worked by hand."""

import pytest

from tests.unit.engine.settlement.stories import bands, claim, layer, per_stay, policy, tell

pytestmark = pytest.mark.kernel

TWO = (("10000.00", "80%"), (None, "90%"))


def test_each_slice_is_paid_at_the_rate_of_its_band() -> None:
    # 10,000 x 80 % + 2,000 x 90 % = 9,800.
    told = tell(policy(layer(*TWO)), claim("a", "12000.00"))
    assert told.paid() == [980_000]
    assert (told.step(0, "inpatient.basic.bands.1"), told.step(0, "inpatient.basic.bands.2")) == (
        800_000,
        180_000,
    )


def test_a_deductible_inside_takes_room_in_the_first_band() -> None:
    # 800..10,000 at 80 % = 7,360; 10,000..12,000 at 90 % = 1,800.
    told = tell(policy(layer(*TWO, deductible=per_stay("800.00"))), claim("a", "12000.00"))
    assert told.paid() == [916_000]


def test_a_deductible_outside_leaves_the_first_band_whole() -> None:
    # 12,000 - 800 = 11,200: 10,000 at 80 % = 8,000; 1,200 at 90 % = 1,080.
    outside = layer(deductible=per_stay("800.00"), bands=bands(*TWO, inside=False))
    told = tell(policy(outside), claim("a", "12000.00"))
    assert told.paid() == [908_000]


def test_a_deductible_inside_may_pass_the_first_band() -> None:
    told = tell(
        policy(layer(("500.00", "50%"), (None, "90%"), deductible=per_stay("800.00"))),
        claim("a", "1000.00"),
    )
    assert told.paid() == [18_000]
    assert "inpatient.basic.bands.1" not in [line.rule for line in told.explanation(0)]


def test_the_next_claim_begins_where_the_year_stands() -> None:
    # 6,000 x 80 %; then 4,000 x 80 % + 2,000 x 90 %.
    told = tell(
        policy(layer(bands=bands(*TWO, position="cost")), counters="cost"),
        claim("a", "6000.00"),
        claim("b", "6000.00"),
    )
    assert told.paid() == [480_000, 500_000]
    assert told.counters() == {"cost": 1_200_000}


def test_a_position_counts_the_deductible_only_where_it_lies_inside() -> None:
    def cost(*, inside: bool) -> int:
        table = bands(*TWO, position="cost", inside=inside)
        given = policy(layer(bands=table, deductible=per_stay("800.00")), counters="cost")
        told = tell(given, claim("a", "6000.00"))
        found: int = told.counters()["cost"]
        return found

    assert cost(inside=True) == 600_000
    assert cost(inside=False) == 520_000


def test_a_claim_that_begins_beyond_every_bound_is_paid_in_the_last_band() -> None:
    told = tell(
        policy(layer(bands=bands(*TWO, position="cost")), counters="cost"),
        claim("a", "100.00"),
        state={"counters": {"cost": "10000.00"}},
    )
    assert told.paid() == [9_000]


def test_a_last_band_with_an_end_passes_the_rest_on() -> None:
    large = layer((None, "95%"), name="large", fund="large_amount", base=["over_cap.basic"])
    told = tell(policy(layer(("400000.00", "90%")), large), claim("a", "500000.00"))
    assert (told.paid(), told.paid("large_amount")) == ([36_000_000], [9_500_000])
    assert told.step(0, "inpatient.basic.cost_limit") == 40_000_000


def test_beyond_the_last_end_nothing_is_consumed_and_no_deductible_taken() -> None:
    table = bands(("1000.00", "90%"), position="cost")
    told = tell(
        policy(layer(bands=table, deductible=per_stay("100.00")), counters="cost"),
        claim("a", "500.00"),
        state={"counters": {"cost": "1000.00"}},
    )
    assert (told.paid(), told.fen("deductible_paid")) == ([0], [0])
    assert told.counters() == {"cost": 100_000}


def test_with_the_deductible_outside_it_comes_on_top_of_the_last_end() -> None:
    # 100 of deductible and 1,000 of cost are consumed, 400 pass on.
    table = bands(("1000.00", "90%"), inside=False)
    given = policy(
        layer(bands=table, deductible=per_stay("100.00")),
        layer((None, "100%"), name="rest", fund="other", base=["over_cap.basic"]),
    )
    told = tell(given, claim("a", "1500.00"))
    assert (told.paid(), told.paid("other")) == ([90_000], [40_000])


def test_a_layer_rounds_the_sum_of_its_bands_once() -> None:
    # 0.05 x 50 % + 0.05 x 50 % = 0.05 exactly; band by band 0.03 + 0.03 (half up) = 0.06.
    table = (("0.05", "50%"), (None, "50%"))
    assert tell(policy(layer(*table)), claim("a", "0.10")).paid() == [5]
    assert tell(policy(layer(*table, rounding="band")), claim("a", "0.10")).paid() == [6]


def test_half_a_fen_is_rounded_up_and_less_is_not() -> None:
    # 0.01 x 50 % = 0.005; 0.01 x 49.9999 % lies just below.
    assert tell(policy(layer((None, "50%"))), claim("a", "0.01")).paid() == [1]
    assert tell(policy(layer((None, "49.9999%"))), claim("a", "0.01")).paid() == [0]


def test_bands_rounded_up_never_pay_more_than_the_cost() -> None:
    # 0.01 in each of three bands at 95.5 % would be rounded up to 0.03, which is the cost itself.
    table = (("0.01", "95.5%"), ("0.02", "95.5%"), (None, "95.5%"))
    assert tell(policy(layer(*table, rounding="band")), claim("a", "0.03")).paid() == [3]


def test_rates_may_depend_on_class_and_level() -> None:
    by_both = {"active": {"L1": "80%", "L3": "70%"}, "retired": "90%"}
    given = policy(layer((None, by_both)))
    first = claim("a", "100.00", level="L1")
    told = tell(given, first, claim("b", "100.00"))
    assert told.paid() == [8_000, 7_000]
    assert tell(given, claim("b", "100.00"), person={"class": "retired"}).paid() == [9_000]


def test_nothing_claimed_is_settled_with_nothing_paid() -> None:
    told = tell(policy(layer(*TWO, deductible=per_stay("800.00"))), claim("a", "0.00"))
    assert (told.statuses(), told.fen("total"), told.paid()) == (["settled"], [0], [0])
