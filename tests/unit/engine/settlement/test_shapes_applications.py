"""Shapes 27 and 32: second rounds and top-ups, paid on application for a year."""

from datetime import date
from typing import Any

import pytest

from engine.errors import ClaimError, PolicyError
from engine.settlement.case import settle_case
from tests.unit.engine.settlement.stories import (
    NONE,
    Record,
    bands,
    benefit,
    burden,
    cancel,
    capped,
    claim,
    layer,
    per_stay,
    policy,
    tell,
    year_close,
)

HALF = layer((None, "50%"))


def apply(year: int = 2023, on: str = "2024-02-15", **more: Any) -> Record:
    day = date.fromisoformat(on)
    return {"id": "apply", "kind": "application", "benefit": "second", "year": year,
            "settled": day} | more  # fmt: skip


def assisted(when: str = "after_year", application: Record | None = None, **terms: Any) -> Record:
    """Return stays at 50 % and, on application, a second round of 40 % above 5000."""
    basic = layer((None, "50%"), feeds={"in_scope": "base"})
    own = burden(
        (None, "0%"), name="own", feeds={"own_burden": "base"}, base=["copay.basic"],
        pays_off=["copay.basic"],
    )  # fmt: skip
    given = policy(basic, own, counters="in_scope own_burden second_paid stays_second")
    second = layer((None, "40%"), name="second", fund="assistance") | {
        "deductible": per_stay("5000.00")
    } | terms  # fmt: skip
    asked = {"base": ["own_burden"], "when": when} | (application or {})
    given["benefits"]["second"] = {
        "application": asked,
        "history": [
            {"from": date(2023, 1, 1), "reviewed_until": date(2024, 12, 31),
             "ordinal": "stays_second", "layers": [second]}
        ],
    }  # fmt: skip
    return given


def test_shape_27_a_second_round_is_paid_on_the_years_burden_on_application() -> None:
    # 118500 at 50 % leaves 59250; (59250 - 5000) x 40 % = 21700.
    told = tell(assisted(), claim("a", "118500.00"), apply())
    assert told.paid("assistance") == [0, 2170000]
    assert told.fen("cash_paid")[1] == -2170000
    assert told.fen("deductible_paid")[1] == 500000
    assert told.fen("total")[1] == 0


def test_shape_32_what_own_payments_exceed_a_tenth_of_the_cost_by_is_topped_up() -> None:
    # 30000 in scope, 15000 borne: 15000 - 10 % x 30000 = 12000.
    top_up: Record = {
        "deductible": {"method": "share_of_counter", "share": "10%", "of": "in_scope"},
        "bands": bands((None, "100%")),
    }
    told = tell(assisted(**top_up), claim("a", "20000.00"), claim("b", "10000.00"), apply())
    assert told.paid("assistance")[2] == 1200000


def test_shape_32_what_other_counters_hold_is_taken_off_first() -> None:
    # 15000 borne less 9000 assisted leaves 6000: (6000 - 5000) x 40 % = 400.
    told = tell(
        assisted(application={"less": ["second_paid"]}), claim("a", "30000.00"), apply(),
        state={"year": 2023, "counters": {"second_paid": "9000.00"}},
    )  # fmt: skip
    assert told.paid("assistance")[1] == 40000


def test_shape_32_an_application_has_its_own_yearly_cap() -> None:
    caps = capped("1000.00", counter="second_paid")
    told = tell(assisted(caps=caps), claim("a", "60000.00"), apply())
    assert told.paid("assistance")[1] == 100000
    assert told.counters()["second_paid"] == 100000


def test_an_application_is_paid_by_the_year_that_it_names() -> None:
    told = tell(assisted(), claim("a", "118500.00"), claim("b", "60000.00", "2024-01-10"),
                apply())  # fmt: skip
    assert told.paid("assistance")[2] == 2170000


