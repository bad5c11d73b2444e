"""Migrations bring any older database to the declared tables, and the tables keep their rows."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from engine.errors import StorageError
from engine.storage import (  # noqa: F401 - declare tables
    case_tables,
    closing_tables,
    credentials,
    crossregion_tables,
    entitled_tables,
    exchanges,
    filings,
    institution_papers,
    service_secrets,
    visits,
)
from engine.storage import ledger_tables as t
from engine.storage.database import Database
from engine.storage.metadata import METADATA
from engine.storage.migrations.upgrade import KNOWN, VERSION, version
from engine.storage.night_tables import NIGHTS
from tests.ledger_rows import MESSAGE, settlement


def test_the_migrations_make_the_very_tables_that_are_declared(database: Database) -> None:
    with database.transaction() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        assert version(connection) == KNOWN[-1]


def test_the_steps_are_numbered_without_a_gap() -> None:
    assert list(KNOWN) == [f"{k + 1:04}" for k in range(len(KNOWN))]


def test_a_database_older_than_migrations_keeps_its_nights(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as old:
        old.execute(
            "CREATE TABLE nights (night VARCHAR(10) PRIMARY KEY, input_hash VARCHAR(64) NOT NULL,"
            " policy_hash VARCHAR(64) NOT NULL, result_hash VARCHAR(64) NOT NULL,"
            " versions TEXT NOT NULL, summary TEXT NOT NULL)"
        )
        old.execute("INSERT INTO nights VALUES ('2024-03-31', 'i', 'p', 'r', '{}', '{}')")
        old.commit()
    database = Database(path)
    latest = database.latest()
    database.close()
    assert latest is not None
    assert latest.result_hash == "r"


def test_a_database_of_a_later_version_is_not_touched(place: Path | str) -> None:
    database = Database(place)
    with database.transaction() as connection:
        connection.execute(sa.update(VERSION).values(version_num="9999"))
    database.close()
    with pytest.raises(StorageError) as refused:
        Database(place)
    assert refused.value.code == "newer_schema"


def test_what_is_written_while_reading_is_taken_back(database: Database) -> None:
    row = {"night": "n", "input_hash": "", "policy_hash": "", "result_hash": "", "versions": ""}
    with database.reading() as connection:
        connection.execute(sa.insert(NIGHTS).values(**row, summary=""))
    assert database.latest() is None


def test_a_settlement_is_neither_edited_nor_deleted(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(sa.insert(t.SETTLEMENTS), settlement())
    for change in (sa.update(t.SETTLEMENTS).values(cash_paid_fen=0), sa.delete(t.SETTLEMENTS)):
        with (
            pytest.raises(sa.exc.DBAPIError, match="kept as they are"),
            database.transaction() as connection,
        ):
            connection.execute(change)


def test_an_answer_may_be_forgotten_but_not_changed(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(sa.insert(t.MESSAGES), MESSAGE)
        connection.execute(sa.update(t.MESSAGES).values(answer=None))
    for changed in ({"answer": b"[]"}, {"body_hash": "1" * 64}):
        with (
            pytest.raises(sa.exc.DBAPIError, match="kept as they are"),
            database.transaction() as connection,
        ):
            connection.execute(sa.update(t.MESSAGES).values(**changed))


@pytest.mark.parametrize(
    "changed",
    [
        {"total_fen": 100_01},
        {"covered_fen": 99_99},
        {"pool_paid_fen": 70_01},
        {"layer_1_paid_fen": 69_99},
        {"layer_1_cap_left_fen": 69_99},
        {"cash_paid_fen": 29_99},
        {"person_total_fen": 0},
        {"cash_paid_fen": 100_01, "account_paid_fen": -70_01},
        {"reverses": "S1"},
    ],
    ids=",".join,
)
def test_the_database_itself_refuses_a_row_whose_identities_do_not_hold(
    changed: dict[str, object], tmp_path: Path
) -> None:
    database = Database(tmp_path / "ledger.db")
    with database.transaction() as connection:
        connection.execute(sa.insert(t.SETTLEMENTS), settlement())
    again = settlement(settlement_id="S2", message_id="M2", version=1)
    with pytest.raises(sa.exc.IntegrityError), database.transaction() as connection:
        connection.execute(sa.insert(t.SETTLEMENTS), {**again, **changed})
    with database.transaction() as connection:
        connection.execute(sa.insert(t.SETTLEMENTS), again)
    database.close()


def test_legs_that_do_not_sum_to_zero_keep_their_settlement_out(database: Database) -> None:
    leg = {"settlement_id": "S1", "number": 0, "account": 1, "purse": 0, "party": ""}
    with database.transaction() as connection:
        connection.execute(sa.insert(t.LEGS), {**leg, "amount_fen": 70_00})
        with pytest.raises(sa.exc.DBAPIError, match="do not sum to zero"):
            connection.execute(sa.insert(t.SETTLEMENTS), settlement())
        connection.rollback()


def test_a_posted_settlement_takes_no_more_legs(database: Database) -> None:
    leg = {"settlement_id": "S1", "number": 0, "account": 1, "purse": 0, "party": ""}
    with database.transaction() as connection:
        connection.execute(sa.insert(t.SETTLEMENTS), settlement())
    with pytest.raises(sa.exc.DBAPIError, match="no more legs"), database.transaction() as late:
        late.execute(sa.insert(t.LEGS), {**leg, "amount_fen": 70_00})
