"""`jiesuan db`: tables are brought up to date once, all of the ledger is checked."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from engine.storage import ledger_tables as t
from engine.storage.database import Database
from engine.storage.lake import DATABASE_FILE, DATABASE_VARIABLE
from engine.storage.migrations.upgrade import KNOWN, VERSION
from pipelines.cli import app
from tests.ledger_world import ask, stay


def run(lake: Path, command: str) -> tuple[int, str]:
    answer = CliRunner().invoke(app, ["db", command, "--lake", str(lake), "--json"])
    return answer.exit_code, answer.stdout


@pytest.fixture
def ledger(tmp_path: Path, place: Path | str, monkeypatch: pytest.MonkeyPatch) -> Path | str:
    """Return where the database of the lake at `tmp_path` lies."""
    if isinstance(place, str):
        monkeypatch.setenv(DATABASE_VARIABLE, place)
        return place
    return tmp_path / DATABASE_FILE


def test_a_new_database_gets_its_tables_and_an_upgraded_one_keeps_them(
    tmp_path: Path, ledger: Path | str
) -> None:
    assert ledger
    code, told = run(tmp_path, "upgrade")
    assert (code, json.loads(told)) == (0, {"before": "", "after": KNOWN[-1]})
    code, told = run(tmp_path, "upgrade")
    assert (code, json.loads(told)) == (0, {"before": KNOWN[-1], "after": KNOWN[-1]})


def test_tables_of_a_newer_program_are_refused(tmp_path: Path, ledger: Path | str) -> None:
    database = Database(ledger)
    with database.transaction() as connection:
        connection.execute(sa.update(VERSION).values(version_num="9999"))
    database.close()
    for command in ("upgrade", "check"):
        assert run(tmp_path, command)[0] == 20


def test_a_check_counts_a_ledger_that_holds_and_finds_one_that_is_bent(
    tmp_path: Path, ledger: Path | str
) -> None:
    database = Database(ledger)
    ask(database, stay(1))
    code, told = run(tmp_path, "check")
    assert code == 0
    assert json.loads(told)["settlements"] == 1
    with database.transaction() as connection:
        connection.execute(sa.update(t.COUNTERS).values(value=t.COUNTERS.c.value + 1))
    database.close()
    assert run(tmp_path, "check")[0] == 30
