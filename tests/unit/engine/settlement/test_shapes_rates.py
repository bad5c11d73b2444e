"""The shapes of rates that bureaux use; figures worked by hand from the text of each."""

import datetime
from typing import Any

import pytest

from tests.unit.engine.settlement.stories import (
    Record,
    bands,
    burden,
    claim,
    layer,
    per_stay,
    policy,
    tell,
)

pytestmark = pytest.mark.kernel

LEVELS_AND_CLASSES = policy(
    layer(
        ("10000.00", {"active": {"L1": "92%", "L3": "88%"}, "retired": {"L1": "95%", "L3": "91%"}}),
        (None, "95%"),
    )
)


def born(age: int, on: datetime.date = datetime.date(2023, 3, 10)) -> datetime.date:
    return on.replace(year=on.year - age)


def rate(given: Record, person: Record | None = None, **of_claim: Any) -> str:
    """Return what the fund pays of 10,000 yuan, in yuan, or the code of a refusal."""
    told = tell(
        given, claim("a", "10000.00", **of_claim), person={"class": "active"} | (person or {})
    )
    [status] = told.statuses()
    return f"{told.paid()[0] / 100:.2f}" if status == "settled" else status


def adjusted(*entries: Record, to: str = "85%", **declared: object) -> Record:
    return policy(layer((None, to), adjust=list(entries))) | declared


def test_shape_11_bands_by_level_and_person_type() -> None:
    # Xi'an: 10,000 at 88 % and 10,000 at 95 % for the active; 91 % for the retired.
    for person, paid in (("active", 1_830_000), ("retired", 1_860_000)):
        told = tell(LEVELS_AND_CLASSES, claim("a", "20000.00"), person={"class": person})
        assert told.paid() == [paid]


def test_shape_11_bounds_that_differ_by_person() -> None:
    # Tianjin: 120,000 for the active, 180,000 for the retired.
    table = {
        "active": [{"to": "120000.00", "rate": "85%"}, {"to": None, "rate": "80%"}],
        "retired": [{"to": "180000.00", "rate": "90%"}, {"to": None, "rate": "80%"}],
    }
    given = policy(layer(bands={"position": "claim", "deductible_inside": True, "table": table}))
    for person, paid in (("active", 16_600_000), ("retired", 17_800_000)):
        # 120,000 x 85 % + 80,000 x 80 %; 180,000 x 90 % + 20,000 x 80 %.
        told = tell(given, claim("a", "200000.00"), person={"class": person})
        assert told.paid() == [paid]


def test_shape_11_rates_stated_as_the_persons_share() -> None:
    table = [{"to": None, "personal": "15%"}]
    given = policy(layer(bands={"position": "claim", "deductible_inside": True, "table": table}))
    assert rate(given) == "8500.00"


def test_shape_12_bands_along_the_years_cost_with_the_deductible_inside() -> None:
    # Qingdao: to 40,000 at 86 %, above at 95 %. The second stay begins at 30,000 on the bands.
    along = layer(
        deductible=per_stay("800.00"),
        bands=bands(("40000.00", "86%"), (None, "95%"), position="cost"),
    )
    told = tell(policy(along, counters="cost"), claim("a", "30000.00"), claim("b", "20000.00"))
    # 29,200 x 86 %; 9,200 x 86 % + 10,000 x 95 %.
    assert told.paid() == [2_511_200, 1_741_200]


def test_shape_12_the_same_bands_at_each_stay() -> None:
    along = layer(deductible=per_stay("800.00"), bands=bands(("40000.00", "86%"), (None, "95%")))
    told = tell(policy(along), claim("a", "30000.00"), claim("b", "20000.00"))
    assert told.paid() == [2_511_200, 1_651_200]


