"""One injury that supersedes basic insurance, walked through on the command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.cases.injury import KIND
from engine.cases.life_cycle import FIRST, life_cycles
from engine.storage.lake import Lake
from pipelines.cli import app
from pipelines.reports.injury import STATES
from tests.injury_world import write_policies
from tests.ledger_world import ask, settled_as, stay

BILL = """\
settlement: {settlement}
person: {{class: active}}
event: {{visit: inpatient, level: L3, begin: 2023-03-01, end: 2023-03-08, total: "22000.00"}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A lake whose ledger holds a stay: basic insurance paid (22,000 - 800) x 86 %, 18,232.00."""
    lake = Lake(tmp_path / "lake")
    ask(lake.database, stay(1))
    lake.database.close()
    write_policies(tmp_path / "policies")
    (tmp_path / "bill.yaml").write_text(BILL.format(settlement=settled_as(1)), "utf-8")
    grant(tmp_path, "clerk", "injury_reception")
    grant(tmp_path, "clerk", "injury_settlement")
    grant(tmp_path, "recorder", "injury_recognition")
    return tmp_path


def run(folder: Path, *arguments: str) -> Result:
    environment = {
        "JIESUAN_LAKE": str(folder / "lake"),
        "JIESUAN_POLICIES": str(folder / "policies"),
    }
    return CliRunner().invoke(app, [*arguments], env=environment)


def injury(folder: Path, *arguments: str, by: str = "clerk") -> Result:
    return run(folder, "injury", *arguments, f"--by={by}", "--date=2023-05-08")


def grant(folder: Path, name: str, role: str) -> Result:
    return run(folder, "officer", "grant", name, f"--role={role}", "--by=chief")


def test_an_injury_is_recognised_and_takes_the_place_of_basic_insurance(folder: Path) -> None:
    report = ["report", "P1", "--region=000000", "--injured-on=2023-03-01"]
    case = injury(folder, *report).stdout.strip()
    assert case == "I20230508-0001"
    refused = injury(folder, "take-over", case, str(folder / "bill.yaml"))
    assert getattr(refused.exception, "code", "") == "not_recognised"
    decided = injury(folder, "decide", case, "--result=recognised", "--decision=D5", by="recorder")
    assert decided.exit_code == 0
    taken = injury(folder, "take-over", case, str(folder / "bill.yaml"))
    assert "22000.00" in taken.stdout
    assert "18232.00" in taken.stdout
    shown = json.loads(run(folder, "injury", "show", case, "--json").stdout)
    assert shown["state"] == "superseded"
    assert shown["superseded"] == [settled_as(1)]
    assert "D5" in run(folder, "injury", "show", case).stdout
    assert run(folder, "audit", "verify").exit_code == 0


def test_roles_are_shown_and_withdrawn(folder: Path) -> None:
    assert json.loads(run(folder, "officer", "show", "clerk", "--json").stdout)["roles"] == [
        "injury_reception",
        "injury_settlement",
    ]
    run(folder, "officer", "withdraw", "clerk", "--role=injury_reception", "--by=chief")
    assert run(folder, "officer", "show", "clerk").stdout == "injury_settlement  工伤待遇结算\n"
    report = injury(folder, "report", "P1", "--region=000000", "--injured-on=2023-03-01")
    assert getattr(report.exception, "code", "") == "not_of_the_role"


def test_a_bill_that_is_not_of_the_form_is_refused(folder: Path) -> None:
    case = injury(folder, "report", "P1", "--region=000000", "--injured-on=2023-03-01")
    (folder / "bill.yaml").write_text("settlement: S1\n", "utf-8")
    refused = injury(folder, "take-over", case.stdout.strip(), str(folder / "bill.yaml"))
    assert getattr(refused.exception, "code", "") == "entry_format"


def test_every_state_has_a_name_for_people() -> None:
    assert set(STATES) == set(life_cycles()[KIND]) - {FIRST}
