"""A month's payment to a hospital on the command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.cases.life_cycle import FIRST, life_cycles
from engine.cases.provider_month import KIND
from engine.storage.lake import Lake
from pipelines.cli import app
from pipelines.reports.payments import STATES
from tests.ledger_world import ask, stay

TERMS = """\
retention: 5%
institutions:
  H1:
    pool: {deducted: "232.00", prepaid: "3000.00"}
"""


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A lake whose ledger owes a hospital 18,232.00."""
    lake = Lake(tmp_path / "lake")
    ask(lake.database, stay(1))
    lake.database.close()
    (tmp_path / "terms.yaml").write_text(TERMS, "utf-8")
    return tmp_path / "lake"


def run(lake: Path, *arguments: str, day: str = "2023-04-10") -> Result:
    reads = arguments[0] == "show"
    officer = [] if reads else ["--by=cashier", f"--date={day}"]
    command = ["payments", *arguments, *officer, f"--lake={lake}"]
    return CliRunner().invoke(app, command)


def code(result: Result) -> str:
    return str(getattr(result.exception, "code", ""))


# 18,232.00 - 232.00 - 3,000.00 - 911.60 = 14,088.40.
def test_a_month_is_stated_held_sent_and_paid(lake: Path) -> None:
    terms = f"--terms={lake.parent / 'terms.yaml'}"
    name = run(lake, "state", "medical/000000", "--month=2023-03", terms).stdout.strip()
    assert name == "MEDICAL-000000-202303-H1"
    shown = json.loads(run(lake, "show", name, "--json").stdout)
    assert shown["purses"]["POOL"]["payable_fen"] == 14_088_40
    held = run(lake, "hold", "000000/H1", "--decision=D7", "--heard=2023-04-01").stdout.strip()
    assert code(run(lake, "pay", name, "--state=sent")) == "order_held"
    assert run(lake, "release", held).stdout.strip() == "D7"
    assert run(lake, "pay", name, "--state=sent").exit_code == 0
    assert "已支付" in run(lake, "pay", name, "--state=paid").stdout
    assert "14088.40" in run(lake, "show", name).stdout
    assert CliRunner().invoke(app, ["audit", "verify", f"--lake={lake}"]).exit_code == 0


@pytest.mark.parametrize(
    "text", ["retention: 5\n", "institutions: {H1: {cash: {}}}\n", "more: 1\n", "[]\n"]
)
def test_terms_that_are_not_of_the_form_are_refused(lake: Path, text: str) -> None:
    (lake.parent / "terms.yaml").write_text(text, "utf-8")
    terms = f"--terms={lake.parent / 'terms.yaml'}"
    assert code(run(lake, "state", "medical/000000", "--month=2023-03", terms)) == "terms_format"


@pytest.mark.parametrize("books", ["medical", "pension/000000", "medical/"])
def test_books_name_an_authority_and_a_region(lake: Path, books: str) -> None:
    assert code(run(lake, "state", books, "--month=2023-03")) == "books"


def test_every_state_has_a_name_for_people() -> None:
    assert set(STATES) == set(life_cycles()[KIND]) - {FIRST}


def test_a_month_is_closed_on_the_command_line(lake: Path) -> None:
    assert run(lake, "close-month", "2023-03").stdout.strip() == "2023-04-01"
    assert code(run(lake, "close-month", "2023-03")) == "month_closed"


def test_a_provider_and_month_show_what_each_fund_was_asked_for_and_paid(lake: Path) -> None:
    terms = f"--terms={lake.parent / 'terms.yaml'}"
    name = run(lake, "state", "medical/000000", "--month=2023-03", terms).stdout.strip()
    command = ["payments", "provider", "000000/H1", "--month=2023-03", f"--lake={lake}"]
    shown = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert shown[name]["purses"]["POOL"] == {
        "declared_fen": 18_232_00,
        "deducted_fen": 232_00,
        "recognised_fen": 18_000_00,
        "paid_fen": 0,
    }
    assert "18000.00" in CliRunner().invoke(app, command).stdout
