"""Receipts: equal facts have equal hashes, one fen more has others, and nobody's tongue matters."""

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from engine.settlement.case import settle_story
from engine.settlement.case_receipt import differences, receipt_of_case
from engine.settlement.receipt import ENGINE_VERSION
from tests.unit.engine.settlement.stories import (
    Record,
    cancel,
    case_of,
    claim,
    credit,
    layer,
    per_stay,
    policy,
)

ROOT = Path(__file__).parents[4]
POLICY = policy(
    layer((None, "80%"), deductible=per_stay(["800.00", "400.00"])),
    counters="stays paid",
    ordinal="stays",
)
POLICY["lines"] = [
    {"from": "2023-01-01", "reviewed_until": "2024-12-31", "unknown_item": "self_pay"}
]
LINES: list[Record] = [
    {"amount": "1000.00", "class": "A"},
    {"amount": "2000.00", "class": "B", "first_share": "10%"},
]


def receipt(*events: Record, **case: Any) -> Record:
    return receipt_of_case(settle_story(case_of(*events, **{"policy": POLICY} | case)))


def hashes(told: Record) -> list[str]:
    return [told["input_hash"], told["result_hash"]]


def test_the_engine_has_the_version_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == ENGINE_VERSION


def test_a_story_told_in_another_order_of_keys_and_with_other_names_has_the_same_receipt() -> None:
    one = receipt(claim("a", "22000.00"), claim("b", "1000.00", account_used=False), cancel("b"))
    turned = [dict(reversed(list(told.items()))) for told in (claim("x", "22000.0"),)]
    other = receipt(*turned, claim("y", "1000"), cancel("y", name="z"))
    assert hashes(other) == hashes(one)
    assert [hashes(told) for told in other["settlements"]] == [
        hashes(told) for told in one["settlements"]
    ]


def test_one_fen_more_is_another_input_and_another_result() -> None:
    one, other = receipt(claim("a", "22000.00")), receipt(claim("a", "22000.01"))
    assert not set(hashes(one)) & set(hashes(other))
    assert not set(hashes(one["settlements"][0])) & set(hashes(other["settlements"][0]))
    assert one["policy_hash"] == other["policy_hash"]


def billed(*lines: Record) -> Record:
    [told] = receipt(claim("a", lines=list(lines)))["settlements"]
    return dict(told)


@pytest.mark.parametrize(
    "changed",
    [
        [{"amount": "999.99", "class": "A"}, {"amount": "0.01", "class": "A"}, LINES[1]],
        [LINES[0] | {"code": "X1"}, LINES[1]],
        [LINES[0] | {"code": "X1"}, LINES[1] | {"code": "X2"}],
        [{"price": "1000.00", "quantity": "1", "class": "A"}, LINES[1]],
        [{"amount": "1000.00", "quantity": "2", "class": "A"}, LINES[1]],
        [LINES[0] | {"day": "2023-03-09"}, LINES[1]],
        [LINES[0] | {"approved": True}, LINES[1]],
        [*LINES, LINES[0], {"refunds": 3}],
    ],
    ids=str,
)
def test_other_lines_of_the_same_priced_bill_are_another_input(changed: list[Record]) -> None:
    one, other = billed(*LINES), billed(*changed)
    assert one["input_hash"] != other["input_hash"]
    assert one["result_hash"] == other["result_hash"]


def test_the_same_lines_in_another_order_are_the_same_input() -> None:
    one, other = (receipt(claim("a", lines=lines)) for lines in (LINES, LINES[::-1]))
    assert one["settlements"] == other["settlements"]


def test_a_line_taken_back_of_a_fen_still_counts_with_its_amount() -> None:
    fen = {"amount": "0.01", "class": "A"}
    two = {"amount": "0.02", "class": "A"}
    [one, other] = (billed(*LINES, line, {"refunds": 3}) for line in (fen, two))
    assert one["input_hash"] != other["input_hash"]


def test_the_hash_of_lines_can_be_written_down_by_hand() -> None:
    # docs/receipts.md, for one line of 1,000.00 on the 10th of March.
    line = {
        "code": "X1",
        "amount_fen": 1000_00,
        "quantity_e4": 1_0000,
        "day": "2023-03-10",
        "approved": False,
    }
    text = json.dumps({"lines": [line]}, sort_keys=True, separators=(",", ":"))
    story = settle_story(case_of(claim("a", lines=[LINES[0] | {"code": "X1"}]), policy=POLICY))
    assert story.story.bill.lines_hash(0) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "state",
    [{"counters": {"stays": 1}}, {"counters": {"paid": "0.01"}}, {"account_balance": "0.01"}],
    ids=str,
)
def test_another_opening_state_is_another_input(state: Record) -> None:
    story = claim("a", "22000.00")
    plain, opened = receipt(story), receipt(story, state={"year": 2023} | state)
    assert plain["input_hash"] != opened["input_hash"]


def test_an_event_without_a_bill_is_part_of_the_story() -> None:
    story = claim("a", "22000.00")
    one, other = receipt(credit("1.00"), story), receipt(credit("1.01"), story)
    assert one["input_hash"] != other["input_hash"]
    assert one["settlements"] == other["settlements"]
    assert [told["event"] for told in one["settlements"]] == ["a"]


def test_a_rejected_event_has_no_receipt_but_its_code_is_a_result() -> None:
    early = claim("early", "100.00", on="2000-01-01")
    told = receipt(early, claim("a", "22000.00"))
    assert [one["event"] for one in told["settlements"]] == ["a"]
    assert told["settlements"] == receipt(claim("a", "22000.00"))["settlements"]
    assert told["result_hash"] != receipt(claim("a", "22000.00"))["result_hash"]


def test_what_is_hashed_can_be_written_down_by_hand() -> None:
    # docs/receipts.md, written out for a first stay of 22,000.
    told = receipt(claim("a", "22000.00"))["settlements"][0]
    bill = dict.fromkeys(
        ["off_list_fen", "over_price_fen", "first_share_fen", "final_share_fen", "separate_fen"], 0
    )
    bill |= {"excluded_fen": 0, "final_fund_ufen": 0}
    bill |= {"total_fen": 22000_00, "covered_fen": 22000_00}
    facts = {
        "kind": "claim",
        "region": POLICY["region"],
        "scheme": POLICY["scheme"],
        "year": 2023,
        "benefit": "inpatient",
        "entry": "2023-01-01",
        "terms": {},
        "begin": "2023-03-10",
        "end": "2023-03-10",
        "bill": bill,
        "state": {"stays": 0},
    }
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    assert told["input_hash"] == hashlib.sha256(text.encode()).hexdigest()


def test_a_receipt_says_what_of_it_does_not_hold() -> None:
    kept = receipt(claim("a", "22000.00"), claim("b", "1000.00"))
    assert differences(kept, kept) == []
    made = receipt(claim("a", "22000.00"), claim("b", "1000.01"))
    assert differences(kept, made) == ["input_hash", "result_hash", "settlements.b"]
    assert differences(kept | {"engine_version": "0"}, kept) == ["engine_version"]
    assert differences({**kept, "settlements": kept["settlements"][:1]}, kept) == ["settlements.b"]