@pytest.mark.parametrize(
    ("when", "on", "status"),
    [("after_year", "2023-12-31", "application_too_early"), ("after_year", "2024-01-01", "settled"),
     ("any_time", "2023-06-01", "settled")],
)  # fmt: skip
def test_an_application_may_have_to_wait_for_the_end_of_the_year(
    when: str, on: str, status: str
) -> None:
    told = tell(assisted(when), claim("a", "118500.00"), apply(on=on))
    assert told.statuses()[1] == status


def test_a_benefit_is_applied_for_once_a_year() -> None:
    told = tell(assisted(), claim("a", "118500.00"), apply(), apply(id="again"))
    assert told.statuses()[2] == "applied_already"


def test_a_closed_year_does_not_refuse_an_application() -> None:
    told = tell(assisted(), claim("a", "118500.00"), year_close(2023), apply())
    assert told.paid("assistance")[2] == 2170000


def test_a_claim_under_a_paid_application_is_cancelled_only_after_it() -> None:
    told = tell(assisted(), claim("a", "118500.00"), apply(), cancel("a", "too early"),
                cancel("apply", "undo the application"), cancel("a"))  # fmt: skip
    assert told.statuses()[2:] == ["reversal_not_last", "settled", "settled"]
    assert told.paid("assistance")[3] == -2170000
    assert told.fen("cash_paid")[3] == 2170000


def test_an_application_cancelled_can_be_made_again() -> None:
    told = tell(assisted(), claim("a", "118500.00"), apply(), cancel("apply"),
                claim("late", "2000.00", "2023-12-01"), apply(id="again"))  # fmt: skip
    # 1000 more burden: (60250 - 5000) x 40 % = 22100.
    assert told.paid("assistance")[4] == 2210000


def test_nothing_borne_is_paid_nothing() -> None:
    assert tell(assisted(), apply()).paid("assistance") == [0]


@pytest.mark.parametrize(("year", "status"), [(2022, "no_policy"), (2025, "policy_not_reviewed")])
def test_an_application_has_the_terms_of_the_end_of_its_year(year: int, status: str) -> None:
    assert tell(assisted(), apply(year, "2026-02-01")).statuses() == [status]


def test_an_application_knows_no_level() -> None:
    by_level: Record = {"deductible": per_stay({"L1": "1.00", "L3": "2.00"})}
    assert tell(assisted(**by_level), apply()).statuses() == ["no_terms"]


def test_the_list_of_allowances_names_an_application_with_both_years() -> None:
    case = {"policy": assisted(), "person": {"class": "active"},
            "events": [claim("a", "118500.00"), apply()]}  # fmt: skip
    answer = settle_case(case)
    years = {"benefit_year": 2023, "fund_year": 2024}
    assert answer["allowances"] == [
        {"event": "apply", "kind": "second", "payer": "assistance", "amount_fen": 2170000} | years
    ]
    assert years.items() <= answer["settlements"][1].items()


@pytest.mark.parametrize(
    "wrong",
    [
        {"application": {"base": ["nobody"]}},
        {"application": {"base": ["stays_second"]}},
        {"mode": "incremental", "total": "second_paid", "deductible": NONE, "takes": "burden",
         "pays_off": ["covered"]},
    ],
)  # fmt: skip
def test_an_application_that_does_not_hold_together_is_refused(wrong: Record) -> None:
    with pytest.raises(PolicyError):
        tell(assisted(**wrong), apply())


def test_a_benefit_has_visits_or_is_applied_for() -> None:
    given = policy(HALF)
    given["benefits"]["inpatient"] = benefit(HALF) | {
        "application": {"base": ["paid"], "when": "any_time"}
    }
    with pytest.raises(PolicyError, match="benefit_taken"):
        tell(given, claim("a", "1.00"))


def test_an_application_for_an_unknown_benefit_is_refused() -> None:
    with pytest.raises(ClaimError, match="second"):
        tell(assisted(), apply(benefit="third"))
