"""Who joins anew waits, whichever way the claim comes: by night, by message, by what is told."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import ClaimError
from engine.policy.book import load_book
from engine.policy.compiler import CompiledBook, compile_book
from engine.storage.database import Database
from engine.storage.lake import Lake
from engine.storage.messages import read_message
from engine.storage.posting import post
from tests.integration.night_world import REGION, Bill, a_bill, balanced
from tests.integration.register_world import POLICIES, RegisterWorld, covered

WAITING = """entitlement:
- from: 2023-01-01
  reviewed_until: 2026-12-31
  source: {title: made up for the tests, url: "https://example.invalid/"}
  waiting:
  - {tiers: [second], months: 3, bridged_days: 30}
"""
SECOND = {"tier": "second", "enrolled_from": ""}
# Three months from 10 December end on 10 March; the gap of BRIDGED has 30 days, that of BROKEN 31.
PERSONS = [
    covered("FRESH", 1, **SECOND, cover_from="2023-12-10"),
    covered("FIRST", 2, tier="first", enrolled_from="", cover_from="2023-12-10"),
    covered("BRIDGED", 3, **SECOND, cover_to="2023-12-01"),
    covered("BRIDGED", 3, **SECOND, cover_from="2023-12-31"),
    covered("BROKEN", 4, **SECOND, cover_to="2023-12-01"),
    covered("BROKEN", 4, **SECOND, cover_from="2024-01-01"),
    covered("MOVED", 5, tier="second", enrolled_from="2019-01-01", cover_from="2023-12-10"),
]
OUTCOMES = {
    ("FRESH", "2024-03-09"): "waiting_period",
    ("FRESH", "2024-03-10"): "settled",
    ("FIRST", "2024-03-09"): "settled",
    ("BRIDGED", "2024-03-09"): "settled",
    ("BROKEN", "2024-03-09"): "waiting_period",
    ("MOVED", "2024-03-09"): "settled",
}


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    folder.mkdir()
    text = (POLICIES / "employee.yaml").read_text(encoding="utf-8")
    (folder / "employee.yaml").write_text(text + WAITING, encoding="utf-8")
    return folder


def bills() -> dict[tuple[str, str], Bill]:
    found = {}
    for number, (person, on) in enumerate(OUTCOMES, 1):
        days = {"begndate": on, "enddate": on, "med_type": "21"}
        found[person, on] = a_bill(number, person, ("A", "900.00"), **days)
    return found


def posted(database: Database, book: CompiledBook, bill: Bill, **facts: str) -> str:
    claim = bill.claim
    request = {
        "sender_id": "H1",
        "message_id": f"again-{claim['msgid']}",
        "verb": "settle",
        "person_id": claim["psn_no"],
        "settled_at": "2024-04-02T10:00:00",
        "region": REGION,
        "scheme": "employee",
        "institution_id": "H1",
        "visit_id": f"again-{claim['mdtrt_id']}",
        "person": {"class": "active", "tier": "second"} | facts,
        "event": {
            "visit": "inpatient",
            "level": "L1",
            "begin": claim["begndate"],
            "end": claim["enddate"],
            "total": claim["medfee_sumamt"],
        },
    }
    [answer] = post(database, book, [read_message(json.dumps(request).encode(), book)], 0)
    return answer.code if isinstance(answer, ClaimError) else "settled"


def test_night_and_message_let_the_same_persons_wait(tmp_path: Path, policies: Path) -> None:
    world = RegisterWorld(tmp_path, PERSONS)
    told = bills()
    summary = world.run(world.deliver(*told.values()), policies=policies)
    assert balanced(summary)
    codes = world.rejected()
    by_night = {key: codes.get(f"claims-0.csv:{row}", "settled") for row, key in enumerate(told, 1)}
    assert by_night == OUTCOMES
    book = compile_book(load_book(policies))
    tiers = {"FIRST": {"tier": "first"}}
    with closing(Lake(world.lake).database) as ledger:
        by_message = {
            key: posted(ledger, book, bill, **tiers.get(key[0], {})) for key, bill in told.items()
        }
    assert by_message == OUTCOMES


# What a sender says of cover counts for nothing where the ledger has a register of it.
@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ({}, "cover_start_unknown"),
        ({"insured_from": "2023-12-10"}, "waiting_period"),
        ({"insured_from": "2020-01-01"}, "settled"),
    ],
)
def test_a_ledger_without_register_believes_what_is_told(
    database: Database, policies: Path, facts: dict[str, str], outcome: str
) -> None:
    bill = bills()["FRESH", "2024-03-09"]
    assert posted(database, compile_book(load_book(policies)), bill, **facts) == outcome
