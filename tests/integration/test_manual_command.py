"""One claim by hand walked through on the command line, as an officer would."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.cases.life_cycle import FIRST, life_cycles
from engine.cases.manual import KIND, terms
from pipelines.cli import app
from pipelines.reports.manual import EVENTS, PAPERS

POLICY = Path(__file__).parents[1] / "golden/policies/hand-employee-stays.yaml"
ENTRY = """\
invoices: ["2023-77"]
institution: H9
person: {class: active}
event: {visit: inpatient, level: L3, begin: 2023-03-01, end: 2023-03-08, total: "10800.00"}
"""
FOUR = [f"--paper={paper}" for paper in ("receipt", "itemised_list", "diagnosis", "records")]
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "entry.yaml").write_text(ENTRY, "utf-8")
    environment = {"JIESUAN_LAKE": str(tmp_path / "lake"), "JIESUAN_POLICIES": str(POLICY)}

    def manual(*arguments: str, by: str = "clerk", on: str = "2023-04-03") -> Result:
        officer = [] if arguments[0] in {"show", "list"} else [f"--by={by}", f"--date={on}"]
        return CliRunner().invoke(app, ["manual", *arguments, *officer], env=environment)

    return manual


def code(result: Result) -> str:
    return str(getattr(result.exception, "code", ""))


# (10,800 - 800) x 86 % = 8,600.00; thirty working days after 3 April 2023 end on 17 May: 4, 6, 7,
# 10 to 14, 17 to 21 are thirteen, Sunday 23 to 28 April six more, 4 to 6 May three (Saturday 6 is
# worked), 8 to 12 May five, 15 to 17 three.
def test_a_claim_is_walked_from_the_papers_to_the_money(run: Run, tmp_path: Path) -> None:
    received = run("receive", "000000/employee/P1", *FOUR[:3])
    claim = received.stdout.strip()
    assert claim == "M20230403-0001"
    assert code(run("enter", claim, f"--file={tmp_path / 'entry.yaml'}")) == "papers_missing"
    assert run("add-papers", claim, FOUR[3]).exit_code == 0
    for step in (["enter", claim, f"--file={tmp_path / 'entry.yaml'}"], ["check", claim]):
        assert run(*step).exit_code == 0
    assert "8600.00" in run("settle", claim).stdout
    assert code(run("approve", claim, by="clerk")) == "same_person"
    assert run("approve", claim, by="reviewer").exit_code == 0
    assert run("pay", claim, "--state=sent", by="cashier").exit_code == 0
    assert run("pay", claim, "--state=paid", by="cashier").exit_code == 0
    shown = json.loads(run("show", claim, "--json").stdout)
    assert (shown["state"], shown["due"]) == ("paid", "2023-05-17")
    assert shown["settlement"]["pool_paid_fen"] == 8_600_00
    assert [event["by"] for event in shown["events"]][-3:] == ["reviewer", "cashier", "cashier"]
    assert "复核通过" in run("show", claim).stdout
    environment = {"JIESUAN_LAKE": str(tmp_path / "lake")}
    assert CliRunner().invoke(app, ["audit", "verify"], env=environment).exit_code == 0


def test_claims_that_wait_are_listed_by_their_deadline(run: Run) -> None:
    late = run("receive", "000000/employee/P1", *FOUR, on="2023-04-03").stdout.strip()
    soon = run("receive", "000000/maternity/P2", "--kind=allowance", on="2023-04-04").stdout.strip()
    rows = json.loads(run("list", "--date=2023-04-28", "--json").stdout)["claims"]
    assert [(row["claim"], row["overdue"]) for row in rows] == [(soon, True), (late, False)]
    assert "逾期" in run("list", "--date=2023-04-28").stdout


def test_a_refusal_takes_a_reason_and_ends_the_claim(run: Run) -> None:
    claim = run("receive", "000000/employee/P1", *FOUR).stdout.strip()
    assert run("refuse", claim, "--reason=not insured", by="reviewer").exit_code == 0
    assert json.loads(run("list", "--json").stdout)["claims"] == []
    assert code(run("check", claim)) == "event_order"


def test_a_reviewer_sends_a_claim_back(run: Run, tmp_path: Path) -> None:
    claim = run("receive", "000000/employee/P1", *FOUR).stdout.strip()
    for step in (
        ["enter", claim, f"--file={tmp_path / 'entry.yaml'}"],
        ["check", claim],
        ["settle", claim],
    ):
        assert run(*step).exit_code == 0
    assert "退回" in run("send-back", claim, "--reason=wrong stay", by="reviewer").stdout


@pytest.mark.parametrize(
    "text",
    ["invoices: [1]\nperson: {}\nevent: {}\n", "invoices: []\nperson: {}\n", "[1]\n"],
)
def test_an_entry_that_is_not_of_the_form_is_refused(run: Run, tmp_path: Path, text: str) -> None:
    claim = run("receive", "000000/employee/P1", *FOUR).stdout.strip()
    (tmp_path / "entry.yaml").write_text(text, "utf-8")
    assert code(run("enter", claim, f"--file={tmp_path / 'entry.yaml'}")) == "entry_format"


def test_who_is_insured_where_is_said_in_three_parts(run: Run) -> None:
    assert run("receive", "000000/P1").exit_code == 2


def test_every_event_and_paper_has_a_name_for_people() -> None:
    assert set(EVENTS) == set(life_cycles()[KIND]) - {FIRST}
    assert set(PAPERS) == set().union(*(one.papers for one in terms().values()))
