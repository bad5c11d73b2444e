"""The command `jiesuan clearing` at both regions, from the day's sums to the paid month."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from engine.storage import care_claims
from engine.storage.lake import Lake
from pipelines.cli import app
from tests.crossregion_world import CARE, HOME, LOST_ANSWER, NOW, Line, claim, home_desk


@dataclass(frozen=True)
class Sides:
    """The lakes of two regions: Xi'an has claimed 4,342.50 of Hainan."""

    care: Path
    home: Path
    claim: str
    folder: Path

    @property
    def statement(self) -> Path:
        return self.folder / "2024-03.json"


@pytest.fixture
def sides(tmp_path: Path) -> Sides:
    care, home = Lake(tmp_path / "care"), Lake(tmp_path / "home")
    line = Line(home_desk(home.database))
    done = care_claims.settle(care.database, line, claim(1), lambda _connection: None, NOW)
    care.database.close()
    home.database.close()
    return Sides(care.path, home.path, done.ask.claim_id, tmp_path)


def run(lake: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["clearing", *arguments, f"--lake={lake}"])


def done(lake: Path, *arguments: str, day: str = "2024-04-10") -> str:
    result = run(lake, *arguments, "--by=clerk", f"--date={day}")
    assert result.exit_code == 0, result.output or result.exception
    return str(result.output)


def state(sides: Sides) -> None:
    pair, out = f"{CARE}/{HOME}", f"--out={sides.statement}"
    assert "4342.50" in done(sides.care, "month", pair, "--month=2024-03", out)


def test_a_day_is_told_alike_at_both_regions(sides: Sides) -> None:
    told = [
        json.loads(run(lake, "day", "--date=2024-03-08", "--json").output)["sums"]
        for lake in (sides.care, sides.home)
    ]
    assert [[one["role"], one["amount_fen"]] for [one] in told] == [
        ["care", 434_250],
        ["home", 434_250],
    ]
    assert "4342.50" in run(sides.care, "day", "--date=2024-03-08").output


def test_a_month_goes_from_the_statement_to_the_payment(sides: Sides) -> None:
    state(sides)
    assert "已确认" in done(sides.home, "confirm", str(sides.statement))
    names = {sides.care: f"care-{CARE}-{HOME}-202403", sides.home: f"home-{HOME}-{CARE}-202403"}
    done(sides.care, "mark", names[sides.care], "--state=confirmed")
    for lake, name in names.items():
        assert "已拨付" in done(lake, "mark", name, "--state=paid")
        told = json.loads(run(lake, "show", name, "--json").output)
        assert (told["state"], told["code"]) == ("paid", "60")
        assert told["funds"]["pool"]["due_fen"] == 434_250


def test_a_statement_that_differs_exits_with_one_and_lists_the_claim(sides: Sides) -> None:
    state(sides)
    told = json.loads(sides.statement.read_text("utf-8"))
    told["items"][0]["purses"]["pool"] += 1
    sides.statement.write_text(json.dumps(told), "utf-8")
    result = run(sides.home, "confirm", str(sides.statement), "--by=clerk", "--date=2024-04-10")
    assert result.exit_code == 1
    assert "4342.51" in result.output


def test_a_statement_of_another_form_is_refused(sides: Sides) -> None:
    sides.statement.write_text('{"care": "610100"}', "utf-8")
    result = run(sides.home, "confirm", str(sides.statement), "--by=clerk")
    assert getattr(result.exception, "code", "") == "statement_format"


def test_a_contested_amount_is_named_and_bounded(sides: Sides) -> None:
    state(sides)
    told = ("dispute", sides.claim, "--reason=audit 7")
    assert done(sides.care, *told, "--deduct=pool=100.00").startswith("D20240410-")
    wrong = {
        "--deduct=pool=4300.00": "deduction_too_much",
        "--deduct=fund=1.00": "fund_format",
        "--deduct=pool=-1.00": "amount_not_positive",
    }
    for option, code in wrong.items():
        result = run(sides.care, *told, option, "--by=clerk", "--date=2024-04-10")
        assert getattr(result.exception, "code", "") == code


def test_the_balance_warns_where_the_prepayment_is_nearly_used(sides: Sides) -> None:
    pair = f"{HOME}/{CARE}"
    done(sides.home, "prepay", pair, "--role=home", "--amount=4825.00")  # 90 % of it are 4,342.50.
    told = json.loads(run(sides.home, "balance", "--date=2024-04-10", "--json").output)
    [one] = told["balances"]
    assert (one["prepaid_fen"], one["due_fen"], one["warning"]) == (482_500, 434_250, "red")
    done(sides.home, "prepay", pair, "--role=home", "--amount=1375.00")
    assert "黄色预警" in run(sides.home, "balance", "--date=2024-04-10").output
    done(sides.home, "prepay", pair, "--role=home", "--amount=10000.00")
    assert "预警：" not in run(sides.home, "balance", "--date=2024-04-10").output


def test_resume_lists_what_stays_unknown(sides: Sides) -> None:
    assert run(sides.care, "resume").exit_code == 0
    care, home = Lake(sides.care), Lake(sides.home)
    moment = datetime.combine(date(2024, 3, 9), datetime.min.time())
    with pytest.raises(Exception, match="outcome_unknown"):
        care_claims.settle(
            care.database,
            Line(home_desk(home.database), LOST_ANSWER),
            claim(2, settled_at=moment),
            lambda _connection: None,
            NOW,
        )
    care.database.close()
    home.database.close()
    result = run(sides.care, "resume")
    assert result.exit_code == 1
    assert "已发出，结果未明" in result.output
    assert claim(2).ask.claim_id in result.output


@pytest.mark.parametrize("books", ["610100", "610100/46", "a/b", "610100/460000/1"])
def test_a_pair_is_two_region_codes(sides: Sides, books: str) -> None:
    told = ("prepay", books, "--role=care", "--amount=1.00", "--by=clerk")
    assert getattr(run(sides.care, *told).exception, "code", "") == "pair_format"
