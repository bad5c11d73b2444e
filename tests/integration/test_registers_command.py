"""`jiesuan registers load`: what the bureau registers by day is asked at the counter at once."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from engine.storage import entitled_tables as t
from engine.storage.audit import AUDIT_RECORDS, verify
from engine.storage.lake import Lake
from engine.storage.reference import read_reference_data
from pipelines.cli import app
from tests.integration.night_world import EMPLOYEE, INSTITUTIONS, Record, a_person, write_reference
from tests.integration.register_world import RegisterWorld, covered
from tests.integration.test_night_agreements import agreed

KEYS = {"register", "version", "brought", "added", "ended"}


def load(lake: Path, *more: str | Path) -> tuple[int, dict[str, Any], str]:
    """Return exit code, what the command told as JSON, and what it wrote on standard error."""
    told = ["registers", "load", "--lake", str(lake), "--json", *map(str, more)]
    answer = CliRunner().invoke(app, told)
    return answer.exit_code, json.loads(answer.stdout or "{}"), answer.stderr


def current(lake: Path, table: sa.Table) -> int:
    opened = Lake(lake)
    with closing(opened.database), opened.database.reading() as connection:
        counted = sa.select(sa.func.count()).select_from(table).where(table.c.until.is_(None))
        return int(connection.scalar(counted) or 0)


def test_an_institution_registered_by_day_is_known_and_on_record(tmp_path: Path) -> None:
    lake, reference = tmp_path / "lake", write_reference(tmp_path / "reference")
    assert load(lake, "--reference", reference)[0] == 0
    another = {**INSTITUTIONS[0], "institution_id": "H77"}
    write_reference(reference, institutions=[*INSTITUTIONS, another])
    code, told, progress = load(lake, "--reference", reference)
    [one] = told["registers"]
    assert (code, set(one)) == (0, KEYS)
    assert (one["register"], one["brought"], one["added"], one["ended"]) == (
        "designated_institutions",
        True,
        1,
        0,
    )
    assert "读取并核对" in progress
    assert current(lake, t.DESIGNATED_INSTITUTIONS) == len(INSTITUTIONS) + 1
    assert read_reference_data(lake).institution("H77")["institution_id"] == "H77"
    opened = Lake(lake)
    with closing(opened.database), opened.database.reading() as connection:
        c = AUDIT_RECORDS.c
        loads = connection.execute(sa.select(c.subject, c.actor).where(c.action == "load_register"))
        last = list(loads)[-1]
        assert verify(connection).first_bad is None
    assert last.subject == "register designated_institutions"
    assert last.actor not in ("", "night")


def test_after_an_upgrade_the_lakes_own_folder_is_loaded_once(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    lake.mkdir()
    write_reference(lake / "reference")
    code, told, _ = load(lake)
    registers = {one["register"] for one in told["registers"]}
    assert (code, registers) == (0, {"insured_persons", "covers", "designated_institutions"})
    assert load(lake)[:2] == (0, {"registers": []})


def test_a_register_that_is_brought_no_more_is_told(tmp_path: Path) -> None:
    world = RegisterWorld(tmp_path, [covered("ANNA", 1)], agreements=[agreed("H1")])
    load(world.lake, "--reference", world.reference)
    world.bring([covered("ANNA", 1)])
    answer = CliRunner().invoke(
        app,
        ["registers", "load", "--lake", str(world.lake), "--reference", str(world.reference)],
    )
    assert answer.exit_code == 0
    assert "服务协议 agreements: +0 -1  未提供，此后不再核对" in answer.stdout


OVERLAPPING = [
    a_person("P1", 1, insurance=EMPLOYEE, cover_from="2020-01-01", cover_to=""),
    a_person("P1", 1, insurance=EMPLOYEE, cover_from="2023-01-01", cover_to=""),
]


@pytest.mark.parametrize(
    ("persons", "code"),
    [(OVERLAPPING, "bad_reference"), ([a_person("P1", 1, birth_date="?")], "bad_reference")],
)
def test_a_folder_that_cannot_be_used_changes_nothing(
    tmp_path: Path, persons: list[Record], code: str
) -> None:
    lake, reference = tmp_path / "lake", write_reference(tmp_path / "reference")
    load(lake, "--reference", reference)
    before = current(lake, t.COVERS)
    write_reference(reference, persons=persons)
    found, told, error = load(lake, "--reference", reference)
    assert (found, told) == (20, {})
    assert f"[{code}]" in error
    assert current(lake, t.COVERS) == before


def test_no_folder_and_a_lake_at_work_are_told(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    assert "[no_reference]" in load(lake)[2]
    with closing((opened := Lake(lake)).database), opened.lock():
        code, _, error = load(lake)
    assert (code, "[locked]" in error) == (20, True)
