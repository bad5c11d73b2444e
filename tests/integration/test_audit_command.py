"""`jiesuan audit verify` after nights: 0 while the chain is whole, 1 and the number where not."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from engine.storage.lake import DATABASE_FILE
from pipelines.cli import app
from pipelines.nightly.audit_heads import HEADS
from tests.integration.night_world import NEXT, World, a_bill


@pytest.fixture(scope="module")
def two_nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = World(tmp_path_factory.mktemp("audited"))
    world.night(a_bill(1, "E1", ("A", "100.00")))
    later = {"begndate": "2024-04-01", "enddate": "2024-04-01", "setl_time": "2024-04-01 08:00:00"}
    world.night(a_bill(2, "E2", ("A", "100.00"), **later), night=NEXT)
    return world.lake


def verified(lake: Path, *options: str | Path) -> tuple[int, str]:
    answer = CliRunner().invoke(app, ["audit", "verify", "--lake", str(lake), *map(str, options)])
    return answer.exit_code, answer.stdout


@pytest.fixture
def lake(two_nights: Path, tmp_path: Path) -> Path:
    copied = tmp_path / "lake"
    copied.mkdir()
    # A copy of the file alone would miss what still lies in the log beside it.
    with (
        closing(sqlite3.connect(two_nights / DATABASE_FILE)) as source,
        closing(sqlite3.connect(copied / DATABASE_FILE)) as target,
    ):
        source.backup(target)
    shutil.copytree(two_nights / HEADS, copied / HEADS)
    return copied


def tampered(lake: Path, *statements: str) -> None:
    with closing(sqlite3.connect(lake / DATABASE_FILE)) as connection:
        connection.execute("DROP TRIGGER keep_audit_records_update")
        connection.execute("DROP TRIGGER keep_audit_records_delete")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_every_night_leaves_a_record_and_exports_the_heads(lake: Path) -> None:
    assert sorted(path.name for path in (lake / HEADS).iterdir()) == [
        "2024-03-31.json",
        "2024-04-01.json",
    ]
    code, printed = verified(lake, "--json")
    assert code == 0
    # Either night is posted into the ledger and published; the first brings three registers.
    assert json.loads(printed) == {"whole": True, "records": 7, "first_bad": None, "reason": None}


def test_an_edited_record_is_named_with_exit_code_1(lake: Path) -> None:
    tampered(lake, "UPDATE audit_records SET actor = 'x' WHERE subject = 'night 2024-04-01'")
    with closing(sqlite3.connect(lake / DATABASE_FILE)) as connection:
        query = "SELECT sequence FROM audit_records WHERE subject = 'night 2024-04-01'"
        (sequence,) = connection.execute(query).fetchone()
    code, printed = verified(lake)
    assert code == 1
    assert printed.startswith(f"{sequence}: ")
    assert "changed" not in printed
    assert json.loads(verified(lake, "--json")[1])["first_bad"] == sequence


def test_a_chain_that_was_emptied_disagrees_with_heads_kept_elsewhere(
    lake: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    shutil.move(lake / HEADS, kept)
    tampered(
        lake,
        "DELETE FROM audit_records",
        "UPDATE audit_heads SET sequence = chain - 16, hash = printf('%064d', 0)",
    )
    assert verified(lake)[0] == 0
    code, printed = verified(lake, "--heads", kept)
    assert code == 1
    assert "cut off" in printed


def test_without_a_lake_there_is_nothing_to_verify(tmp_path: Path) -> None:
    answer = CliRunner().invoke(app, ["audit", "verify", "--lake", str(tmp_path)])
    assert getattr(answer.exception, "code", "") == "no_lake"
