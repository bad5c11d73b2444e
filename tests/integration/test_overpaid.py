"""An end that becomes known late: what the ledger paid after it, settlement by settlement.

The policy is that of tests/ledger_world.py: a first stay of 22,000.00 pays 18,232.00, the second
18,936.00 and leaves 3,064.00 in cash.
"""

import json
from datetime import date
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from engine.errors import ClaimError
from engine.settlement.entitlement import End, EndKind
from engine.storage.database import Database
from engine.storage.entitled import read_entitled
from engine.storage.lake import Lake
from engine.storage.messages import read_message
from engine.storage.overpaid import Proposal, overpaid
from engine.storage.posting import post
from pipelines.cli import app
from tests.integration.test_entitled import bring, cover, died, load
from tests.ledger_world import NOW, POLICY, ask, book, settled_as, stay, undo

KNOWN = date(2023, 6, 1)


def later(number: int, **changed: Any) -> dict[str, Any]:
    event = {**stay(1)["event"], "begin": "2023-03-10", "end": "2023-03-20"}
    return stay(number, event=event, settled_at="2023-03-20T10:00:00", **changed)


def found(database: Database, on: date) -> list[Proposal]:
    with database.reading() as connection:
        return overpaid(connection, book(), "P1", End(EndKind.DEATH, on, KNOWN))


def test_what_was_paid_after_a_death_is_proposed_and_nothing_else(database: Database) -> None:
    ask(database, stay(1), later(2))
    expected = Proposal(settled_as(2), "H1", {"POOL": 18_936_00}, 0, 3_064_00)
    assert found(database, date(2023, 3, 9)) == [expected]
    assert found(database, date(2023, 3, 31)) == []


def test_a_stay_that_spans_the_end_is_for_an_officer(database: Database) -> None:
    ask(database, stay(1))
    [spanning] = found(database, date(2023, 3, 5))
    assert (spanning.spanning, spanning.funds) == (True, {})


def test_what_was_cancelled_is_not_proposed(database: Database) -> None:
    ask(database, stay(1), later(2))
    ask(database, undo(3, 2, settled_at="2023-03-21T10:00:00"))
    assert found(database, date(2023, 3, 9)) == []


def test_a_person_without_settlements_owes_nothing(database: Database) -> None:
    assert found(database, date(2023, 3, 9)) == []


# Twenty working days from 9 March 2023: 10, 13 to 17, 20 to 24 and 27 to 31 March are sixteen,
# 3, 4, 6 and 7 April four more; 5 April is Qingming.
def test_the_command_lists_the_proposals_and_the_day_of_the_report(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    ask(lake.database, stay(1), later(2))
    lake.database.close()
    command = ["recovery", "after-end", "P1", "--kind=death", "--ended-on=2023-03-09", "--json"]
    places = [f"--lake={tmp_path / 'lake'}", f"--policies={POLICY}"]
    answer = json.loads(CliRunner().invoke(app, [*command, *places]).stdout)
    assert answer["report_due"] == "2023-04-07"
    assert [one["funds"] for one in answer["proposals"]] == [{"POOL": 18_936_00}]
    told = CliRunner().invoke(app, [*command[:-1], *places]).stdout
    assert "18936.00" in told


# The first stay began on 1 March and stands; the second, begun on the 10th, was paid before the
# death of the 9th was known.
def test_an_end_loaded_late_stops_the_ledger_and_proposes_what_was_paid_since(
    database: Database, tmp_path: Path
) -> None:
    ask(database, stay(1), later(2))
    folder = bring(tmp_path / "r", [cover("P1")], ends=[died("P1", "2023-03-09")])
    load(database, folder)
    after = json.dumps(later(3)).encode()
    [answer] = post(database, book(), [read_message(after, book())], NOW)
    assert isinstance(answer, ClaimError)
    assert answer.code == "entitlement_ended"
    with database.reading() as connection:
        [end] = read_entitled(connection, ["P1"], []).ends["P1"]
        proposals = overpaid(connection, book(), "P1", end)
    assert proposals == [Proposal(settled_as(2), "H1", {"POOL": 18_936_00}, 0, 3_064_00)]
