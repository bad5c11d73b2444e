"""The shapes of caps and of layers above basic insurance; figures worked by hand."""

import datetime

import pytest

from tests.unit.engine.settlement.stories import (
    Record,
    annual,
    bands,
    benefit,
    burden,
    capped,
    claim,
    layer,
    per_stay,
    policy,
    tell,
)

pytestmark = pytest.mark.kernel

WHOLE_BURDEN = {
    "base": ["deductible.basic", "copay.basic"],
    "pays_off": ["copay.basic", "deductible.basic"],
}


def test_shape_24_a_cap_on_payment_turned_back_into_cost() -> None:
    # Deductible 800, 90 % to 40,000 then 80 %, cap 40,000: (40,000 - 800) x 90 % = 35,280, and
    # the 4,720 that are left are 5,900 of cost: 45,900 consumed, 14,100 of 60,000 pass on.
    given = policy(
        layer(
            ("40000.00", "90%"),
            (None, "80%"),
            deductible=per_stay("800.00"),
            caps=capped("40000.00", counter="paid"),
            feeds={"cost": "cost"},
        ),
        layer((None, "95%"), name="large", fund="large_amount", base=["over_cap.basic"]),
        counters="paid cost",
    )
    told = tell(given, claim("a", "60000.00"))
    assert told.paid() == [4_000_000]
    assert told.counters() == {"paid": 4_000_000, "cost": 4_590_000}
    # 14,100 x 95 %.
    assert told.paid("large_amount") == [1_339_500]


def test_shape_24_a_cap_on_covered_cost_with_the_persons_part() -> None:
    # Wuhan: 240,000 of covered cost, the person's part inside.
    given = policy(
        layer(
            (None, "86%"),
            deductible=per_stay("800.00"),
            caps=capped("240000.00", on="cost", counter="cost"),
        ),
        counters="cost",
    )
    told = tell(given, claim("a", "200000.00"), claim("b", "100000.00"))
    # (200,000 - 800) x 86 %; 40,000 are left: (40,000 - 800) x 86 %.
    assert told.paid() == [17_131_200, 3_371_200]


def test_shape_25_a_cap_shared_by_in_and_out_patients() -> None:
    given = policy(layer((None, "80%"), caps=capped("1000.00", counter="paid")), counters="paid")
    shared = layer((None, "50%"), caps=capped("1000.00", counter="paid"))
    given["benefits"]["outpatient"] = benefit(shared, visits=("outpatient",))
    told = tell(given, claim("a", "1000.00"), claim("b", "1000.00", visit="outpatient"))
    assert told.paid() == [80_000, 20_000]


def test_shape_25_a_multiple_of_the_average_wage() -> None:
    # Chengdu: four times 8,084 are 32,336.
    four = {"share": "400%", "of": "average_wage"}
    given = policy(layer((None, "100%"), caps=capped(four, counter="paid")), counters="paid")
    given["bases"] = {"average_wage": [{"from": datetime.date(2022, 1, 1), "amount": "8084.00"}]}
    assert tell(given, claim("a", "50000.00")).paid() == [3_233_600]


@pytest.mark.parametrize(("months", "cap"), [(5, 16_480_000), (72, 98_850_000)])
def test_shape_25_by_months_of_unbroken_enrolment(months: int, cap: int) -> None:
    # Shenzhen: 164,800 below six months, 988,500 from seventy-two on.
    amounts = {"under_6": "164800.00", "middle": "500000.00", "from_72": "988500.00"}
    given = policy(layer((None, "100%"), caps=capped(amounts, counter="paid")), counters="paid")
    given["enrolled_months"] = {"under_6": [0, 6], "middle": [6, 72], "from_72": [72, None]}
    told = tell(given, claim("a", "2000000.00", enrolled_months=months))
    assert told.paid() == [cap]


def test_shape_25_one_maximum_over_all_layers() -> None:
    # Qingyuan: basic to 65,000, large to 600,000, and 900,000 over all layers; here 70,000.
    over_all = {"on": "payment", "amount": "70000.00", "counter": "all"}
    own = capped("65000.00", counter="paid")
    given = policy(
        layer((None, "91%"), caps=[*own, over_all]),
        layer(
            (None, "95%"),
            name="large",
            fund="large_amount",
            base=["over_cap.basic"],
            caps=[over_all],
        ),
        counters="paid all",
    )
    told = tell(given, claim("a", "100000.00"))
    assert (told.paid(), told.paid("large_amount")) == ([6_500_000], [500_000])
    assert told.counters()["all"] == 7_000_000


def chronic(cap: object, on: str = "cost", scope: str = "month+disease") -> Record:
    used = layer((None, "75%"), caps=capped(cap, on=on, counter="used"))
    given = policy(layer((None, "80%")), counters=f"used:{scope}")
    given["benefits"]["chronic"] = benefit(used, visits=("chronic",))
    return given


def buy(name: str, total: str, on: str, disease: str = "G40", **more: object) -> Record:
    return claim(name, total, on, visit="chronic", disease=disease, **more)


