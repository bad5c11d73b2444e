"""Ways of serious illness, assistance and used-up quotas beside the usual; figures by hand."""

import pytest

from tests.unit.engine.settlement.stories import (
    annual,
    bands,
    burden,
    capped,
    claim,
    layer,
    policy,
    tell,
)

pytestmark = pytest.mark.kernel

ABOVE = bands(("50000.00", "60%"), (None, "70%"), inside=False)


@pytest.mark.parametrize(("once_a_year", "paid"), [(False, 24_000_00), (True, 28_000_00)])
def test_shape_30_what_was_left_unpaid_is_accumulated_or_never_again(
    once_a_year: bool, paid: int
) -> None:
    mode = {"mode": "incremental", "total": "borne", "deductible": annual("10000.00")}
    alone = {"deductible": annual("10000.00", "filled")}
    counters = "borne" if once_a_year else "filled"
    serious = burden(bands=ABOVE, **(mode if once_a_year else alone))
    given = policy(layer((None, "0%")), serious, counters=counters)
    told = tell(given, claim("a", "60000.00"), claim("b", "40000.00"))
    # The first: 50,000 x 60 %. The second alone: 40,000 x 60 %; on the sum of the year x 70 %.
    assert told.paid("serious_illness") == [30_000_00, paid]


def test_shape_30_five_points_more_for_each_further_hundred_thousand() -> None:
    rising = bands(
        ("100000.00", "65%"),
        ("200000.00", "70%"),
        ("300000.00", "75%"),
        (None, "80%"),
        inside=False,
    )
    serious = burden(bands=rising, mode="incremental", total="borne", deductible=annual("10000.00"))
    told = tell(policy(layer((None, "0%")), serious, counters="borne"), claim("a", "260000.00"))
    # 100,000 x 65 % + 100,000 x 70 % + 50,000 x 75 %.
    assert told.paid("serious_illness") == [172_500_00]


def test_shape_32_ordinary_and_serious_stays_have_caps_of_their_own() -> None:
    one, other = (
        burden(
            (None, rates),
            name=name,
            fund="assistance",
            caps=capped(cap, counter=name),
        )
        for name, rates, cap in (
            ("ordinary", {"grave": "0%", "other": "70%"}, "5000.00"),
            ("grave_stays", {"grave": "80%", "other": "0%"}, "20000.00"),
        )
    )
    given = policy(layer((None, "0%")), one, other, counters="ordinary grave_stays")
    given["diseases"] = {"grave": ["C"], "other": []}
    told = tell(
        given,
        claim("a", "10000.00", disease="J06"),
        claim("b", "20000.00", disease="C34"),
        claim("c", "10000.00", disease="C34"),
    )
    # 7,000 held at 5,000; 16,000; 8,000 held at the 4,000 that are left of 20,000.
    assert told.paid("assistance") == [5_000_00, 16_000_00, 4_000_00]


@pytest.mark.parametrize(("person", "paid"), [("active", 5_600_00), ("retired", 4_200_00)])
def test_shape_32_deductible_rate_and_cap_go_by_class(person: str, paid: int) -> None:
    assistance = burden(
        (None, {"active": "70%", "retired": "60%"}),
        fund="assistance",
        deductible=annual({"active": "2000.00", "retired": "3000.00"}, "filled"),
        caps=capped({"active": "30000.00", "retired": "20000.00"}, counter="granted"),
    )
    given = policy(layer((None, "0%")), assistance, counters="filled granted")
    # (10,000 - 2,000) x 70 %; (10,000 - 3,000) x 60 %.
    assert tell(given, claim("a", "10000.00"), person={"class": person}).paid("assistance") == [
        paid
    ]


def test_shape_34_a_used_up_quota_falls_to_ordinary_pooling_without_a_new_deductible() -> None:
    quota = layer((None, "80%"), name="quota", caps=capped("300.00", "cost", "month"))
    pooling = layer((None, "50%"), name="pooling", base=["over_cap.quota"])
    told = tell(
        policy(quota, pooling, counters="month:month"),
        claim("a", "500.00"),
        claim("b", "100.00"),
        claim("c", "100.00", on="2023-04-10"),
    )
    # 300 x 80 % + 200 x 50 %; 100 x 50 %; a new month: 100 x 80 %.
    assert told.paid() == [340_00, 50_00, 80_00]
    assert told.fen("deductible_paid") == [0, 0, 0]
