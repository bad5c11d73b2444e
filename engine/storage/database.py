"""The database that says what is published: a night counts once its row is committed here."""

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

METADATA = sa.MetaData()

NIGHTS = sa.Table(
    "nights",
    METADATA,
    sa.Column("night", sa.String(10), primary_key=True),
    sa.Column("input_hash", sa.String(64), nullable=False),
    sa.Column("policy_hash", sa.String(64), nullable=False),
    sa.Column("result_hash", sa.String(64), nullable=False),
    sa.Column("versions", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
)

FILES_TAKEN = sa.Table(
    "files_taken",
    METADATA,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("night", sa.String(10), sa.ForeignKey("nights.night"), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class NightRecord:
    """A published night.

    Attributes:
        input_hash: of the delivery and reference that it read.
        versions: lake table -> the version that holds it.
        summary: what `jiesuan night --json` printed.
    """

    night: date
    input_hash: str
    policy_hash: str
    result_hash: str
    versions: Mapping[str, int]
    summary: Mapping[str, Any]


class Database:
    """An SQLite file: write-ahead log, every commit synced, writers one at a time.

    Args:
        path: the file; it is made when missing.
    """

    def __init__(self, path: Path) -> None:
        _write_ahead(path)
        self._engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
        sa.event.listen(self._engine, "connect", _configure)
        sa.event.listen(self._engine, "begin", _begin)
        METADATA.create_all(self._engine)

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Yield a connection whose work is committed whole, or not at all."""
        with self._engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Give the file back."""
        self._engine.dispose()

    def record_night(self, record: NightRecord, files: Iterable[tuple[str, str]]) -> None:
        """Publish a night: from this commit on readers see its versions.

        Args:
            record: the night.
            files: SHA-256 and name of every file that it has read.
        """
        night = record.night.isoformat()
        with self.transaction() as connection:
            connection.execute(
                sa.insert(NIGHTS).values(
                    night=night,
                    input_hash=record.input_hash,
                    policy_hash=record.policy_hash,
                    result_hash=record.result_hash,
                    versions=json.dumps(dict(record.versions), sort_keys=True),
                    summary=json.dumps(dict(record.summary), ensure_ascii=False),
                )
            )
            taken = [{"sha256": sha, "night": night, "name": name} for sha, name in files]
            if taken:
                connection.execute(sa.insert(FILES_TAKEN), taken)

    def night(self, night: date) -> NightRecord | None:
        """Return a published night, or None."""
        return self._one(sa.select(NIGHTS).where(NIGHTS.c.night == night.isoformat()))

    def latest(self) -> NightRecord | None:
        """Return the last published night, or None."""
        return self._one(sa.select(NIGHTS).order_by(NIGHTS.c.night.desc()).limit(1))

    def files_taken(self) -> frozenset[str]:
        """Return the SHA-256 of every file that a published night has read."""
        with self.transaction() as connection:
            return frozenset(connection.scalars(sa.select(FILES_TAKEN.c.sha256)))

    def _one(self, query: sa.Select[Any]) -> NightRecord | None:
        with self.transaction() as connection:
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
        )


def _write_ahead(path: Path) -> None:
    # The mode stays in the file. Of processes that change it at once SQLite turns all but one
    # away without waiting, whatever the time-out: so they change it one after the other.
    with (
        path.with_name(path.name + ".opening").open("w") as turn,
        closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection,
    ):
        fcntl.flock(turn, fcntl.LOCK_EX)
        connection.execute("PRAGMA journal_mode=WAL")


def _configure(connection: Any, _record: Any) -> None:
    # The driver must not open transactions of its own: `_begin` opens them, as writers, at once.
    connection.isolation_level = None
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
