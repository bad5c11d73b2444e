"""The shapes of deductibles that bureaux use; figures worked by hand from the text of each."""

import datetime

import pytest

from engine.policy.values import UNAVAILABLE
from tests.unit.engine.settlement.stories import (
    Record,
    Told,
    annual,
    benefit,
    claim,
    layer,
    per_stay,
    policy,
    tell,
)

pytestmark = pytest.mark.kernel


def stays(deductible: Record, counters: str = "", rate: str = "80%", **entry: object) -> Record:
    """Return a policy of one layer with this deductible."""
    return policy(layer((None, rate), deductible=deductible), counters=counters, **entry)


def deductibles(told: Told) -> list[float]:
    """Return the deductible of each event in yuan."""
    return [fen / 100 for fen in told.fen("deductible_paid")]


def test_shape_1_a_fixed_amount_by_level_at_every_stay() -> None:
    # Kunming 2019: 400 at the first level, 880 at the third, at every admission.
    told = tell(
        stays(per_stay({"L1": "400.00", "L3": "880.00"})),
        claim("a", "10000.00", level="L1"),
        claim("b", "10000.00"),
        claim("c", "10000.00"),
    )
    assert deductibles(told) == [400, 880, 880]


@pytest.mark.parametrize(("person", "amount"), [("active", 1600), ("retired", 1120)])
def test_shape_1_another_amount_for_the_retired(person: str, amount: int) -> None:
    # Guangzhou before December 2022: 1,600 for the active, 1,120 for the retired.
    given = stays(per_stay({"active": "1600.00", "retired": "1120.00"}))
    told = tell(given, claim("a", "10000.00"), person={"class": person})
    assert deductibles(told) == [amount]


def test_shape_1_half_for_children() -> None:
    given = stays(per_stay({"child": "650.00", "adult": "1300.00"})) | {
        "ages": {"child": [0, 18], "adult": [18, None]}
    }
    born = datetime.date(2010, 1, 1)
    told = tell(given, claim("a", "10000.00"), person={"class": "active", "birth_date": born})
    assert deductibles(told) == [650]


def test_shape_2_a_list_by_admission_number() -> None:
    # Xi'an, third level: 650, 550, 350, then nothing.
    amounts = ["650.00", "550.00", "350.00", "0.00"]
    given = stays(per_stay(amounts), counters="stays", ordinal="stays")
    told = tell(given, *(claim(name, "10000.00") for name in "abcde"))
    assert deductibles(told) == [650, 550, 350, 0, 0]


def test_shape_3_less_by_a_fixed_sum_each_time_down_to_a_floor() -> None:
    # 400, less 100 at each later admission, floor 160: a list says it all.
    amounts = ["400.00", "300.00", "200.00", "160.00"]
    given = stays(per_stay(amounts), counters="stays", ordinal="stays")
    told = tell(given, *(claim(name, "10000.00") for name in "abcde"))
    assert deductibles(told) == [400, 300, 200, 160, 160]


def test_shape_3_one_point_of_the_wage_base_less_each_time() -> None:
    # Chongqing 2001, third level: 11 % of 10,000, then 10 %, then 9 %.
    shares = [{"share": f"{points}%", "of": "base"} for points in (11, 10, 9)]
    given = stays(per_stay(shares), counters="stays", ordinal="stays")
    given["bases"] = {"base": [{"from": datetime.date(2022, 1, 1), "amount": "10000.00"}]}
    told = tell(given, *(claim(name, "10000.00") for name in "abc"))
    assert deductibles(told) == [1100, 1000, 900]


def test_shape_4_half_for_a_repeat_at_the_same_level_only_up_to_a_yearly_maximum() -> None:
    # Hunan: 500 and 250 at the first level, 1,100 and 550 at the third; 2,000 a year in all.
    amounts = {"L1": ["500.00", "250.00"], "L3": ["1100.00", "550.00"]}
    counters = "stays_there:year+level charged"
    once = per_stay(amounts, ordinal="stays_there", yearly_maximum="2000.00", counter="charged")
    told = tell(
        stays(once, counters=counters),
        claim("a", "10000.00", level="L1"),
        claim("b", "10000.00"),
        claim("c", "10000.00", level="L1"),
        claim("d", "10000.00"),
    )
    # The last stay pays what is left: 2,000 - 500 - 1,100 - 250 = 150 instead of 550.
    assert deductibles(told) == [500, 1100, 250, 150]


def test_shape_5_annual_and_filled_cost_by_cost() -> None:
    given = stays(annual("800.00", "filled"), counters="filled")
    told = tell(given, claim("a", "300.00"), claim("b", "700.00"), claim("c", "100.00"))
    # 300, then 500 of the 700, then none: (200 + 100) x 80 %.
    assert deductibles(told) == [300, 500, 0]
    assert told.paid() == [0, 16_000, 8_000]


