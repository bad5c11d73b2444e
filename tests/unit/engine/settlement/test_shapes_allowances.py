"""Shapes 38 and 39: what maternity and work injury grant by wage, days, months and event."""

import datetime
from typing import Any

import pytest

from engine.errors import ClaimError, PolicyError
from engine.settlement.case import settle_case

Record = dict[str, Any]
NOTICE = {"title": "试点办法", "article": "art-1"}
BOUNDS = {"floor": "60%", "ceiling": "300%", "of": "average_wage"}
BY_DAYS: Record = {
    "name": "allowance",
    "payer": "maternity",
    "method": "wage_by_days",
    "wage": "employer",
    "days": "stated",
    "divisor": 30,
    "rounding": "half_up",
}
BY_MONTHS: Record = {
    "name": "lump_sum",
    "payer": "injury",
    "method": "wage_by_months",
    "wage": "own",
    "months": "9",
    "rounding": "half_up",
}
FIXED: Record = {"name": "grant", "payer": "maternity", "method": "fixed", "amount": "3000.00"}


def policy(*items: Record, **entry: Any) -> Record:
    """Return a policy of one allowance, `benefit`, from 2023 to 2024."""
    history = {
        "from": "2023-01-01",
        "reviewed_until": "2024-12-31",
        "source": NOTICE,
        "items": list(items),
    }
    return {
        "region": "000000",
        "name": "试点市",
        "scheme": "maternity",
        "status": "published",
        "claim_date": "end",
        "insurance_year": "01-01",
        "reversal": "last_first",
        "levels": ["L1"],
        "person_classes": {"active": ["active"]},
        "bases": {
            "average_wage": [
                {"from": "2023-01-01", "amount": "5000.00", "source": NOTICE},
                {"from": "2023-07-01", "amount": "6000.00", "source": NOTICE},
            ]
        },
        "registrations": {"work_injury": {"kind": "recognition", "per": "person"}},
        "allowances": {"benefit": {"history": [history | entry]}},
    }


def settled(rules: Record, *events: Record, **facts: Any) -> Record:
    """Return the answer to events and then one of the allowance with these facts."""
    granted = {"id": "it", "kind": "allowance", "allowance": "benefit", "on": "2023-05-04"} | facts
    case = {"policy": rules, "person": {"class": "active"}, "events": [*events, granted]}
    return settle_case(_dated(case))


def _dated(case: Record) -> Record:
    history = case["policy"]["allowances"]["benefit"]["history"]
    for key in ("from", "reviewed_until"):
        history[0][key] = datetime.date.fromisoformat(history[0][key])
    for values in case["policy"].get("bases", {}).values():
        for value in values:
            value["from"] = datetime.date.fromisoformat(value["from"])
    return case


def amounts(answer: Record) -> dict[str, int]:
    return {line["kind"]: line["amount_fen"] for line in answer["allowances"]}


def code(answer: Record) -> str:
    assert answer["allowances"] == []
    return str(answer["settlements"][-1]["code"])


def test_shape_38_the_base_is_multiplied_before_it_is_divided_and_rounded_once() -> None:
    # 2695 x 95 / 30 = 8534.1666...; 2695 / 30 rounded first would give 89.83 x 95 = 8533.85.
    answer = settled(policy(BY_DAYS), employer_wage="2695.00", days=95)
    assert amounts(answer) == {"allowance": 853417}


def test_shape_38_a_policy_may_round_down() -> None:
    down = policy(BY_DAYS | {"rounding": "down"})
    assert amounts(settled(down, employer_wage="2695.00", days=95)) == {"allowance": 853416}


def test_shape_38_half_a_fen_is_rounded_up() -> None:
    # 0.01 x 45 / 30 = 0.015
    answer = settled(policy(BY_DAYS), employer_wage="0.01", days=45)
    assert amounts(answer) == {"allowance": 2}