def test_shape_13_rates_need_not_rise() -> None:
    # Sanming: 90, 95, 90, 95 % to 200,000, 300,000, 400,000 and beyond.
    table = (("200000.00", "90%"), ("300000.00", "95%"), ("400000.00", "90%"), (None, "95%"))
    told = tell(policy(layer(*table)), claim("a", "500000.00"))
    # 180,000 + 95,000 + 90,000 + 95,000.
    assert told.paid() == [46_000_000]


@pytest.mark.parametrize(
    ("entry", "paid"),
    [
        ({"points": "2%"}, "8700.00"),  # Hunan: two points more
        ({"personal_times": "70%"}, "8950.00"),  # Guangzhou: 15 x 70 % = 10.5
        ({"personal_times": "10%"}, "9850.00"),  # Nanjing, workers from before 1949
    ],
)
def test_shape_14_the_retired_bear_less(entry: Record, paid: str) -> None:
    given = adjusted(entry | {"for": {"person_class": ["retired"]}})
    assert rate(given, {"class": "retired"}) == paid
    assert rate(given) == "8500.00"


def test_shape_14_a_further_supplement_halves_the_share_again() -> None:
    # Beijing: 15 % x 60 % = 9 %, of which a supplement pays half: 4.5 %.
    given = adjusted({"personal_times": "60%"}, {"personal_times": "50%"})
    assert rate(given) == "9550.00"


@pytest.mark.parametrize(
    ("age", "paid"), [(49, "8500.00"), (50, "8700.00"), (69, "8900.00"), (95, "9500.00")]
)
def test_shape_15_two_points_for_each_ten_years_from_fifty(age: int, paid: str) -> None:
    ages: Record = {f"from_{low}": [low, low + 10] for low in range(50, 90, 10)}
    ages = {"under_50": [0, 50], **ages, "from_90": [90, None]}
    points = [
        {"points": f"{2 * k}%", "for": {"age": [name]}} for k, name in enumerate(list(ages)[1:], 1)
    ]
    given = adjusted(*points, ages=ages)
    assert rate(given, {"birth_date": born(age)}) == paid


def test_shape_15_age_points_stop_at_the_whole() -> None:
    ages = {"young": [0, 90], "old": [90, None]}
    given = adjusted({"points": "10%", "for": {"age": ["old"]}}, to="92%", ages=ages)
    assert rate(given, {"birth_date": born(95)}) == "10000.00"


@pytest.mark.parametrize(
    ("age", "paid"), [(40, "8300.00"), (50, "8500.00"), (41, "8320.00"), (130, "10000.00")]
)
def test_shape_15_a_rate_that_rises_with_every_year_of_age(age: int, paid: str) -> None:
    # Chengdu before 2009: 75 + 0.2 x age.
    given = adjusted({"points": "0.2%", "per": "age", "from": 0}, to="75%")
    assert rate(given, {"birth_date": born(age)}) == paid


def test_shape_15_the_years_of_age_that_count_may_have_an_end() -> None:
    given = adjusted({"points": "1%", "per": "age", "from": 50, "to": 60}, to="80%")
    paid = [rate(given, {"birth_date": born(age)}) for age in (50, 55, 60, 80)]
    assert paid == ["8000.00", "8500.00", "9000.00", "9000.00"]


def test_shape_15_without_an_age_there_are_no_terms() -> None:
    given = adjusted({"points": "0.2%", "per": "age", "from": 0}, to="75%")
    assert rate(given) == "no_terms"


@pytest.mark.parametrize(
    ("sex", "years", "paid"),
    [
        ("male", 30, "8500.00"),
        ("male", 27, "7600.00"),
        ("female", 27, "8500.00"),
        ("female", 24, "8200.00"),
        ("male", 0, "0.00"),
    ],
)
def test_shape_15_three_points_less_for_each_missing_year(sex: str, years: int, paid: str) -> None:
    # Hainan: the full 85 % needs 30 years of contributions from men, 25 from women.
    missing = [
        {"points": "-3%", "per": "contribution_years", "below": below, "for": {"sex": [who]}}
        for who, below in (("male", 30), ("female", 25))
    ]
    given = adjusted(*missing, sexes=["male", "female"])
    assert rate(given, {"sex": sex, "contribution_years": years}) == paid


