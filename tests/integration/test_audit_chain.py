"""The audit chain shows every change of what it holds, on each kind of database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
import sqlalchemy as sa

from engine.errors import StorageError
from engine.storage.audit import (
    AUDIT_HEADS,
    AUDIT_RECORDS,
    BEGINNING,
    CHAINS,
    Change,
    Head,
    append,
    canonical,
    export,
    exported_heads,
    heads,
    verify,
)
from engine.storage.database import Database

RECORDS = AUDIT_RECORDS.c
SUBJECTS = [f"settlement {k}" for k in range(40)]


def record(database: Database, subjects: list[str]) -> None:
    changes = [Change("settle", subject, "H1", {"fen": 5, "of": subject}) for subject in subjects]
    with database.transaction() as connection:
        append(connection, changes, 100)


def unguarded(connection: sa.Connection) -> None:
    """Take the triggers away, as an administrator of the database could."""
    if connection.dialect.name == "sqlite":
        for verb in ("update", "delete"):
            connection.exec_driver_sql(f"DROP TRIGGER keep_audit_records_{verb}")
    else:
        connection.exec_driver_sql("ALTER TABLE audit_records DISABLE TRIGGER ALL")


def longest(connection: sa.Connection) -> list[int]:
    """The sequence numbers of the longest chain."""
    chains: dict[int, list[int]] = {}
    for sequence in connection.scalars(sa.select(RECORDS.sequence).order_by(RECORDS.sequence)):
        chains.setdefault(sequence % CHAINS, []).append(sequence)
    return max(chains.values(), key=len)


def edit(connection: sa.Connection, chain: list[int]) -> int:
    content = canonical({"fen": 6})
    where = RECORDS.sequence == chain[2]
    connection.execute(sa.update(AUDIT_RECORDS).where(where).values(content=content))
    return chain[2]


def edit_who(connection: sa.Connection, chain: list[int]) -> int:
    where = RECORDS.sequence == chain[1]
    connection.execute(sa.update(AUDIT_RECORDS).where(where).values(actor="nobody"))
    return chain[1]


def delete(connection: sa.Connection, chain: list[int]) -> int:
    connection.execute(sa.delete(AUDIT_RECORDS).where(RECORDS.sequence == chain[1]))
    return chain[1]


def reorder(connection: sa.Connection, chain: list[int]) -> int:
    first, second = chain[1], chain[2]
    for old, new in ((first, -1), (second, first), (-1, second)):
        where = RECORDS.sequence == old
        connection.execute(sa.update(AUDIT_RECORDS).where(where).values(sequence=new))
    return first


def cut_off(connection: sa.Connection, chain: list[int]) -> int:
    connection.execute(sa.delete(AUDIT_RECORDS).where(RECORDS.sequence == chain[-1]))
    return chain[-1]


TAMPERINGS = [edit, edit_who, delete, reorder, cut_off]


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_a_tampering_is_found_at_its_sequence_number(
    database: Database, tamper: Callable[[sa.Connection, list[int]], int]
) -> None:
    record(database, SUBJECTS)
    with database.transaction() as connection:
        assert verify(connection).first_bad is None
        unguarded(connection)
        bad = tamper(connection, longest(connection))
        assert verify(connection).first_bad == bad


def test_a_whole_chain_is_counted(database: Database) -> None:
    record(database, SUBJECTS)
    with database.reading() as connection:
        assert verify(connection, heads(connection)).records == len(SUBJECTS)
        assert len({record % CHAINS for record in longest(connection)}) == 1


def cut_without_trace(connection: sa.Connection, chain: list[int]) -> int:
    """Take the last record and tell the head so: the chain alone agrees with itself."""
    cut_off(connection, chain)
    last = connection.execute(sa.select(AUDIT_RECORDS).where(RECORDS.sequence == chain[-2])).one()
    at_chain = AUDIT_HEADS.c.chain == chain[0] % CHAINS
    stand = {"sequence": last.sequence, "hash": last.hash}
    connection.execute(sa.update(AUDIT_HEADS).where(at_chain).values(**stand))
    return chain[-1]


def rewrite(connection: sa.Connection, chain: list[int]) -> int:
    """Write a whole chain anew, with one change and all hashes right."""
    number = chain[0] % CHAINS
    of_chain = RECORDS.sequence % CHAINS == number
    rows = connection.execute(sa.select(AUDIT_RECORDS).where(of_chain).order_by(RECORDS.sequence))
    changes = [Change(row.action, row.subject, "another", {"fen": 9}) for row in rows]
    connection.execute(sa.delete(AUDIT_RECORDS).where(of_chain))
    at_chain = AUDIT_HEADS.c.chain == number
    beginning = {"sequence": number - CHAINS, "hash": BEGINNING}
    connection.execute(sa.update(AUDIT_HEADS).where(at_chain).values(**beginning))
    append(connection, changes, 100)
    return chain[-1]


@pytest.mark.parametrize("tamper", [cut_without_trace, rewrite])
def test_what_agrees_with_itself_does_not_agree_with_the_exported_head(
    database: Database, tamper: Callable[[sa.Connection, list[int]], int]
) -> None:
    record(database, SUBJECTS)
    with database.transaction() as connection:
        kept = exported_heads(export(connection, "2024-03-31"), "2024-03-31.json")
        unguarded(connection)
        bad = tamper(connection, longest(connection))
        assert verify(connection).first_bad is None
        assert verify(connection, kept).first_bad == bad


def test_the_first_of_several_breaks_is_named(database: Database) -> None:
    record(database, SUBJECTS)
    with database.transaction() as connection:
        unguarded(connection)
        chain = longest(connection)
        cut_off(connection, chain)
        edit_who(connection, chain)
        assert verify(connection).first_bad == chain[1]


def test_records_of_later_nights_do_not_disturb_heads_that_were_exported(
    database: Database,
) -> None:
    record(database, SUBJECTS[:20])
    with database.reading() as connection:
        kept = heads(connection)
    record(database, SUBJECTS)
    with database.reading() as connection:
        assert verify(connection, kept).first_bad is None


def test_a_change_that_is_not_committed_leaves_no_record(database: Database) -> None:
    with database.transaction() as connection:
        append(connection, [Change("settle", "settlement 1", "H1", {})], 100)
        connection.rollback()
    with database.reading() as connection:
        assert verify(connection).records == 0


def test_a_record_is_neither_edited_nor_deleted(database: Database) -> None:
    record(database, SUBJECTS[:1])
    for change in (sa.update(AUDIT_RECORDS).values(actor="x"), sa.delete(AUDIT_RECORDS)):
        with (
            pytest.raises(sa.exc.DBAPIError, match="kept as they are"),
            database.transaction() as connection,
        ):
            connection.execute(change)


@pytest.mark.race
def test_changes_at_the_same_time_make_one_whole_chain(database: Database) -> None:
    together = Barrier(8, timeout=60)

    def write(worker: int) -> None:
        together.wait()
        changes = [Change("settle", f"settlement {worker * k}", "H1", {}) for k in range(5)]
        for _ in range(4):
            with database.transaction() as connection:
                append(connection, changes, 100)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    with database.reading() as connection:
        assert (verify(connection).records, verify(connection).first_bad) == (8 * 4 * 5, None)


@pytest.mark.parametrize("text", ["", "{}", '{"heads": [1]}', '{"heads": [["x", "y"]]}'])
def test_heads_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(StorageError) as refused:
        exported_heads(text, "2024-03-31.json")
    assert refused.value.code == "audit_heads"


def test_heads_are_read_as_they_were_exported(tmp_path: Path) -> None:
    database = Database(tmp_path / "a.db")
    record(database, SUBJECTS[:3])
    with database.reading() as connection:
        stand: list[Head] = heads(connection)
        assert exported_heads(export(connection, "2024-03-31"), "x") == stand
    database.close()