def test_shape_38_months_times_base_and_a_fixed_grant_are_both_paid() -> None:
    # 2892 x 4.5 = 13014, and 3000
    months = BY_MONTHS | {"payer": "maternity", "months": "4.5"}
    answer = settled(policy(months, FIXED), wage="2892.00")
    assert amounts(answer) == {"lump_sum": 1301400, "grant": 300000}
    assert answer["settlements"][0]["maternity_paid_fen"] == 1601400


@pytest.mark.parametrize(
    ("wage", "base_fen"),
    [("2999.99", 300000), ("3000.00", 300000), ("15000.00", 1500000), ("15000.01", 1500000)],
)
def test_shape_38_the_base_is_held_between_its_shares_of_the_average_wage(
    wage: str, base_fen: int
) -> None:
    # The average wage is 5000: 60 % is 3000, 300 % is 15000; 30 days pay one month.
    answer = settled(policy(BY_DAYS | {"bounds": BOUNDS}), employer_wage=wage, days=30)
    assert amounts(answer) == {"allowance": base_fen}


def test_shape_38_the_average_wage_is_that_in_force_on_the_day() -> None:
    # From July the average wage is 6000: 60 % is 3600.
    rules = policy(BY_DAYS | {"bounds": BOUNDS})
    answer = settled(rules, employer_wage="1.00", days=30, on="2023-07-01")
    assert amounts(answer) == {"allowance": 360000}


def test_shape_38_the_days_go_by_the_kind_of_birth_and_by_child() -> None:
    # A difficult birth of twins: 113 + 15 = 128 days; 6000 x 128 / 30 = 25600.
    days = {"days": {"normal": 98, "difficult": 113}, "per_extra_child": 15}
    rules = policy(BY_DAYS | days, cases=["normal", "difficult"])
    answer = settled(rules, employer_wage="6000.00", case="difficult", children=2)
    assert amounts(answer) == {"allowance": 2560000}


def test_shape_38_the_employer_pays_what_the_own_wage_exceeds_the_funds_by() -> None:
    # Fund: 6000 x 98 / 30 = 19600. Own wage: 8000 x 98 / 30 = 26133.33; less 19600 = 6533.33.
    own = {"name": "top_up", "payer": "employer", "wage": "own", "less": ["allowance"]}
    answer = settled(
        policy(BY_DAYS, BY_DAYS | own), employer_wage="6000.00", wage="8000.00", days=98
    )
    assert amounts(answer) == {"allowance": 1960000, "top_up": 653333}
    assert answer["settlements"][0]["fund_total_fen"] == 1960000
    assert answer["settlements"][0]["cash_paid_fen"] == -1960000


def test_shape_38_a_top_up_is_never_negative() -> None:
    own = {"name": "top_up", "payer": "employer", "wage": "own", "less": ["allowance"]}
    answer = settled(
        policy(BY_DAYS, BY_DAYS | own), employer_wage="6000.00", wage="5000.00", days=98
    )
    assert amounts(answer) == {"allowance": 1960000, "top_up": 0}


def test_shape_39_food_is_granted_by_the_day() -> None:
    # 35.50 x 12 = 426
    food = {"name": "food", "payer": "injury", "method": "per_day", "amount": "35.50"}
    assert amounts(settled(policy(food | {"days": "stated"}), days=12)) == {"food": 42600}


def test_shape_39_a_share_of_the_wage_goes_by_grade() -> None:
    # Grade 1: 90 % of 5555.55 for one month = 4999.995, half up 5000.00.
    share = {"months": "1", "share": {"grade_1": "90%", "grade_2": "85%"}}
    rules = policy(BY_MONTHS | share, cases=["grade_1", "grade_2"])
    assert amounts(settled(rules, case="grade_1", wage="5555.55")) == {"lump_sum": 500000}


@pytest.mark.parametrize(
    ("years", "lump_sum_fen"), [(5, 5000000), (4, 4000000), (1, 1000000), (0, 500000)]
)
def test_shape_39_nearness_of_retirement_takes_a_share_off_for_each_missing_year(
    years: int, lump_sum_fen: int
) -> None:
    # 10 x 5000 = 50000; less 20 % for each year under five, at most 90 %.
    near = {"within_years": 5, "per_year": "20%", "at_most": "90%"}
    rules = policy(BY_MONTHS | {"wage": "average_wage", "months": "10", "near_retirement": near})
    assert amounts(settled(rules, years_to_retirement=years)) == {"lump_sum": lump_sum_fen}


