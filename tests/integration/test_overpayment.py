"""An overpayment from the fact to the debt of each fund, against figures worked by hand.

The policy is that of tests/ledger_world.py. Two stays of 22,000.00 in one year pay

- the first (22,000 - 800) x 86 % = 18,232.00 and leaves 3,768.00 in cash,
- the second (17,600 x 86 %) + (4,000 x 95 %) = 18,936.00 and leaves 3,064.00: its deductible is
  400, and from 40,000.00 of covered cost on the rate is 95 %.
"""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from engine.cases.corrected_fact import CorrectedFact, FactKind
from engine.codes.enums import Fund
from engine.errors import CaseError, EngineError
from engine.storage.database import Database
from engine.storage.lake import Lake
from engine.storage.resettled import Payers, resettle
from pipelines.cli import app
from tests.integration.test_overpaid import later
from tests.integration.test_posting_events import other
from tests.ledger_world import POLICY, Record, ask, book, settled_as, stay, undo

FACT: Record = {
    "person": "P1",
    "region": "000000",
    "scheme": "employee",
    "from": "2023-03-01",
    "document": "D-7",
}
Assess = Callable[..., Result]


@pytest.fixture
def assess(tmp_path: Path) -> Assess:
    lake = Lake(tmp_path / "lake")
    ask(lake.database, stay(1), later(2))
    lake.database.close()

    def run(*options: str, **fact: Any) -> Result:
        (tmp_path / "fact.yaml").write_text(json.dumps(FACT | fact), "utf-8")
        places = [f"--lake={tmp_path / 'lake'}", f"--policies={POLICY}"]
        command = ["recovery", "assess", str(tmp_path / "fact.yaml"), *places, *options]
        return CliRunner().invoke(app, command)

    return run


def answer(result: Result) -> Record:
    told: Record = json.loads(result.stdout)
    return told


def refusal(result: Result) -> str:
    assert isinstance(result.exception, EngineError)
    return result.exception.code


def pool(result: Result) -> Record:
    funds: Record = answer(result)["funds"]
    assert list(funds) == ["POOL"]
    told: Record = funds["POOL"]
    return told


# Without the first stay the second is the first of its year: it ought to have paid 18,232.00.
def test_an_injury_costs_its_own_stay_and_moves_the_later_one(assess: Assess) -> None:
    found = assess("--json", fact="work_injury", settlements=[settled_as(1)])
    expected = {"own_fen": 18_232_00, "later_fen": 704_00, "net_fen": 18_936_00}
    assert pool(found) == expected | {"debt_fen": 18_936_00, "to_be_paid_fen": 0}
    assert answer(found)["cash"] == {"own_fen": 3_768_00, "later_fen": -704_00, "net_fen": 3_064_00}
    assert [one["concerned"] for one in answer(found)["settlements"]] == [True, False]


# Of 22,000.00 another bears 6,600.00: (15,400 - 800) x 86 % = 12,556.00. The later stay then lies
# within 40,000.00 of covered cost as a whole: (22,000 - 400) x 86 % = 18,576.00.
def test_a_liable_third_party_takes_its_share_of_the_cost(assess: Assess) -> None:
    fact = {"fact": "third_party", "liable": "30%", "settlements": [settled_as(1)]}
    told = pool(assess("--json", **fact))
    assert (told["own_fen"], told["later_fen"]) == (5_676_00, 360_00)
    assert told["debt_fen"] == 6_036_00


# As retired: 21,200 x 93 % = 19,716.00, and 17,600 x 93 % + 4,000 x 97 % = 20,248.00.
def test_a_wrong_class_is_paid_up_where_too_little_was_paid(assess: Assess) -> None:
    told = pool(assess("--json", fact="wrong_class", person_class="retired"))
    assert (told["own_fen"], told["later_fen"]) == (-2_796_00, 0)
    assert (told["debt_fen"], told["to_be_paid_fen"]) == (0, 2_796_00)


def test_cover_that_had_ended_takes_what_was_paid_after_it(assess: Assess) -> None:
    told = pool(assess("--json", fact="not_covered", **{"from": "2023-03-09"}))
    assert told == {
        "own_fen": 18_936_00,
        "later_fen": 0,
        "net_fen": 18_936_00,
        "debt_fen": 18_936_00,
        "to_be_paid_fen": 0,
    }


def test_benefits_paid_twice_are_those_of_the_settlement_named(assess: Assess) -> None:
    told = pool(assess("--json", fact="double_benefit", settlements=[settled_as(2)]))
    assert told["debt_fen"] == 18_936_00


def test_a_stay_across_the_fact_is_named_and_costs_nothing(assess: Assess) -> None:
    found = assess("--json", fact="death", **{"from": "2023-03-05", "until": "2023-03-09"})
    assert answer(found)["spanning"] == [settled_as(1)]
    assert answer(found)["funds"] == {}