def test_shape_15_years_that_nobody_tells_leave_no_terms() -> None:
    given = adjusted({"points": "-3%", "per": "contribution_years", "below": 30})
    assert rate(given) == "no_terms"


def test_shape_15_thirty_working_years_bear_the_share_of_the_retired() -> None:
    # Hefei: halved for the retired and for the active with thirty working years.
    years = {"under_30": [0, 30], "from_30": [30, None]}
    halved = {"personal_times": "50%", "for": {"contribution_years": ["from_30"]}}
    given = adjusted(halved, to="90%", contribution_years=years)
    found = [rate(given, {"contribution_years": held}) for held in (29, 30)]
    assert found == ["9000.00", "9500.00"]


def test_shape_15_bands_at_nothing_get_no_points() -> None:
    entry = {"points": "0.2%", "per": "age", "from": 0}
    given = policy(layer(("10000.00", "0%"), (None, "75%"), adjust=[entry]))
    told = tell(given, claim("a", "20000.00"), person={"class": "active", "birth_date": born(40)})
    assert told.paid() == [830_000]


def test_shape_15_the_receipt_shows_the_years_and_the_rate_that_they_make() -> None:
    given = adjusted({"points": "0.2%", "per": "age", "from": 0}, to="75%")
    told = tell(given, claim("a", "100.00"), person={"class": "active", "birth_date": born(40)})
    texts = [line.text for line in told.explanation(0, "en")]
    assert "rates changed by 8% for 40 years" in texts
    assert "band 1 (above 0.00): cost 100.00 paid at 83%: 83.00" in texts


def test_shape_16_premium_tiers_by_level() -> None:
    # Qingdao, third level: 70 % in the first tier, 55 % in the second.
    given = policy(layer((None, {"first": "70%", "second": "55%"}))) | {
        "tiers": ["first", "second"]
    }
    assert [rate(given, {"tier": tier}) for tier in ("first", "second")] == ["7000.00", "5500.00"]


def test_shape_16_ten_points_more_for_minors_and_students() -> None:
    given = adjusted({"points": "10%", "for": {"age": ["minor"]}}, to="80%") | {
        "ages": {"minor": [0, 18], "adult": [18, None]}
    }
    assert rate(given, {"birth_date": born(17)}) == "9000.00"


def test_shape_16_another_rate_for_listed_diseases() -> None:
    # Foshan, third level: 90 % instead of 85 %.
    given = policy(layer((None, {"listed": "90%", "other": "85%"}))) | {
        "diseases": {"listed": ["C"], "other": []}
    }
    found = [rate(given, disease=code) for code in ("C22.0", "K80.1")]
    assert found == ["9000.00", "8500.00"]


def test_shape_16_a_hospitals_owner_is_a_level() -> None:
    given = policy(layer((None, {"L3": "75%", "L3_district": "78%"})))
    given["levels"] = ["L3", "L3_district"]
    assert rate(given, level="L3_district") == "7800.00"


def test_shape_17_the_funds_rate_times_a_factor() -> None:
    # Shenzhen: emergency at a hospital that does not settle, 90 % x 0.90.
    filings = {"settling": ["local"], "not_settling": ["not_networked"]}
    factor = {"times": "90%", "for": {"filing": ["not_settling"]}}
    given = adjusted(factor, to="90%", filings=filings)
    found = [rate(given, filing=how) for how in ("local", "not_networked")]
    assert found == ["9000.00", "8100.00"]


GUARANTEED = {"rate": "45%", "of": ["covered", "off_list"], "after_deductible": True}


def guaranteed(**changes: object) -> Record:
    """Return 800 deductible and 60 %, with at least 45 % of what is above the deductible."""
    return policy(
        layer(
            (None, "60%"),
            deductible=per_stay("800.00"),
            guaranteed=GUARANTEED | changes,
        )
    )