def test_shape_39_nothing_is_granted_before_the_injury_is_recognised() -> None:
    rules = policy(BY_MONTHS, requires="work_injury")
    assert code(settled(rules, wage="5000.00")) == "not_recognised"


def test_shape_39_a_recognised_injury_is_granted_its_lump_sum() -> None:
    record = {"kind": "registration", "registration": "work_injury", "from": "2023-05-04"}
    answer = settled(policy(BY_MONTHS, requires="work_injury"), record, wage="5000.00")
    assert amounts(answer) == {"lump_sum": 4500000}


def test_an_allowance_makes_a_settlement_that_pays_the_person_in_cash() -> None:
    settlement = settled(policy(FIXED))["settlements"][0]
    assert settlement["status"] == "settled"
    assert (settlement["total_fen"], settlement["person_total_fen"]) == (0, -300000)
    assert [step["rule"] for step in settlement["steps"]] == ["benefit.grant"]


@pytest.mark.parametrize(
    ("on", "expected"), [("2022-12-31", "no_policy"), ("2025-01-01", "policy_not_reviewed")]
)
def test_an_allowance_outside_its_dates_is_not_granted(on: str, expected: str) -> None:
    assert code(settled(policy(FIXED), on=on)) == expected


@pytest.mark.parametrize("facts", [{}, {"days": 98}, {"employer_wage": "1.00"}, {"wage": "1.00"}])
def test_a_fact_that_the_terms_ask_for_and_the_event_lacks_leaves_no_terms(facts: Record) -> None:
    assert code(settled(policy(BY_DAYS), **facts)) == "no_terms"


def test_a_case_without_terms_is_not_granted() -> None:
    rules = policy(BY_DAYS | {"days": {"normal": 98, "other": "unavailable"}},
                   cases=["normal", "other"])  # fmt: skip
    assert code(settled(rules, case="other", employer_wage="1.00")) == "no_terms"


def test_a_case_that_the_policy_does_not_tell_is_refused() -> None:
    with pytest.raises(ClaimError, match="normal"):
        settled(policy(FIXED, cases=["normal"]), case="abnormal")


@pytest.mark.parametrize(
    "item",
    [
        FIXED | {"rounding": "down"},
        FIXED | {"amount": None},
        FIXED | {"payer": "nobody"},
        FIXED | {"less": ["later"]},
        BY_DAYS | {"wage": "national_wage"},
        BY_DAYS | {"days": "98"},
        BY_DAYS | {"bounds": BOUNDS | {"floor": "400%"}},
        BY_MONTHS | {"months": 9},
    ],
)
def test_an_item_that_does_not_hold_together_is_refused(item: Record) -> None:
    with pytest.raises(PolicyError):
        settled(policy(item))


def test_an_allowance_may_not_require_an_undeclared_registration() -> None:
    with pytest.raises(PolicyError, match="unknown_registration"):
        settled(policy(FIXED, requires="other"))


def test_an_allowance_is_granted_once_for_one_day_whatever_the_second_event_states() -> None:
    event: Record = {
        "kind": "allowance",
        "allowance": "benefit",
        "employer_wage": "6000.00",
        "days": 98,
    }
    days = {"without days": None, "birth": 98, "again": 113}
    first = [event | {"id": name, "on": "2023-05-04", "days": days[name]} for name in days]
    told = settled(policy(BY_DAYS), *first, **event | {"on": "2024-11-20"})
    codes = [one.get("code", one["status"]) for one in told["settlements"]]
    assert codes == ["no_terms", "settled", "applied_already", "settled"]
    # 6,000 x 98 / 30, for each of the two.
    assert [line["amount_fen"] for line in told["allowances"]] == [19_600_00, 19_600_00]
