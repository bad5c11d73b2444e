"""The commands as an operator calls them: what they print and how they exit."""

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from engine.storage.lake import Lake
from pipelines.cli import main
from tests.integration.night_world import (
    NEXT,
    ROOT,
    World,
    a_bill,
    a_refund,
    a_stay,
    command,
    next_day,
)

CASE = """\
region: "610100"
scheme: employee
person: {class: active}
events:
- {id: a, visit: inpatient, level: L3, begin: 2024-03-01, end: 2024-03-10, total: "13140.00"}
"""
LATER = """\
- {id: b, visit: inpatient, level: L3, begin: 2024-04-01, end: 2024-04-10, total: "100.00"}
- {id: undone, kind: cancel, of: a}
- {id: c, visit: inpatient, level: L3, begin: 2024-05-01, end: 2024-05-10, total: "1000.00"}
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run_main(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["jiesuan", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run_main


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("commands"))
    stay = a_stay(1, "E1", ("A", "13140.00"))
    world.night(stay, a_bill(2, "E2", ("A", "500.00")))
    world.night(next_day(a_refund(3, stay)), night=NEXT)
    return world


def a_case(folder: Path, text: str = CASE) -> Path:
    (folder / "case.yaml").write_text(text, encoding="utf-8")
    return folder / "case.yaml"


def night(world: World, *more: str | Path, on: str = "2024-03-31") -> list[str | Path]:
    delivery = world.folder / f"input-{on}"
    return ["night", "--date", on, "--input", delivery, "--reference", world.reference, *more]


# --- settle


def test_a_case_is_settled_and_printed_as_one_json_object(tmp_path: Path, run: Run) -> None:
    code, out, _ = run("settle", a_case(tmp_path), "--json")
    answer = json.loads(out)
    assert code == 0
    assert list(answer) == ["policy_hash", "settlements", "allowances"]
    (settled,) = answer["settlements"]
    assert (settled["event"], settled["status"]) == ("a", "settled")
    assert settled["pool_paid_fen"] == 11085_40
    assert set(settled["steps"][0]) == {"text", "rule", "source", "amount_fen"}


def test_a_rejected_event_exits_1_and_later_events_still_run(tmp_path: Path, run: Run) -> None:
    code, out, _ = run("settle", a_case(tmp_path, CASE + LATER), "--json")
    told = {one["event"]: one for one in json.loads(out)["settlements"]}
    assert code == 1
    assert (told["undone"]["status"], told["undone"]["code"]) == ("rejected", "reversal_not_last")
    assert told["c"]["status"] == "settled"
    assert told["c"]["deductible_paid_fen"] == 350_00


def test_a_refused_policy_exits_3_with_file_and_line(tmp_path: Path, run: Run) -> None:
    policies = tmp_path / "policies"
    policies.mkdir()
    shipped = (ROOT / "engine/policy/data/610100-xian/employee.yaml").read_text(encoding="utf-8")
    lines = shipped.splitlines()
    at = next(k for k, line in enumerate(lines) if "class_b_first_share" in line)
    lines[at] = lines[at].replace("4%", "0.04")
    (policies / "employee.yaml").write_text("\n".join(lines), encoding="utf-8")
    code, out, err = run("settle", a_case(tmp_path), "--policies", policies, "--json")
    assert (code, out) == (3, "")
    assert f"employee.yaml:{at + 1}:" in err


@pytest.mark.parametrize(
    "text",
    [
        "region: [\n",
        CASE.replace("level: L3", "level: L9"),
        CASE.replace('"13140.00"', "13140.0"),
        CASE.replace("events:", "incidents:"),
        "",
        "- 1\n",
    ],
)
def test_a_case_of_the_wrong_form_exits_2_without_output(
    tmp_path: Path, run: Run, text: str
) -> None:
    code, out, err = run("settle", a_case(tmp_path, text), "--json")
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    assert err.strip()


@pytest.mark.parametrize(
    "arguments",
    [
        ["settle", "missing.yaml"],
        ["settle"],
        ["night", "--date", "2024-02-30", "--input", "."],
        ["night", "--date", "2024-03-31", "--input", "missing"],
        ["explain", "S1", "--lang", "fr"],
        ["unheard-of"],
    ],
)
def test_wrong_usage_exits_2(run: Run, arguments: list[str]) -> None:
    assert run(*arguments)[0] == 2


# --- night


def test_a_published_night_prints_its_summary_again(world: World, run: Run) -> None:
    code, out, err = run(*night(world, "--lake", world.lake, "--json"))
    summary = json.loads(out)
    assert code == 0
    assert summary["settled"] == {"claims": 2, "lines": 2}
    assert err == "", "nothing is run again"


def test_a_night_is_printed_for_people_too(world: World, run: Run) -> None:
    code, out, _ = run(*night(world, "--lake", world.lake))
    assert code == 0
    assert "13,640.00" in out.replace(" ", " ")


@pytest.mark.parametrize(
    ("on", "places", "code"),
    [
        ("2024-03-31", {"--reference": "empty", "--lake": "fresh-1"}, "bad_reference"),
        ("2024-03-31", {"--lake": "fresh-2"}, "no_reference"),
        ("2024-03-30", {"--reference": "reference", "--lake": "lake"}, "night_order"),
        ("2024-03-31", {"--reference": "reference", "--lake": "lake"}, "night_published"),
    ],
)
def test_a_night_that_cannot_run_exits_20_and_says_why(
    world: World, run: Run, on: str, places: dict[str, str], code: str
) -> None:
    (world.folder / "empty").mkdir(exist_ok=True)
    where = [part for name, at in places.items() for part in (name, world.folder / at)]
    delivery = world.folder / "input-2024-04-01"
    exit_code, out, err = run("night", "--date", on, "--input", delivery, *where, "--json")
    assert (exit_code, out) == (20, "")
    assert f"[{code}]" in err


def test_a_lake_that_is_no_folder_exits_20(world: World, run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    code, out, err = run(*night(world, "--lake", tmp_path / "file", "--json"))
    assert (code, out) == (20, "")
    assert "[file_system]" in err


def test_production_refuses_policies_that_are_not_approved(
    world: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JIESUAN_PRODUCTION", "1")
    lake = world.folder / "production"
    code, out, err = run(*night(world, "--lake", lake, "--json"))
    assert (code, out) == (20, "")
    assert "[not_approved]" in err
    assert "610100" in err
    assert not lake.exists()


# --- explain


@pytest.mark.parametrize(("lang", "word"), [("zh", "起付标准"), ("en", "deductible")])
def test_a_settlement_is_explained_step_by_step(
    world: World, run: Run, lang: str, word: str
) -> None:
    code, out, _ = run("explain", "S1", "--lake", world.lake, "--lang", lang, "--json")
    answer: dict[str, Any] = json.loads(out)
    assert code == 0
    assert (answer["settlement"], answer["night"]) == ("S1", "2024-03-31")
    assert answer["pool_paid_fen"] == 11085_40
    assert any(word in step["text"] for step in answer["steps"])
    assert all(step["source"] for step in answer["steps"])
    banded = [step["amount_fen"] for step in answer["steps"] if ".bands." in step["rule"]]
    assert banded == [8228_00, 2857_40]


def test_a_refund_of_an_earlier_night_is_explained(world: World, run: Run) -> None:
    code, out, _ = run("explain", "S3", "--lake", world.lake, "--lang", "en", "--json")
    answer = json.loads(out)
    assert code == 0
    assert answer["pool_paid_fen"] == -11085_40
    assert [step["text"] for step in answer["steps"]] == [
        "cancels a settlement: its exact negative"
    ]


def test_an_unknown_settlement_exits_20_and_makes_no_lake(
    world: World, run: Run, tmp_path: Path
) -> None:
    for lake in (world.lake, tmp_path / "misspelt"):
        code, out, err = run("explain", "S404", "--lake", lake, "--json")
        assert (code, out) == (20, "")
        assert "[unknown_settlement]" in err
    assert not (tmp_path / "misspelt").exists()


def test_other_policy_files_explain_nothing(world: World, run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    shipped = ROOT / "engine/policy/data/610100-xian/employee.yaml"
    (folder / "employee.yaml").write_bytes(shipped.read_bytes())
    code, out, err = run("explain", "S1", "--lake", world.lake, "--policies", folder, "--json")
    assert (code, out) == (3, "")
    assert "[policy_changed]" in err


# --- the processes themselves

HELP = """
import sys
sys.argv = ["jiesuan", "--help"]
from pipelines.cli import main
try:
    main()