def test_shape_5_once_a_year_at_the_highest_level_used() -> None:
    # Ningbo: 300 and 1,500; after 300 the third level asks for the 1,200 that are missing.
    given = stays(annual({"L1": "300.00", "L3": "1500.00"}, "charged"), counters="charged")
    told = tell(
        given,
        claim("a", "10000.00", level="L1"),
        claim("b", "10000.00"),
        claim("c", "10000.00", level="L1"),
    )
    assert deductibles(told) == [300, 1200, 0]


def test_shape_6_a_share_of_the_average_wage() -> None:
    # Chengdu before 2009: 5 % of 8,084 is 404.20.
    given = stays(per_stay({"share": "5%", "of": "average_wage"}))
    given["bases"] = {"average_wage": [{"from": datetime.date(2022, 1, 1), "amount": "8084.00"}]}
    assert deductibles(tell(given, claim("a", "30000.00"))) == [404.2]


def test_shape_6_the_base_is_that_of_the_claim_date_and_rounds_half_up() -> None:
    wages = [("2023-01-01", "10000.10"), ("2023-07-01", "10000.30")]
    given = stays(per_stay({"share": "5%", "of": "average_wage"}))
    given["bases"] = {
        "average_wage": [
            {"from": datetime.date.fromisoformat(day), "amount": amount} for day, amount in wages
        ]
    }
    told = tell(
        given,
        claim("a", "1000.00", "2023-06-30"),
        claim("b", "1000.00", "2023-07-01"),
    )
    # 500.005 and 500.015.
    assert deductibles(told) == [500.01, 500.02]


def test_shape_6_before_the_first_value_of_a_base_there_are_no_terms() -> None:
    given = stays(per_stay({"share": "5%", "of": "average_wage"}))
    given["bases"] = {"average_wage": [{"from": datetime.date(2023, 3, 1), "amount": "8084.00"}]}
    told = tell(given, claim("a", "900.00", "2023-02-28"), claim("b", "900.00", "2023-03-01"))
    assert told.statuses() == ["no_terms", "settled"]


def test_shape_6_a_share_of_the_bill_with_a_minimum() -> None:
    # Bozhou outside the province: 20 % of the total cost, at least 2,000.
    given = stays({"method": "share_of_bill", "share": "20%", "amount": "2000.00"}, rate="60%")
    told = tell(
        given,
        claim("small", "9000.00"),
        claim("large", "30000.00", self_pay_off_list="5000.00"),
    )
    assert deductibles(told) == [2000, 6000]
    # 7,000 x 60 %; (25,000 - 6,000) x 60 %.
    assert told.paid() == [420_000, 1_140_000]


def test_shape_7_waived_from_the_age_of_ninety() -> None:
    given = stays(per_stay({"under_90": "800.00", "from_90": "0.00"})) | {
        "ages": {"under_90": [0, 90], "from_90": [90, None]}
    }
    born = datetime.date(1933, 3, 10)
    told = tell(
        given,
        claim("a", "1000.00", "2023-03-09"),
        claim("b", "1000.00", "2023-03-10"),
        person={"class": "active", "birth_date": born},
    )
    assert deductibles(told) == [800, 0]


def test_shape_7_waived_for_psychiatric_diseases() -> None:
    given = stays(per_stay({"psychiatric": "0.00", "other": "1000.00"})) | {
        "diseases": {"psychiatric": ["F"], "other": []}
    }
    told = tell(given, claim("a", "5000.00", disease="F20.0"), claim("b", "5000.00", disease="I10"))
    assert deductibles(told) == [0, 1000]


SAME_DISEASE = per_stay("900.00", waived={"within_days": 15, "counter": "last_end"})


def within_days(*claims: Record) -> list[float]:
    given = stays(SAME_DISEASE)
    given["counters"] = {"last_end": {"counts": "day", "scope": ["year", "disease"]}}
    return deductibles(tell(given, *claims))


def test_shape_7_nothing_is_due_within_fifteen_days_with_the_same_disease() -> None:
    found = within_days(
        claim("a", "5000.00", "2023-03-01", disease="I10"),
        claim("other", "5000.00", "2023-03-10", disease="E11"),
        claim("again", "5000.00", "2023-03-16", disease="I10"),
        claim("later", "5000.00", "2023-04-01", disease="I10"),
    )
    # The 16th is fifteen days after the 1st; the 1st of April is sixteen after that.
    assert found == [900, 900, 0, 900]


