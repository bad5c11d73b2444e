"""A recovery on the command line, from the proposal to the last fen."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipelines.cli import app

PROPOSAL = """\
person: P1
region: "000000"
debtor: P1
reason: insured elsewhere
owed: {pool: "60.00", large_amount: "30.00"}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "recovery.yaml").write_text(PROPOSAL, "utf-8")
    return tmp_path


def run(folder: Path, *arguments: str, by: str = "clerk") -> Result:
    officer = [] if arguments[0] == "show" else [f"--by={by}", "--date=2023-04-03"]
    command = ["recovery", *arguments, *officer, f"--lake={folder / 'lake'}"]
    return CliRunner().invoke(app, command)


def test_a_recovery_is_walked_from_the_proposal_to_the_last_fen(folder: Path) -> None:
    case = run(folder, "propose", str(folder / "recovery.yaml")).stdout.strip()
    assert case == "R20230403-0001"
    assert run(folder, "step", case, "noticed").exit_code == 0
    assert "90.00" in run(folder, "step", case, "decided", "--say=D9", by="head").stdout
    run(folder, "step", case, "agreed", "--say=2023-05-01", "--say=2023-06-01")
    assert "45.00" in run(folder, "step", case, "received", "--say=45.00").stdout
    shown = json.loads(run(folder, "show", case, "--json").stdout)
    assert [one["amount_fen"] for one in shown["plan"]] == [45_00, 45_00]
    assert shown["owed"] == {"POOL": 30_00, "LARGE_AMOUNT": 15_00}
    assert "0.00" in run(folder, "step", case, "received", "--say=45.00").stdout
    assert "received" in run(folder, "show", case).stdout


@pytest.mark.parametrize("text", ["person: P1\n", PROPOSAL.replace("pool", "cash"), "[]\n"])
def test_a_proposal_that_is_not_of_the_form_is_refused(folder: Path, text: str) -> None:
    (folder / "recovery.yaml").write_text(text, "utf-8")
    refused = run(folder, "propose", str(folder / "recovery.yaml"))
    assert getattr(refused.exception, "code", "") == "proposal_format"


def test_an_account_that_holds_nothing_is_not_taken_from(folder: Path) -> None:
    case = run(folder, "propose", str(folder / "recovery.yaml")).stdout.strip()
    run(folder, "step", case, "noticed")
    run(folder, "step", case, "decided", "--say=D9", by="head")
    refused = run(folder, "set-off-account", case, by="head")
    assert getattr(refused.exception, "code", "") == "nothing_to_set_off"
