"""The command `jiesuan policy`, run as a user runs it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from engine.errors import PolicyError
from pipelines.cli import app
from tests.unit.pipelines.policy_files import TOWN, changed, folder_of, line_of

RUNNER = CliRunner(env={"COLUMNS": "200"})
DAY = ("--date", "2025-06-01")


def policy(*arguments: str | Path) -> Result:
    return RUNNER.invoke(app, ["policy", *map(str, arguments)])


def answer(*arguments: str | Path, code: int = 0) -> dict[str, Any]:
    """Run with --json: standard output is one JSON object."""
    result = policy(*arguments, "--json")
    assert result.exit_code == code, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def golden(folder: Path, pool_paid: str) -> Path:
    """Write a golden file of one stay under the terms of 2024."""
    claim = {"visit": "inpatient", "level": "L1", "begin": "2024-03-01", "end": "2024-03-09"}
    case = {
        "region": "990000",
        "scheme": "employee",
        "person": {"class": "active"},
        "events": [{"id": "stay", **claim, "total": "5000.00"}],
    }
    expected = [{"event": "stay", "pool_paid": pool_paid}]
    folder.mkdir()
    (folder / "one.yaml").write_text(yaml.safe_dump({"case": case, "expected": expected}))
    return folder


def test_a_check_without_errors_ends_with_its_counts(tmp_path: Path) -> None:
    result = policy("check", folder_of(tmp_path, town=TOWN), *DAY)
    assert result.exit_code == 0
    last = result.stdout.splitlines()[-1]
    assert last == "1 个地区 places, 1 个险种 schemes, 0 个错误 errors, 0 个提示 warnings"


def test_a_check_with_warnings_only_exits_with_0(tmp_path: Path) -> None:
    result = policy("check", folder_of(tmp_path, town=TOWN), "--date", "2026-06-01")
    assert result.exit_code == 0
    assert "town.yaml:20: 提示 warning [review_expired] 复核期已于 2025-12-31 届满" in result.stdout


def test_a_check_with_an_error_exits_with_1_and_names_file_and_line(tmp_path: Path) -> None:
    bad = changed("90%", "190%")
    result = policy("check", folder_of(tmp_path, good=TOWN, bad=bad), *DAY)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert (
        lines[0]
        == f"bad.yaml:{line_of(bad, '190%')}: 错误 error [rate_above_one] 比例 190% 超过 100%"
    )
    assert lines[1].strip() == "the rate 190% passes 100%"
    assert lines[-1].startswith("1 个地区 places, 1 个险种 schemes, 1 个错误 errors")


def test_a_check_is_one_json_object(tmp_path: Path) -> None:
    bad = changed("90%", "190%")
    found = answer("check", folder_of(tmp_path, bad=bad), *DAY, code=1)
    assert {key: found[key] for key in ("places", "schemes", "errors", "warnings")} == {
        "places": 0,
        "schemes": 0,
        "errors": 1,
        "warnings": 0,
    }
    assert found["findings"][0]["line"] == line_of(bad, "190%")


def test_the_shipped_policies_are_checked_by_default() -> None:
    found = answer("check", *DAY)
    assert found["places"] >= 3
    assert found["schemes"] >= 6


def test_a_folder_without_policies_cannot_be_checked(tmp_path: Path) -> None:
    refused = policy("check", tmp_path).exception
    assert isinstance(refused, PolicyError)
    assert refused.code == "no_policies"


@pytest.mark.parametrize(("lang", "word"), [("zh", "起付线"), ("en", "deductibles")])
def test_a_shipped_scheme_can_be_shown(lang: str, word: str) -> None:
    result = policy("show", "610100", "employee", "--date", "2024-03-31", "--lang", lang)
    assert result.exit_code == 0
    assert "西安市" in result.stdout
    assert word in result.stdout


def test_a_shown_scheme_is_one_json_object() -> None:
    found = answer("show", "610100", "employee", "--date", "2024-03-31")
    assert [benefit["name"] for benefit in found["benefits"]] == ["inpatient", "outpatient"]
    assert found["sources"][0]["title"].startswith("西安市")


def test_two_policies_are_compared_by_value_and_amount(tmp_path: Path) -> None:
    old = folder_of(tmp_path / "old", town=TOWN)
    new = folder_of(tmp_path / "new", town=changed("active: 80%", "active: 82%"))
    result = policy("diff", old, new)
    assert result.exit_code == 0
    assert "rate.active: 80% → 82%  notice" in result.stdout
    assert "统筹基金 7680.00" in result.stdout
    assert "统筹基金 7872.00" in result.stdout
    (scheme,) = answer("diff", old, new)["schemes"]
    assert scheme["values"][0]["new"] == "82%"
    assert {change["person"]["person_class"] for change in scheme["amounts"]} == {"active"}


def test_policies_that_are_the_same_are_said_to_be(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, town=TOWN)
    assert "the policies are the same" in policy("diff", folder, folder).stdout


def test_uncovered_figures_are_listed_by_row_and_exit_with_1(tmp_path: Path) -> None:
    # (5000 - 400) x 90% = 4140.
    policies = folder_of(tmp_path / "policies", town=TOWN)
    cases = golden(tmp_path / "cases", "4140.00")
    result = policy("coverage", "--policies", policies, "--cases", cases)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0] == "试点市 990000 employee  1/6"
    assert "  inpatient 2024-01-01 L3: basic.deductibles.1, basic.bands.1.rate" in lines
    assert lines[-1] == "1 个算例 cases, 6 行待遇 rows, 5 行未看住 uncovered, 0 处不成立 failing"


def test_a_policy_that_is_held_in_full_exits_with_0(tmp_path: Path) -> None:
    text = TOWN[: TOWN.index("    - from: 2023-01-01")] + TOWN[TOWN.index("    - from: 2024") :]
    text = changed('{L1: "400.00", L3: "800.00"}', '"400.00"', text)
    policies = folder_of(tmp_path / "policies", town=text)
    cases = golden(tmp_path / "cases", "4140.00")
    found = answer("coverage", "--policies", policies, "--cases", cases)
    assert (found["complete"], found["schemes"][0]["uncovered"]) == (True, [])


def test_a_golden_file_that_fails_is_told_and_exits_with_1(tmp_path: Path) -> None:
    policies = folder_of(tmp_path / "policies", town=TOWN)
    cases = golden(tmp_path / "cases", "4140.01")
    found = answer("coverage", "--policies", policies, "--cases", cases, code=1)
    assert found["failing"][0].endswith("stay: pool_paid is 414000, expected 414001")


def test_coverage_can_be_asked_of_one_region(tmp_path: Path) -> None:
    policies = folder_of(tmp_path / "policies", town=TOWN)
    cases = golden(tmp_path / "cases", "4140.00")
    found = answer("coverage", "--policies", policies, "--cases", cases, "--region", "110000")
    assert found["schemes"] == []


def test_a_policy_file_is_begun_once(tmp_path: Path) -> None:
    arguments = ("new", "990000", "resident", "--name", "试点市", "--out", tmp_path)
    result = policy(*arguments)
    path = tmp_path / "990000" / "resident.yaml"
    assert (result.exit_code, result.stdout.strip()) == (0, str(path))
    before = path.read_bytes()
    assert policy(*arguments).exit_code == 2
    assert path.read_bytes() == before
    assert policy("check", tmp_path, *DAY).exit_code == 1