def test_shape_7_a_stay_that_was_earlier_than_the_last_one_is_no_repeat() -> None:
    found = within_days(
        claim("a", "5000.00", "2023-03-10", disease="I10"),
        claim("late", "5000.00", "2023-02-10", disease="I10"),
        claim("again", "5000.00", "2023-03-20", disease="I10"),
    )
    assert found == [900, 900, 0]


def test_shape_7_one_deductible_a_year_for_listed_diseases() -> None:
    # Kunming: special diseases pay once a year; other stays are numbered for themselves.
    amounts = {"listed": ["880.00", "0.00"], "other": ["880.00", "440.00"]}
    ordinal = {"listed": "stays_listed", "other": "stays_other"}
    given = stays(per_stay(amounts, ordinal=ordinal), counters="stays_listed stays_other")
    given["diseases"] = {"listed": ["C", "N18"], "other": []}
    told = tell(
        given,
        claim("a", "5000.00", disease="C34"),
        claim("b", "5000.00", disease="I10"),
        claim("c", "5000.00", disease="N18.6"),
        claim("d", "5000.00", disease="I10"),
    )
    assert deductibles(told) == [880, 880, 0, 440]


def test_shape_7_one_deductible_a_year_at_the_same_hospital() -> None:
    once = per_stay(["1200.00", "0.00"], ordinal="stays_there")
    given = stays(once, counters="stays_there:year+institution")
    told = tell(
        given,
        claim("a", "5000.00", institution="H1"),
        claim("b", "5000.00", institution="H2"),
        claim("c", "5000.00", institution="H1"),
    )
    assert deductibles(told) == [1200, 1200, 0]


def test_shape_9_a_hospital_of_traditional_medicine_is_a_level_of_its_own() -> None:
    # Qingdao: 800 x 0.8 at the hospital of traditional medicine.
    given = stays(per_stay({"L3": "800.00", "L3_traditional": "640.00"}))
    given["levels"] = ["L3", "L3_traditional"]
    told = tell(given, claim("a", "5000.00"), claim("b", "5000.00", level="L3_traditional"))
    assert deductibles(told) == [800, 640]


def test_shape_9_per_visit_up_to_a_yearly_maximum() -> None:
    # Changsha out-patient at the third level: 100 a visit, 300 a year.
    once = per_stay("100.00", yearly_maximum="300.00", counter="charged")
    told = tell(stays(once, counters="charged"), *(claim(name, "200.00") for name in "abcd"))
    assert deductibles(told) == [100, 100, 100, 0]


def test_shape_9_shared_between_benefits() -> None:
    # Linyi, Tianjin: what one benefit has charged the other does not ask for again.
    given = stays(annual("1300.00", "charged"), counters="charged")
    chronic = layer((None, "70%"), deductible=annual("1300.00", "charged"))
    given["benefits"]["chronic"] = benefit(chronic, visits=("chronic",))
    told = tell(given, claim("a", "1000.00", visit="chronic"), claim("b", "5000.00"))
    assert deductibles(told) == [1000, 300]


def test_shape_10_a_fixed_sum_comes_off_the_fund_part_after_the_rate() -> None:
    # Nanning 2022: 200 of class A and 100 of class B at 15 %: 285 x 55 % - 10 = 146.75.
    given = policy(layer((None, "55%"), less="10.00"))
    told = tell(given, claim("a", "300.00", self_pay_first_share="15.00"))
    assert told.paid() == [14_675]
    assert told.fen("person_total") == [15_325]
    assert deductibles(told) == [0]
    assert told.step(0, "inpatient.basic.less") == 1_000


def test_shape_10_the_fixed_sum_takes_no_more_than_there_is() -> None:
    told = tell(policy(layer((None, "55%"), less="10.00")), claim("a", "10.00"))
    assert told.paid() == [0]
    assert told.step(0, "inpatient.basic.less") == 550


def test_shape_10_under_a_cap_the_cost_is_what_pays_the_cap_and_the_fixed_sum() -> None:
    given = policy(
        layer((None, "50%"), less="10.00", caps=[{"on": "payment", "amount": "90.00"}]),
        layer((None, "100%"), name="above", fund="other", base=["over_cap.basic"]),
    )
    told = tell(given, claim("a", "300.00"))
    # 200 at 50 % less 10 are 90; 100 pass on.
    assert (told.paid(), told.paid("other")) == ([9_000], [10_000])


def test_a_combination_without_terms_is_not_settled_by_a_default() -> None:
    told = tell(stays(per_stay({"L1": UNAVAILABLE, "L3": "1.00"})), claim("a", level="L1"))
    assert told.statuses() == ["no_terms"]
