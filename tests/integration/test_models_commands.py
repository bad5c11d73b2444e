"""detect, evaluate and sample as commands, on a made-up labelled set."""

import csv
import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from engine.errors import EngineError
from pipelines.cli import app
from tests.provider_frames import aggregates, labelled

COMMANDS = CliRunner()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data" / "provider_fraud"
    folder.mkdir(parents=True)
    known = labelled(240)
    aggregates(240).with_columns(label=pl.Series(known.label), fold=pl.Series(known.fold)).sample(
        fraction=1.0, shuffle=True, seed=5
    ).write_parquet(folder / "provider_features.parquet")
    monkeypatch.setenv("JIESUAN_DATA", str(tmp_path / "data"))
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.usefixtures("data")
def test_detect_ranks_every_provider_once_and_a_kept_model_repeats_it(tmp_path: Path) -> None:
    table, first, second = tmp_path / "new.csv", tmp_path / "a.csv", tmp_path / "b.csv"
    model = tmp_path / "model.skops"
    aggregates(50, seed=8).write_csv(table)
    begin = ["detect", "--providers", str(table), "--out"]
    told = COMMANDS.invoke(app, [*begin, str(first), "--save-model", str(model)])
    assert told.exit_code == 0, told.output
    rows = rows_of(first)
    assert list(rows[0]) == ["provider_id", "score", "rank", "reasons"]
    assert sorted(row["provider_id"] for row in rows) == [f"P{n:05d}" for n in range(50)]
    assert [int(row["rank"]) for row in rows] == list(range(1, 51))
    assert all(0 < float(row["score"]) < 1 for row in rows)
    again = COMMANDS.invoke(app, [*begin, str(second), "--model", str(model)])
    assert again.exit_code == 0
    assert first.read_bytes() == second.read_bytes()


def test_detect_refuses_a_table_with_labels(data: Path, tmp_path: Path) -> None:
    told = COMMANDS.invoke(
        app,
        [
            "detect",
            "--providers",
            str(data / "provider_features.parquet"),
            "--out",
            str(tmp_path / "out.csv"),
        ],
    )
    assert isinstance(told.exception, EngineError)
    assert told.exception.code == "provider_columns"
    assert not (tmp_path / "out.csv").exists()


def test_detect_says_what_is_missing_without_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JIESUAN_DATA", raising=False)
    table = tmp_path / "new.csv"
    aggregates(5).write_csv(table)
    told = COMMANDS.invoke(
        app, ["detect", "--providers", str(table), "--out", str(tmp_path / "out.csv")]
    )
    assert isinstance(told.exception, EngineError)
    assert told.exception.code == "no_data"


@pytest.mark.usefixtures("data")
def test_detect_stops_on_a_population_that_has_moved(tmp_path: Path) -> None:
    table, out = tmp_path / "new.csv", tmp_path / "out.csv"
    moved = aggregates(240, seed=8)
    moved.with_columns(pl.exclude("Provider") * 40).write_csv(table)
    command = ["detect", "--providers", str(table), "--out", str(out)]
    assert COMMANDS.invoke(app, command).exit_code == 20
    assert not out.exists()


def frame_of(tmp_path: Path) -> Path:
    path = tmp_path / "frame.csv"
    pl.DataFrame(
        {
            "unit": [f"C{n:04d}" for n in range(400)],
            "amount_fen": [1_000 + 37 * n for n in range(400)],
        }
    ).write_csv(path)
    return path


def test_a_sample_is_drawn_again_and_estimated_from_the_filled_sheet(tmp_path: Path) -> None:
    frame, sheet, filled = frame_of(tmp_path), tmp_path / "sheet.csv", tmp_path / "filled.csv"
    command = ["sample", "--frame", str(frame), "--size", "60", "--seed", "7"]
    assert COMMANDS.invoke(app, [*command, "--worksheet", str(sheet)]).exit_code == 0
    drawn = pl.read_csv(sheet)
    assert len(drawn) == 60
    drawn.with_columns(overpaid_fen=pl.col("amount_fen") // 2).write_csv(filled)
    told = COMMANDS.invoke(
        app, [*command, "--worksheet", str(sheet), "--audited", str(filled), "--json"]
    )
    answer = json.loads(told.stdout)
    truth = sum(1_000 + 37 * n for n in range(400)) // 2
    assert answer["demand_fen"] <= truth
    assert answer["demand_fen"] == pytest.approx(truth, rel=0.01)


def test_a_sheet_of_other_units_is_refused(tmp_path: Path) -> None:
    frame, sheet = frame_of(tmp_path), tmp_path / "sheet.csv"
    other = tmp_path / "other.csv"
    pl.DataFrame({"unit": ["C0000"], "overpaid_fen": [1]}).write_csv(other)
    told = COMMANDS.invoke(
        app,
        [
            *("sample", "--frame", str(frame), "--size", "60", "--seed", "7"),
            *("--worksheet", str(sheet), "--audited", str(other)),
        ],
    )
    assert isinstance(told.exception, EngineError)
    assert told.exception.code == "worksheet"
