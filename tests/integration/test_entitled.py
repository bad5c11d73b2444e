"""The ledger's own registers say whom it settles for, and which institutions may bill it."""

import datetime
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from engine.errors import ClaimError
from engine.periods import NO_END_DAY, day_number
from engine.storage import entitled_tables as t
from engine.storage import register_tables as read
from engine.storage.audit import AUDIT_RECORDS
from engine.storage.database import Database
from engine.storage.entitled_load import load_registers
from engine.storage.messages import read_message
from engine.storage.posting import post, preview
from engine.storage.tables import INSTITUTIONS_READ, PERSONS_READ
from tests.ledger_world import NOW, book, stay

REGION, EMPLOYEE = "000000", 1
Record = dict[str, Any]


def day(text: str) -> int:
    return day_number(datetime.date.fromisoformat(text))


def cover(person: str, begins: str = "2020-01-01", ends: str | None = None) -> Record:
    return {
        "person_id": person,
        "identity_no": "",
        "name": None,
        "sex": 1,
        "birth_day": 0,
        "region": REGION,
        "insurance": EMPLOYEE,
        "person_type": 1,
        "cover_from": day(begins),
        "cover_to": NO_END_DAY if ends is None else day(ends),
        "account_balance_fen": 0,
    }


def agreed(begins: str, ends: str | None = None, visit: int = 0, suspended: int = 0) -> Record:
    return {
        "institution_id": "H1",
        "visit_kind": visit,
        "suspended": suspended,
        "valid_from": day(begins),
        "valid_to": NO_END_DAY if ends is None else day(ends),
    }


def died(person: str, on: str) -> Record:
    return {"person_id": person, "end": "death", "ended_on": day(on), "known_on": day(on)}


def bring(folder: Path, covers: list[Record], **others: list[Record]) -> Path:
    """Write a folder of reference data as read; a register that is not named is not brought."""
    folder.mkdir(exist_ok=True)
    tables = {"agreements": read.AGREEMENTS_READ, "ends": read.ENDS_READ}
    rows = {name: others.get(name) for name in tables}
    for name, table in tables.items():
        path = folder / f"{name}.parquet"
        path.unlink(missing_ok=True)
        if rows[name] is not None:
            pl.DataFrame(rows[name], schema=table.schema).write_parquet(path)
    pl.DataFrame(covers, schema=PERSONS_READ.schema).write_parquet(folder / "persons.parquet")
    terms = pl.DataFrame(schema=read.COVER_TERMS_READ.schema)
    terms.write_parquet(folder / "cover_terms.parquet")
    institutions = pl.DataFrame(schema=INSTITUTIONS_READ.schema)
    institutions.write_parquet(folder / "institutions.parquet")
    return folder


def load(database: Database, folder: Path) -> None:
    with database.transaction() as connection:
        load_registers(connection, folder, NOW, "night")


def told(database: Database, **changed: Any) -> str:
    """Return what the ledger answers to a stay from 1 to 8 March 2023: settled, or a code."""
    number = changed.pop("number", 1)
    request = stay(number)
    request["event"] = request["event"] | changed
    message = read_message(json.dumps(request).encode(), book())
    [shown] = preview(database, book(), [message], NOW)
    [answer] = post(database, book(), [message], NOW)
    found = {one.code if isinstance(one, ClaimError) else "settled" for one in (shown, answer)}
    assert len(found) == 1
    return found.pop()


def rows(database: Database, table: sa.Table) -> list[sa.Row[Any]]:
    with database.reading() as connection:
        return list(connection.execute(sa.select(table).order_by(*table.primary_key)))


def test_a_ledger_without_registers_asks_none(database: Database) -> None:
    assert told(database) == "settled"


@pytest.mark.parametrize(
    ("covers", "answer"),
    [
        ([cover("P1")], "settled"),
        ([cover("P1", "2023-03-01")], "settled"),
        ([cover("P1", "2023-03-02")], "not_covered"),
        ([cover("P1", "2020-01-01", "2023-03-01")], "not_covered"),
        ([cover("P1", "2020-01-01", "2023-03-02")], "settled"),
        ([cover("P2")], "not_covered"),
    ],
)
def test_cover_is_asked_of_the_day_on_which_care_began(
    database: Database, tmp_path: Path, covers: list[Record], answer: str
) -> None:
    load(database, bring(tmp_path / "r", covers))
    assert told(database) == answer


