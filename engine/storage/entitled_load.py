"""Loads the bureau's registers, as read, into the tables that the ledger asks."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from engine.storage import entitled_tables as t
from engine.storage import register_tables as brought
from engine.storage.audit import Change, append
from engine.storage.bulk import insert_frame, make_temporary

NOT_BROUGHT = ""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load made of a register that is not as it was.

    Attributes:
        brought: whether the folder holds it; one that nobody has brought is not asked.
        added, ended: rows.
    """

    register: str
    version: int
    brought: bool
    added: int
    ended: int


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a register comes from: files of the folder of read reference data, and its rows."""

    table: sa.Table
    files: tuple[str, ...]
    rows: Callable[[Path], pl.DataFrame]


def load_registers(
    connection: sa.Connection, folder: Path, now: int, loader: str
) -> tuple[Loaded, ...]:
    """Bring the ledger's registers to what a folder of reference data holds, as read.

    Returns those that are not as they were.

    A register that is the same as before costs the reading of its file; of another the rows that
    are gone are ended and new ones added, with a record in the audit chain.

    Args:
        connection: of a transaction; a night's is that which posts what it settled by them.
        now: seconds from 1970-01-01 in local time, for the record alone.
        loader: who brings them, for the record alone.
    """
    changes, loaded = [], []
    for source in _SOURCES:
        digest = _digest(folder / name for name in source.files)
        if digest != _last_hash(connection, source.table.name):
            version = _begin_version(connection, source.table.name, digest, now)
            rows = None if digest == NOT_BROUGHT else source.rows(folder)
            added, ended = _bring_to(connection, source.table, rows, version)
            name = source.table.name
            content = {"version": version, "hash": digest, "added": added, "ended": ended}
            changes.append(Change("load_register", f"register {name}", loader, content))
            loaded.append(Loaded(name, version, rows is not None, added, ended))
    append(connection, changes, now)
    return tuple(loaded)


def _last_hash(connection: sa.Connection, register: str) -> str:
    c = t.REGISTER_VERSIONS.c
    query = sa.select(c.content_hash).where(c.register == register)
    return connection.scalar(query.order_by(c.version.desc()).limit(1)) or NOT_BROUGHT


def _digest(files: Iterable[Path]) -> str:
    """Return the hash of a register's files; none where the first of them was not brought."""
    found = list(files)
    if not found[0].is_file():
        return NOT_BROUGHT
    digest = hashlib.sha256()
    for path in found:
        if path.is_file():
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _begin_version(connection: sa.Connection, register: str, digest: str, now: int) -> int:
    versions = t.REGISTER_VERSIONS
    version = (connection.scalar(sa.select(sa.func.max(versions.c.version))) or 0) + 1
    row = {"version": version, "register": register, "content_hash": digest, "loaded_at": now}
    connection.execute(sa.insert(versions).values(**row, brought=int(digest != NOT_BROUGHT)))
    return version


def _bring_to(
    connection: sa.Connection, table: sa.Table, rows: pl.DataFrame | None, version: int
) -> tuple[int, int]:
    """Add the rows that a register holds anew, end those it holds no longer; return how many."""
    said = [column for column in table.columns if column.name not in ("since", "until")]
    names = [column.name for column in said]
    keys = [column.name for column in table.primary_key if column.name != "since"]
    staged = sa.Table(
        f"loaded_{table.name}",
        sa.MetaData(),
        *(sa.Column(column.name, column.type) for column in said),
        prefixes=["TEMPORARY"],
    )
    make_temporary(connection, staged)
    if rows is not None:
        insert_frame(connection, staged, rows)
    sa.Index(f"ix_{staged.name}", *(staged.c[name] for name in keys)).create(connection)
    same = sa.and_(
        *(table.c[name] == staged.c[name] for name in keys),
        *(table.c[name].is_not_distinct_from(staged.c[name]) for name in names),
    )
    is_now = table.c.until.is_(None)
    gone = sa.update(table).where(is_now, ~sa.exists(sa.select(1).where(same)))
    ended = connection.execute(gone.values(until=version)).rowcount
    held = sa.exists(sa.select(1).where(is_now, same))
    new = sa.select(sa.literal(version), *(staged.c[name] for name in names)).where(~held)
    insert = sa.insert(table).from_select(["since", *names], new)
    # PostgreSQL tells how many rows it has inserted only where it is asked to.
    added = connection.execute(insert, execution_options={"preserve_rowcount": True}).rowcount
    staged.drop(connection)
    return added, ended


def _persons(folder: Path) -> pl.DataFrame:
    rows = pl.read_parquet(folder / "persons.parquet").sort("person_id", "cover_from")
    return rows.unique("person_id", keep="last").select("person_id", "sex", "birth_day")


def _covers(folder: Path) -> pl.DataFrame:
    key = ["person_id", "region", "insurance", "cover_from"]
    terms = pl.read_parquet(folder / f"{brought.COVER_TERMS_READ.name}.parquet")
    enrolled = terms.rename({"valid_from": "cover_from"}).select(*key, "enrolled_from")
    covers = pl.read_parquet(folder / "persons.parquet")
    return covers.select(*key, "cover_to", "person_type").join(enrolled, on=key, how="left")


def _ends(folder: Path) -> pl.DataFrame:
    rows = pl.read_parquet(folder / _ENDS).sort("known_on")
    return rows.unique(["person_id", "end", "ended_on"], keep="first")


def _file(name: str) -> Callable[[Path], pl.DataFrame]:
    return lambda folder: pl.read_parquet(folder / name)


_ENDS, _AGREEMENTS = (
    f"{table.name}.parquet" for table in (brought.ENDS_READ, brought.AGREEMENTS_READ)
)
_SOURCES = (
    _Source(t.INSURED_PERSONS, ("persons.parquet",), _persons),
    _Source(
        t.COVERS,
        ("persons.parquet", f"{brought.COVER_TERMS_READ.name}.parquet"),
        _covers,
    ),
    _Source(t.ENTITLEMENT_ENDS, (_ENDS,), _ends),
    _Source(t.DESIGNATED_INSTITUTIONS, ("institutions.parquet",), _file("institutions.parquet")),
    _Source(t.AGREEMENTS, (_AGREEMENTS,), _file(_AGREEMENTS)),
)