except SystemExit as ended:
    code = ended.code
heavy = sorted({"numba", "numpy", "polars", "pyarrow", "sqlalchemy", "duckdb"} & set(sys.modules))
print(code, heavy, file=sys.stderr)
"""


def test_help_is_quick_because_it_loads_nothing_heavy() -> None:
    told = subprocess.run(
        [sys.executable, "-c", HELP], cwd=ROOT, capture_output=True, text=True, check=True
    )
    code, heavy = told.stderr.strip().split(" ", 1)
    assert "jiesuan" in told.stdout
    assert (code, heavy) == ("0", "[]")


@pytest.mark.race
def test_while_one_process_writes_another_is_turned_away(world: World) -> None:
    with Lake(world.lake).lock():
        told = command(*night(world, "--lake", world.lake, "--json"))
    assert told.returncode == 20
    assert told.stdout == ""
    assert "[locked]" in told.stderr


@pytest.mark.race
def test_of_processes_that_start_at_once_one_settles_and_none_twice(world: World) -> None:
    lake = world.folder / "contended"
    with ThreadPoolExecutor(2) as starters:
        arguments = night(world, "--lake", lake, "--json")
        told = list(starters.map(lambda _number: command(*arguments), range(2)))
    codes = sorted(one.returncode for one in told)
    assert set(codes) <= {0, 20}, [one.stderr for one in told]
    assert codes[0] == 0
    hashes = {json.loads(one.stdout)["result_hash"] for one in told if one.returncode == 0}
    assert len(hashes) == 1
    contended = World(world.folder, "contended")
    assert sorted(contended.settled()) == ["S1", "S2"]
    assert set(contended.versions().values()) == {1}