def test_the_notice_goes_from_the_fact_to_the_debt(assess: Assess) -> None:
    text = assess(fact="work_injury", settlements=[settled_as(1)]).stdout
    for part in (
        "一、事实：应由工伤保险基金支付（2023-03-01 起），依据 D-7",
        "社会保险法第30条、经办条例第46条",
        "第 1 段（0.00 至 40000.00）：费用 17600.00 元，支付 86%，计 15136.00 元",
        "统筹基金：18232.00 + (704.00) = 18936.00 元，应退",
        "个人现金（由机构退还本人）：3768.00 + (-704.00) = 3064.00 元",
        "经办条例第52条",
    ):
        assert part in text


def test_a_recovery_opens_with_the_fact_and_its_arithmetic(assess: Assess, tmp_path: Path) -> None:
    opened = ("--by=clerk", "--date=2023-06-02", "--json")
    found = answer(assess(*opened, fact="work_injury", settlements=[settled_as(1)]))
    shown = CliRunner().invoke(
        app, ["recovery", "show", found["recovery"], f"--lake={tmp_path / 'lake'}", "--json"]
    )
    told = json.loads(shown.stdout)
    assert told["owed"] == {"POOL": 18_936_00}
    assert told["events"][0]["content"]["assessment"]["fact"]["document"] == "D-7"


def test_nothing_is_recovered_where_too_little_was_paid(assess: Assess) -> None:
    refused = assess("--by=clerk", fact="wrong_class", person_class="retired")
    assert refusal(refused) == "nothing_overpaid"


@pytest.mark.parametrize(
    ("fact", "code"),
    [
        ({"fact": "death", "person_class": "retired"}, "fact_form"),
        ({"fact": "wrong_class"}, "fact_form"),
        ({"fact": "death", "document": " "}, "fact_form"),
        ({"fact": "death", "until": "2023-02-01"}, "fact_form"),
        ({"fact": "death", "from": "yesterday"}, "fact_form"),
        ({"fact": "work_injury", "liable": "30%"}, "fact_form"),
        ({"fact": "work_injury", "settlements": ["S404"]}, "fact_settlement"),
        ({"fact": "wrong_class", "person_class": "unknown"}, "fact_class"),
        ({"fact": "rumour"}, "entry_format"),
    ],
)
def test_a_fact_that_is_not_whole_is_refused(assess: Assess, fact: Record, code: str) -> None:
    assert refusal(assess("--json", **fact)) == code


def found(database: Database, of: int, edition: str) -> list[tuple[bool, Payers]]:
    fact = CorrectedFact(
        kind=FactKind.WORK_INJURY,
        person="P1",
        region="000000",
        scheme="employee",
        begins=date(2023, 1, 1),
        document="D-7",
        settlements=(settled_as(of),),
    )
    with database.reading() as connection:
        again = resettle(connection, book(edition), fact).again
    return [(one.concerned, one.paid.less(one.right)) for one in again]


# The stay leaves 22,000.00 - 18,232.00 = 3,768.00, of which assistance paid half on application.
def test_an_application_falls_with_the_stay_that_it_is_about(database: Database) -> None:
    applied = other(2, kind="application", benefit="top_up", year=2023, settled="2024-02-01")
    ask(database, stay(1), applied, reversal="wider")
    [(_, stay_paid), (concerned, applied_paid)] = found(database, 1, "wider")
    assert stay_paid.funds[Fund.POOL] == 18_232_00
    assert not concerned
    assert (applied_paid.funds[Fund.ASSISTANCE], applied_paid.cash_fen) == (1_884_00, -1_884_00)


def test_what_a_change_of_cover_follows_is_assessed_by_hand(database: Database) -> None:
    change = other(2, kind="cover_change", on="2023-07-01")
    ask(database, stay(1), change, stay(3), reversal="wider")
    assert [paid.funds[Fund.POOL] for _, paid in found(database, 3, "wider")] == [18_232_00]
    with pytest.raises(CaseError) as refused:
        found(database, 1, "wider")
    assert refused.value.code == "cover_changed"


def test_what_was_cancelled_is_not_settled_anew(database: Database) -> None:
    ask(database, stay(1), later(2), undo(3, 2, settled_at="2023-03-21T10:00:00"), later(4))
    assert [(own, paid.funds[Fund.POOL]) for own, paid in found(database, 4, "last_first")] == [
        (True, 18_936_00)
    ]


# 300.00 come to the account between the stays; it pays nothing of either, and stays in place.
def test_credit_in_between_stays_where_it_was(database: Database) -> None:
    credit = other(2, kind="account_credit", amount="300.00")
    ask(database, stay(1), credit, later(3))
    assert [(own, paid.funds[Fund.POOL]) for own, paid in found(database, 1, "last_first")] == [
        (True, 18_232_00),
        (False, 704_00),
    ]
