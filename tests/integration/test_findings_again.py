"""A night with registers: its findings made again, and what they cost, worked by hand.

A stay of 5,000.00 at the tertiary hospital, the first of the year of an active employee of Xi'an,
is paid (5,000 - 650) x 88 % = 3,828.00 by the pool and leaves 1,172.00.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from engine.errors import EngineError
from engine.rules.knowledge.points import Parameters, Point
from engine.storage.beside_tables import ITEM_TERMS, RECORDS
from engine.storage.knowledge import add_version
from pipelines.cli import app
from tests.integration.night_world import (
    CATALOGUE,
    NEXT,
    World,
    a_refund,
    a_stay,
    next_day,
    write_reference,
)

WHOLE = ("A", "5000.00")
DAILY = Point(
    "daily_quantity", "一", 2, 1, "项目W", ("W",), Parameters(high=20_000, window=1), "", ""
)
W = CATALOGUE[0] | {"item_code": "W", "sex_limit": "2"}


def registered(name: str, subject: str, begins: str) -> dict[str, str]:
    return {"register": name, "subject": subject, "begins": begins, "ends": "", "source": "n"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("again")
    write_reference(
        folder / "reference",
        catalogue=[*CATALOGUE, W],
        registers=[
            *(registered("deaths", person, "2024-02-01") for person in ("P1", "P4", "P5")),
            registered("cleared_by_drg", "H2", "2024-01-01"),
        ],
        item_terms=[
            {
                **dict.fromkeys(ITEM_TERMS.names, ""),
                "kind": "legal_price",
                "item_code": "W",
                "region": "*",
                "valid_from": "2024-01-01",
                "high": "99.99",
                "source": "n",
            }
        ],
        records=[
            dict.fromkeys(RECORDS.names, "")
            | {"record": "trace_code", "settlement_id": name, "value": "8123"}
            for name in ("S1", "S2", "S10", "S11")
        ],
    )
    world = World(folder)
    add_version(world.lake, "每日", [DAILY])
    later = {"begndate": "2024-03-10", "enddate": "2024-03-15"}
    refunded = a_stay(8, "P4", WHOLE)
    world.summary = world.night(
        a_stay(1, "P1", WHOLE),
        a_stay(2, "P2", WHOLE),
        a_stay(3, "P2", WHOLE),
        a_stay(4, "P2", WHOLE, **later),
        a_stay(5, "P3", WHOLE, ("W", "100.00", 5)),
        refunded,
        a_stay(9, "P5", WHOLE, fixmedins_code="H2"),
        a_stay(10, "E1", ("A", "400.00"), acct_used_flag="1"),
        a_stay(11, "P7", WHOLE, fixmedins_code="H2"),
    )
    world.night(next_day(a_refund(20, refunded)), night=NEXT)
    return world


def rules(world: World, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["rules", *arguments, f"--lake={world.lake}"])


def told(world: World, *arguments: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(rules(world, *arguments, "--json").stdout)
    return answer


def refusal(result: Result) -> str:
    assert isinstance(result.exception, EngineError)
    return result.exception.code


def test_every_finding_of_the_night_comes_again_byte_for_byte(world: World) -> None:
    found = world.table("findings").select("rule_id", "settlement_id").rows()
    assert {"care_after_death", "duplicate_settlement", "item_limited_by_sex"} <= {
        rule for rule, _ in found
    }
    for rule, settlement in found:
        again = told(world, "replay", f"{rule}:{settlement}")
        assert again["identical"], again
        assert again["published_sha256"] == again["again_sha256"]
    assert rules(world, "replay", "care_after_death:S1").exit_code == 0


def test_terms_of_items_and_records_are_read_beside_the_claims(world: World) -> None:
    found = world.table("findings").select("rule_id", "settlement_id", "other_settlement_id")
    assert {
        ("price_above_legal", "S5", None),
        ("trace_code_again", "S2", "S1"),
    } <= set(found.rows())
    lacks = {one["rule_id"]: one["lacks"] for one in world.summary["findings"]}
    assert lacks["trace_code_again"] == []
    assert lacks["notes_alike"] == ["record:note_print"]


def test_a_finding_that_was_never_told_is_not_made_up(world: World) -> None:
    assert refusal(rules(world, "replay", "care_after_death:S2")) == "unknown_finding"


def test_evidence_that_was_changed_proves_nothing(world: World, tmp_path: Path) -> None:
    shutil.copytree(world.lake, tmp_path / "lake")
    copy = World(tmp_path)
    (copy.lake / "evidence/2024-03-31/registers.parquet").write_bytes(b"other")
    assert refusal(rules(copy, "replay", "care_after_death:S1")) == "evidence_changed"
    shutil.rmtree(copy.lake / "evidence/2024-03-31")
    assert refusal(rules(copy, "replay", "care_after_death:S1")) == "no_evidence"


def test_a_rule_is_run_on_what_was_known_on_a_day(world: World) -> None:
    add_version(world.lake, "每日", [])  # Imported afterwards: the night did not know of it.
    answer = told(world, "run", "--only=item_past_daily_limit", "--as-of=2024-03-31")
    assert [row["settlement_id"] for row in answer["findings"]] == ["S5"]
    assert (answer["new"], answer["gone"]) == ([], [])
    assert told(world, "run", "--only=care_after_death", "--as-of=2024-05-01")["night"] == (
        NEXT.isoformat()
    )
    assert "S5" in rules(world, "run", "--only=item_limited_by_sex", "--as-of=2024-03-31").stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--only=no_such_rule", "--as-of=2024-03-31"], "unknown_rule"),
        (["--only=care_after_death", "--as-of=2024-03-01"], "no_evidence"),
    ],
)
def test_a_run_that_cannot_be_made_says_why(world: World, arguments: list[str], code: str) -> None:
    assert refusal(rules(world, "run", *arguments)) == code


def test_a_void_claim_costs_each_payer_what_it_gave(world: World) -> None:
    answer = told(world, "loss", "S1")
    assert answer["status"] == "priced"
    assert (answer["funds"], answer["cash_fen"]) == ({"POOL": 3_828_00}, 1_172_00)


# W is 500.00 for a man, five pieces on a day that allows two: both rules flag its line. The fund
# paid (5,500 - 650) x 88 % = 4,268.00 of it, 3,828.00 without. The patient paid 1,232.00; he owes
# 1,172.00 and the two pieces that are not the fund's, at the legal 99.99, and nobody owes the rest.
def test_a_line_that_two_rules_flag_counts_once(world: World) -> None:
    answer = told(world, "loss", "S5")
    assert answer["rules"] == ["item_limited_by_sex", "item_past_daily_limit", "price_above_legal"]
    assert (answer["counted_once"], answer["funds"]) == (2, {"POOL": 440_00})
    assert answer["cash_fen"] == -139_98


# Five pieces at 100.00 instead of 99.99: of 0.05 that nobody ought to have been charged the fund
# paid 88 %, which is 0.04, and the patient 0.01.
def test_what_is_charged_above_the_legal_price_is_settled_again_at_that_price(
    world: World,
) -> None:
    priced = world.table("findings").filter(pl.col("rule_id") == "price_above_legal")
    assert priced.select("settlement_id", "amount_fen", "cash_fen").rows() == [("S5", 4, 1)]


# S2 has the trace code of S1. Its stay took (5,000 - 650) x 88 % from the fund.
def test_a_definite_fact_from_which_no_amount_follows_has_a_bound(world: World) -> None:
    answer = told(world, "loss", "S2")
    assert (answer["rules"], answer["not_priced"]) == ([], ["trace_code_again"])
    assert (answer["status"], answer["funds"]) == ("not_yet_priceable", {})
    assert answer["bound"] == {"POOL": [0, 3_828_00]}
    assert "事实确定" in rules(world, "loss", "S2").stdout


# S11 has that code too, at the secondary hospital, whose stays are cleared by group.
def test_a_bare_fact_of_a_stay_cleared_by_group_is_bounded_by_all_that_was_taken(
    world: World,
) -> None:
    answer = told(world, "loss", "S11")
    assert (answer["rules"], answer["clearing"]) == ([], "cleared_by_drg")
    assert answer["bound"] == {"POOL": [0, 4_140_00]}


# S10 stays below the deductible: no fund paid, and the account the 100.00 that it held.
def test_a_bare_fact_has_a_bound_for_the_account_too(world: World) -> None:
    answer = told(world, "loss", "S10")
    assert (answer["bound"], answer["account_bound"]) == ({}, [0, 100_00])
    assert "个人账户" in rules(world, "loss", "S10").stdout


# S3 bills S2 again: (5,000 - 550) x 88 % = 3,916.00. S4 is then the third stay and lies above
# 10,000.00 of cost: (5,000 - 350) x 91 % = 4,231.50; as the second it is paid 3,916.00.
def test_what_later_claims_would_have_cost_is_told_apart(world: World) -> None:
    answer = told(world, "loss", "S3")
    assert answer["funds"] == {"POOL": 3_916_00}
    [later] = answer["later"]
    assert (later["settlement"], later["funds"]) == ("S4", {"POOL": 315_50})
    assert later["cash_fen"] == -315_50


def test_what_a_refund_undid_costs_nothing(world: World) -> None:
    answer = told(world, "loss", "S8")
    assert (answer["status"], answer["cancelled_by"]) == ("refunded", "S20")
    assert (answer["funds"], answer["cash_fen"]) == ({}, 0)


# At the secondary hospital (5,000 - 400) x 90 % = 4,140.00 were split off for the patient's bill.
def test_a_stay_cleared_by_group_is_not_yet_priceable_and_bounded(world: World) -> None:
    answer = told(world, "loss", "S9")
    assert (answer["status"], answer["clearing"]) == ("not_yet_priceable", "cleared_by_drg")
    assert (answer["funds"], answer["bound"]) == ({}, {"POOL": [0, 4_140_00]})
    assert "尚不能核价" in rules(world, "loss", "S9").stdout


def test_what_no_definite_rule_found_has_no_price(world: World) -> None:
    assert refusal(rules(world, "loss", "S4")) == "no_priced_finding"