@pytest.mark.parametrize(
    ("on", "answer"), [("2023-02-28", "entitlement_ended"), ("2023-03-01", "settled")]
)
def test_who_died_before_care_began_is_not_settled_for(
    database: Database, tmp_path: Path, on: str, answer: str
) -> None:
    load(database, bring(tmp_path / "r", [cover("P1")], ends=[died("P1", on)]))
    assert told(database) == answer


INPATIENT, CHRONIC = 7, 4


@pytest.mark.parametrize(
    ("agreements", "answer"),
    [
        ([agreed("2023-01-01")], "settled"),
        ([], "no_agreement"),
        ([agreed("2023-01-01", visit=INPATIENT)], "settled"),
        ([agreed("2023-01-01", visit=CHRONIC)], "no_agreement"),
        # It ends while the patient lies there: who was admitted under it is treated under it.
        ([agreed("2023-01-01", "2023-03-02")], "settled"),
        ([agreed("2023-01-01", "2023-03-01")], "no_agreement"),
        ([agreed("2023-03-02")], "no_agreement"),
        (
            [agreed("2023-01-01"), agreed("2023-02-20", "2023-03-02", suspended=1)],
            "agreement_suspended",
        ),
        ([agreed("2023-01-01"), agreed("2023-03-02", "2023-06-01", suspended=1)], "settled"),
        ([agreed("2023-01-01"), agreed("2023-02-20", visit=CHRONIC, suspended=1)], "settled"),
    ],
)
def test_an_agreement_is_asked_of_the_day_of_admission(
    database: Database, tmp_path: Path, agreements: list[Record], answer: str
) -> None:
    load(database, bring(tmp_path / "r", [cover("P1")], agreements=agreements))
    assert told(database) == answer


def test_care_in_another_region_is_asked_for_no_agreement_of_ours(
    database: Database, tmp_path: Path
) -> None:
    load(database, bring(tmp_path / "r", [cover("P1")], agreements=[]))
    assert told(database, filing="long_term") != "no_agreement"


def test_a_refused_claim_is_settled_once_the_register_has_it(
    database: Database, tmp_path: Path
) -> None:
    load(database, bring(tmp_path / "r", [cover("P1")], agreements=[]))
    assert told(database) == "no_agreement"
    load(database, bring(tmp_path / "r", [cover("P1")], agreements=[agreed("2023-01-01")]))
    assert told(database) == "settled"


def test_a_register_that_is_no_longer_brought_is_no_longer_asked(
    database: Database, tmp_path: Path
) -> None:
    load(database, bring(tmp_path / "r", [cover("P1")], agreements=[]))
    load(database, bring(tmp_path / "r", [cover("P1")]))
    assert told(database) == "settled"


def test_the_same_register_again_is_no_other_version(database: Database, tmp_path: Path) -> None:
    folder = bring(tmp_path / "r", [cover("P1")], agreements=[agreed("2023-01-01")])
    load(database, folder)
    first = rows(database, t.REGISTER_VERSIONS)
    load(database, folder)
    assert rows(database, t.REGISTER_VERSIONS) == first


def test_what_a_register_said_before_can_still_be_read(database: Database, tmp_path: Path) -> None:
    load(database, bring(tmp_path / "r", [cover("P1"), cover("P2")]))
    load(database, bring(tmp_path / "r", [cover("P1", ends="2024-01-01"), cover("P2")]))
    held = [(row.person_id, row.cover_to, row.until is None) for row in rows(database, t.COVERS)]
    assert held == [
        ("P1", NO_END_DAY, False),
        ("P1", day("2024-01-01"), True),
        ("P2", NO_END_DAY, True),
    ]


def test_each_load_that_changes_a_register_leaves_a_record(
    database: Database, tmp_path: Path
) -> None:
    load(database, bring(tmp_path / "r", [cover("P1"), cover("P2")]))
    load(database, bring(tmp_path / "r", [cover("P1")]))
    contents = [
        json.loads(row.content)
        for row in rows(database, AUDIT_RECORDS)
        if row.action == "load_register" and row.subject == "register covers"
    ]
    assert [(one["added"], one["ended"]) for one in contents] == [(2, 0), (0, 1)]