def test_shape_26_a_monthly_limit_on_cost_before_the_rate() -> None:
    # Anyang, epilepsy: 300 of cost a month at 75 %.
    told = tell(
        chronic("300.00"),
        buy("a", "200.00", "2023-03-01"),
        buy("b", "200.00", "2023-03-20"),
        buy("c", "200.00", "2023-04-01"),
    )
    assert told.paid() == [15_000, 7_500, 15_000]


def test_shape_26_three_times_the_monthly_mean() -> None:
    given = chronic({"share": "300%", "of": "monthly_mean"})
    given["bases"] = {"monthly_mean": [{"from": datetime.date(2023, 1, 1), "amount": "120.00"}]}
    assert tell(given, buy("a", "500.00", "2023-03-01")).paid() == [27_000]


@pytest.mark.parametrize(("held", "paid"), [(1, 200_000), (2, 300_000), (4, 500_000)])
def test_shape_26_a_sum_more_for_each_further_disease(held: int, paid: int) -> None:
    # Kunming: 2,000 for one disease, 1,000 more for each further one, 5,000 at most.
    amounts = {"one": "2000.00", "two": "3000.00", "three": "4000.00", "more": "5000.00"}
    given = chronic(amounts, on="payment", scope="year")
    counts = {"none_held": [0, 1], "one": [1, 2], "two": [2, 3], "three": [3, 4], "more": [4, 6]}
    given["registered_diseases"] = counts
    amounts["none_held"] = "unavailable"
    told = tell(given, buy("a", "9000.00", "2023-03-01", registered_diseases=held))
    assert told.paid() == [paid]


def test_shape_26_more_diseases_than_may_be_held_have_no_terms() -> None:
    # Zhaoqing: five diseases at most.
    given = chronic({"few": "300.00", "many": "400.00"})
    given["registered_diseases"] = {"few": [0, 3], "many": [3, 6]}
    told = tell(given, buy("a", "900.00", "2023-03-01", registered_diseases=6))
    assert told.statuses() == ["no_terms"]


@pytest.mark.parametrize(("end", "paid"), [(None, 4_750_000), ("30000.00", 2_850_000)])
def test_shape_27_above_the_cap_at_a_flat_rate_with_or_without_a_limit(
    end: str | None, paid: int
) -> None:
    # Basic 90 % to 90,000 paid; of the 50,000 above, 95 %, or 95 % of 30,000.
    given = policy(
        layer((None, "90%"), caps=capped("90000.00", counter="paid")),
        layer((end, "95%"), name="large", fund="large_amount", base=["over_cap.basic"]),
        counters="paid",
    )
    assert tell(given, claim("a", "150000.00")).paid("large_amount") == [paid]


def test_shape_27_a_refund_of_the_persons_part_inside_the_basic_band() -> None:
    # Guilin: half of the year's co-pay above 8,000.
    given = policy(
        layer((None, "80%")),
        burden(
            (None, "50%"),
            name="refund",
            fund="large_amount",
            base=["copay.basic"],
            pays_off=["copay.basic"],
            mode="incremental",
            total="copay",
            deductible=annual("8000.00"),
        ),
        counters="copay",
    )
    told = tell(given, claim("a", "30000.00"), claim("b", "30000.00"))
    # Co-pays of 6,000 each: (12,000 - 8,000) x 50 %.
    assert told.paid("large_amount") == [0, 200_000]


@pytest.mark.parametrize(
    ("base", "paid"),
    [
        (["deductible.basic", "copay.basic"], 168_000),
        (["first_share", "deductible.basic", "copay.basic"], 288_000),
        (["deductible.basic", "copay.basic", "over_cap.basic"], 720_000),
    ],
)
def test_shape_28_what_serious_illness_insurance_reads(base: list[str], paid: int) -> None:
    # 42,000 with a first share of 2,000. Basic: deductible 800; the cap of 24,000 of payment is
    # used up by 30,000 of cost: co-pay 6,000, passed on 9,200. Here 60 % from 4,000 on.
    given = policy(
        layer((None, "80%"), deductible=per_stay("800.00"), caps=capped("24000.00")),
        burden((None, "60%"), base=base, pays_off=base, deductible=per_stay("4000.00")),
    )
    told = tell(given, claim("a", "42000.00", self_pay_first_share="2000.00"))
    # (6,800 - 4,000) x 60 %; (8,800 - 4,000) x 60 %; (16,000 - 4,000) x 60 %.
    assert told.paid("serious_illness") == [paid]


def test_shape_28_less_what_the_employers_supplement_paid() -> None:
    # Beijing: the supplement pays half of the co-pay first, and lowers what is left to read.
    base = ["deductible.basic", "copay.basic"]
    given = policy(
        layer((None, "80%"), deductible=per_stay("1000.00")),
        burden(
            (None, "50%"),
            name="employer",
            fund="enterprise",
            base=["copay.basic"],
            pays_off=["copay.basic"],
        ),
        burden((None, "60%"), base=base, pays_off=base, deductible=per_stay("2000.00")),
    )
    told = tell(given, claim("a", "51000.00"))
    # Co-pay 10,000, of which 5,000 are left; (1,000 + 5,000 - 2,000) x 60 %.
    assert told.paid("enterprise") == [500_000]
    assert told.paid("serious_illness") == [240_000]


