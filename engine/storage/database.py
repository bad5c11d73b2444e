"""The database: nights that are published and the ledger of settlements; SQLite or PostgreSQL."""

import fcntl
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine.storage.audit import Change, append
from engine.storage.metadata import METADATA
from engine.storage.migrations.upgrade import KNOWN, upgrade, version
from engine.storage.night_tables import FILES_TAKEN, NIGHTS

__all__ = ["METADATA", "Database", "NightRecord", "publish_night"]

WAIT_SECONDS = 30
POSTGRES_OPTIONS = "-c lock_timeout=10s -c statement_timeout=30s -c synchronous_commit=on"
READ_ONLY = "jiesuan_read_only"


@dataclass(frozen=True, slots=True)
class NightRecord:
    """A published night.

    Attributes:
        input_hash: of the delivery and reference that it read.
        versions: lake table -> the version that holds it.
        summary: what `jiesuan night --json` printed.
        engine_version: of the engine that settled it; None of nights older than its record.
    """

    night: date
    input_hash: str
    policy_hash: str
    result_hash: str
    versions: Mapping[str, int]
    summary: Mapping[str, Any]
    engine_version: str | None = None


class Database:
    """An SQLite file (write-ahead log, every commit synced, one writer at a time) or PostgreSQL.

    Its tables are brought up to date when it is opened.

    Args:
        at: the file, made when missing, or the URL of a PostgreSQL database.
    """

    def __init__(self, at: Path | str) -> None:
        if isinstance(at, Path):
            with _turn(at):
                _write_ahead(at)
                self.engine = _sqlite(at)
                self._upgrade()
        else:
            self.engine = _postgresql(at)
            self._upgrade()

    def _upgrade(self) -> None:
        try:
            with self.transaction() as connection:
                upgrade(connection)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Yield a connection whose work is committed whole, or not at all."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Yield a connection for reads that wait for no writer; what it writes is taken back."""
        with self.engine.connect() as connection:
            connection.execution_options(**{READ_ONLY: True})
            yield connection
            connection.rollback()

    def close(self) -> None:
        """Give the file, or the server's connections, back."""
        self.engine.dispose()

    def night(self, night: date) -> NightRecord | None:
        """Return a published night, or None."""
        return self._one(sa.select(NIGHTS).where(NIGHTS.c.night == night.isoformat()))

    def latest(self) -> NightRecord | None:
        """Return the last published night, or None."""
        return self._one(sa.select(NIGHTS).order_by(NIGHTS.c.night.desc()).limit(1))

    def files_taken(self) -> frozenset[str]:
        """Return the SHA-256 of every file that a published night has read."""
        with self.reading() as connection:
            return frozenset(connection.scalars(sa.select(FILES_TAKEN.c.sha256)))

    def _one(self, query: sa.Select[Any]) -> NightRecord | None:
        with self.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return NightRecord(
            night=date.fromisoformat(row.night),
            input_hash=row.input_hash,
            policy_hash=row.policy_hash,
            result_hash=row.result_hash,
            versions=json.loads(row.versions),
            summary=json.loads(row.summary),
            engine_version=row.engine_version,
        )


def versions_of(at: Path | str) -> tuple[str, str]:
    """Return the version of a database's tables, empty for none, and that of this program's.

    Args:
        at: a file, which is not made where it is missing, or a URL.
    """
    if isinstance(at, Path) and not at.is_file():
        return "", KNOWN[-1]
    engine = _sqlite(at) if isinstance(at, Path) else _postgresql(at)
    try:
        with engine.connect() as connection:
            return version(connection), KNOWN[-1]
    finally:
        engine.dispose()


def publish_night(
    connection: sa.Connection, record: NightRecord, files: Iterable[tuple[str, str]], at: int
) -> None:
    """Publish a night: from the caller's commit on readers see its versions.

    Args:
        record: the night.
        files: SHA-256 and name of every file that it has read.
        at: now, in seconds of local time from 1970-01-01.
    """
    night = record.night.isoformat()
    connection.execute(
        sa.insert(NIGHTS).values(
            night=night,
            input_hash=record.input_hash,
            policy_hash=record.policy_hash,
            result_hash=record.result_hash,
            versions=json.dumps(dict(record.versions), sort_keys=True),
            summary=json.dumps(dict(record.summary), ensure_ascii=False),
            engine_version=record.engine_version,
        )
    )
    taken = [{"sha256": sha, "night": night, "name": name} for sha, name in files]
    if taken:
        connection.execute(sa.insert(FILES_TAKEN), taken)
    content = {
        "input_hash": record.input_hash,
        "policy_hash": record.policy_hash,
        "result_hash": record.result_hash,
        "versions": dict(record.versions),
        "files": [row["sha256"] for row in taken],
    }
    append(connection, [Change("publish_night", f"night {night}", "night", content)], at)


@contextmanager
def _turn(path: Path) -> Iterator[None]:
    # Of processes that change the journal's mode at once SQLite turns all but one away without
    # waiting, whatever the time-out: so they open the file one after the other.
    with path.with_name(path.name + ".opening").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


def _write_ahead(path: Path) -> None:
    with closing(sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def _sqlite(path: Path) -> sa.Engine:
    engine = sa.create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": WAIT_SECONDS},
        hide_parameters=True,  # An error's text goes to logs, and parameters name persons.
    )
    sa.event.listen(engine, "connect", _configure)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _postgresql(url: str) -> sa.Engine:
    # Row locks order the writers of a person; each statement after them reads what is committed.
    return sa.create_engine(
        url,
        connect_args={"options": POSTGRES_OPTIONS},
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        hide_parameters=True,
    )


def _configure(connection: Any, _record: Any) -> None:
    # The driver must not open transactions of its own: `_begin` opens them, as writers, at once.
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
