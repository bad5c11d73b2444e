"""Compares allowances with the oracle's, on drawn terms and stories: items, totals and codes."""

from typing import Any

import pytest

from engine.settlement.case import settle_case
from tests.allowance_dice import AllowanceDice
from tests.oracle_allowances import AllowanceOracle

Record = dict[str, Any]
POLICIES = 100
EVENTS = 50


def engine_answers(policy: Record, events: list[Record]) -> list[str | list[tuple[str, str, int]]]:
    """Return the code of each event, or its items; those that funds pay are its settlement."""
    case = {"policy": policy, "person": {"class": "active"}, "events": events}
    told = settle_case(case)
    found: list[str | list[tuple[str, str, int]]] = []
    for one in told["settlements"]:
        lines = [line for line in told["allowances"] if line["event"] == one["event"]]
        items = [(line["kind"], line["payer"], line["amount_fen"]) for line in lines]
        if one["status"] == "settled":
            funds = sum(amount for _, payer, amount in items if payer != "employer")
            assert (one["fund_total_fen"], one["cash_paid_fen"]) == (funds, -funds)
        found.append(items if one["status"] == "settled" else one["code"])
    return found


@pytest.mark.parametrize("first", range(0, POLICIES, 25))
def test_drawn_allowances_are_granted_as_the_oracle_grants_them(first: int) -> None:
    outcomes: set[str] = set()
    for seed in range(first, first + 25):
        dice = AllowanceDice(seed)
        policy, events = dice.policy(), dice.events(EVENTS)
        oracle = AllowanceOracle(policy)
        expected = [oracle.tell(event) for event in events]
        assert engine_answers(policy, events) == expected, seed
        outcomes |= {answer if isinstance(answer, str) else "settled" for answer in expected}
    assert outcomes >= {
        *("settled", "no_policy", "policy_not_reviewed", "no_terms"),
        *("applied_already", "not_registered", "not_recognised"),
    }