def test_shape_17_at_least_a_share_of_the_whole_stay() -> None:
    # Bengbu: 10,000 of which 6,000 are off the list. By rates (4,000 - 800) x 60 % = 1,920;
    # guaranteed (10,000 - 800) x 45 % = 4,140, of which the co-pay lets 3,200 be paid.
    told = tell(guaranteed(), claim("a", "10000.00", self_pay_off_list="6000.00"))
    assert told.paid() == [320_000]
    assert told.fen("deductible_paid") == [80_000]
    # 10,000 of which 4,000 are off the list: 3,120 by rates, 4,140 guaranteed.
    told = tell(guaranteed(), claim("a", "10000.00", self_pay_off_list="4000.00"))
    assert told.paid() == [414_000]
    assert told.fen("person_total") == [586_000]
    assert told.step(0, "inpatient.basic.guaranteed") == 414_000


def test_shape_17_rates_that_pay_more_stand() -> None:
    told = tell(guaranteed(), claim("a", "10000.00"))
    assert told.paid() == [552_000]


def test_shape_17_the_share_may_be_of_the_whole_with_the_deductible() -> None:
    told = tell(
        guaranteed(after_deductible=False), claim("a", "10000.00", self_pay_off_list="4000.00")
    )
    assert told.paid() == [450_000]


def test_shape_17_the_guaranteed_payment_is_bounded_by_the_cap() -> None:
    given = guaranteed()
    given["benefits"]["inpatient"]["history"][0]["layers"][0]["caps"] = [
        {"on": "payment", "amount": "4000.00"}
    ]
    told = tell(given, claim("a", "10000.00", self_pay_off_list="4000.00"))
    assert told.paid() == [400_000]


PRICED = policy(
    layer(
        (None, "70%"),
        deductible=per_stay(["800.00", "400.00"]),
        price={"listed": "8000.00", "other": "none"},
    ),
    counters="stays",
    ordinal="stays",
) | {"diseases": {"listed": ["K35"], "other": []}}


def test_shape_18_a_single_disease_standard_whatever_was_billed() -> None:
    # Standard 8,000 at 70 % on a bill of 6,500: the fund pays 5,600, the person 2,400.
    told = tell(PRICED, claim("a", "6500.00", disease="K35.8", self_pay_off_list="500.00"))
    assert told.paid() == [560_000]
    assert told.fen("person_total") == [240_000]
    assert told.fen("hospital_part") == [-150_000]
    assert told.fen("deductible_paid") == [0]
    assert (told.fen("covered"), told.fen("self_pay_off_list")) == ([600_000], [50_000])


def test_shape_18_a_dearer_bill_is_the_hospitals_loss() -> None:
    told = tell(PRICED, claim("a", "11000.00", disease="K35.8"))
    assert told.fen("person_total") == [240_000]
    assert told.fen("hospital_part") == [300_000]
    assert told.step(0, "inpatient.basic.hospital") == 300_000


def test_shape_18_the_stay_counts_and_other_diseases_are_paid_as_ever() -> None:
    told = tell(
        PRICED,
        claim("a", "6500.00", disease="K35.8"),
        claim("b", "10400.00", disease="I10"),
        claim("c", "6500.00", disease="K35.2"),
        {"id": "undo", "kind": "cancel", "of": "c"},
    )
    # The second stay of the year: (10,400 - 400) x 70 %.
    assert told.paid() == [560_000, 700_000, 560_000, -560_000]
    assert told.fen("hospital_part") == [-150_000, 0, -150_000, 150_000]


def test_shape_18_later_layers_read_the_persons_share() -> None:
    given = policy(
        layer((None, "70%"), price="8000.00"),
        burden((None, "50%"), base=["copay.basic"], pays_off=["copay.basic"]),
    )
    told = tell(given, claim("a", "6500.00", self_pay_off_list="500.00"))
    assert told.paid("serious_illness") == [120_000]
    assert told.fen("person_total") == [120_000]