@pytest.mark.parametrize(("inside", "paid"), [(True, 2_510_000), (False, 2_450_000)])
def test_shape_29_bands_that_count_the_deductible_or_begin_above_it(
    *, inside: bool, paid: int
) -> None:
    # 12,000 deductible; to 30,000 at 60 %, above at 65 %; a burden of 52,000.
    table = bands(("30000.00", "60%"), (None, "65%"), inside=inside)
    given = policy(layer((None, "0%")), burden(bands=table, deductible=per_stay("12000.00")))
    # Inside: 18,000 x 60 % + 22,000 x 65 %; above: 30,000 x 60 % + 10,000 x 65 %.
    assert tell(given, claim("a", "52000.00")).paid("serious_illness") == [paid]


TILTED = policy(
    layer((None, "0%")),
    burden(
        (None, "60%"),
        mode="incremental",
        total="burden",
        deductible=annual({"retired": "10000.00", "active": "5000.00"}),
        adjust=[{"points": "5%", "for": {"person_class": ["active"]}}],
        caps=capped({"retired": "30000.00", "active": "unlimited"}, counter="paid"),
    ),
    counters="burden paid",
)
"""Here `active` stands for the poor and `retired` for everybody else."""


@pytest.mark.parametrize(
    ("person", "paid"), [("retired", [3_000_000, 0]), ("active", [6_175_000, 3_250_000])]
)
def test_shape_31_half_the_deductible_five_points_more_and_no_cap_for_the_poor(
    person: str, paid: list[int]
) -> None:
    told = tell(
        TILTED,
        claim("a", "100000.00"),
        claim("b", "50000.00"),
        person={"class": person},
    )
    # (100,000 - 10,000) x 60 % = 54,000, capped at 30,000; (100,000 - 5,000) x 65 %, 50,000 x 65 %.
    assert told.paid("serious_illness") == paid


def test_shape_31_an_unlimited_cap_still_counts_what_it_would_limit() -> None:
    told = tell(TILTED, claim("a", "100000.00"), person={"class": "active"})
    assert told.counters()["paid"] == 6_175_000


def test_shape_33_a_supplement_to_deductible_and_co_pay_and_the_years_own_maximum() -> None:
    # Civil servants: 80 % of the deductible and of the co-pay; what is still borne beyond 1,000
    # a year is paid in full.
    given = policy(
        layer((None, "80%"), deductible=per_stay("500.00")),
        burden((None, "80%"), name="supplement", fund="civil_servant", **WHOLE_BURDEN),
        burden(
            (None, "100%"),
            name="maximum",
            fund="civil_servant",
            mode="incremental",
            total="borne",
            deductible=annual("1000.00"),
            **WHOLE_BURDEN,
        ),
        counters="borne",
    )
    told = tell(given, claim("a", "10500.00"), claim("b", "20500.00"))
    # Borne 2,500 and 4,500; after the supplement 500 and 900; the second passes 1,000 by 400.
    assert told.paid("civil_servant") == [200_000, 400_000]
    assert told.fen("person_total") == [50_000, 50_000]


@pytest.mark.parametrize(
    ("pays_off", "supplement"),
    [
        (["copay.basic", "deductible.basic"], 81_000),
        ({"pro_rata": ["deductible.basic", "copay.basic"]}, 95_526),
        ({"pro_rata": ["copay.basic", "deductible.basic"]}, 95_526),
        (["deductible.basic", "copay.basic"], 121_000),
    ],
)
def test_the_file_says_in_which_order_a_payment_lowers_the_burden(
    pays_off: object, supplement: int
) -> None:
    # Deductible 800, co-pay 3,000; serious illness from 1,500 at 60 % pays 1,380; then half of
    # the co-pay that is left: of 1,620, of 3,000 - 1,380 x 3,000 / 3,800, or of 2,420.
    given = policy(
        layer((None, "80%"), deductible=per_stay("800.00")),
        burden((None, "60%"), deductible=per_stay("1500.00"), pays_off=pays_off),
        burden(
            (None, "50%"),
            name="supplement",
            fund="civil_servant",
            base=["copay.basic"],
            pays_off=["copay.basic"],
        ),
    )
    told = tell(given, claim("a", "15800.00"))
    assert told.paid("serious_illness") == [138_000]
    assert told.paid("civil_servant") == [supplement]


def test_three_increments_of_a_fen_at_half_pay_two_fen_in_all() -> None:
    half = burden((None, "50%"), mode="incremental", total="burden")
    given = policy(layer((None, "0%")), half, counters="burden")
    told = tell(given, *(claim(name, "0.01") for name in "abc"))
    # f(0.01) = 0.01, f(0.02) = 0.01, f(0.03) = 0.02.
    assert told.paid("serious_illness") == [1, 0, 1]
