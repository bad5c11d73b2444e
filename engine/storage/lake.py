"""The lake: Delta tables of what nights publish. Readers see the versions the database records."""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Schema
from deltalake.transaction import AddAction, create_table_with_add_actions

from engine.errors import StorageError
from engine.storage.database import Database
from engine.storage.lake_tables import LAKE_TABLES

DATABASE_FILE = "jiesuan.db"
DATABASE_VARIABLE = "JIESUAN_DATABASE"
LOCK_FILE = "night.lock"
PARTITION = "night"


class Lake:
    """A folder of Delta tables, one for each of LAKE_TABLES, and its database.

    The database is the file `jiesuan.db` in the folder, or the PostgreSQL database whose URL
    `JIESUAN_DATABASE` holds.

    Args:
        path: the folder; it is made when missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.database = Database(database_place(path))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the lake for one writer.

        Raises:
            StorageError: `locked`, another process is writing.
        """
        with (self.path / LOCK_FILE).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StorageError(
                    "locked",
                    f"数据湖 {self.path} 正由另一个进程写入；请等它结束后再运行",
                    f"another process is writing to the lake {self.path}; run again when it ended",
                ) from error
            yield

    def versions(self) -> Mapping[str, int]:
        """Return the recorded version of each table; empty before the first night."""
        latest = self.database.latest()
        return {} if latest is None else latest.versions

    def read(self, name: str) -> pl.LazyFrame:
        """Return a table as the last published night left it, `night` first; empty before one."""
        return self.read_at(name, self.versions().get(name))

    def read_at(self, name: str, version: int | None) -> pl.LazyFrame:
        """Return a table as a recorded version left it; empty where there was none."""
        if version is None:
            return pl.LazyFrame(schema=LAKE_TABLES[name].schema)
        frame = pl.scan_delta(str(self.path / name), version=version)
        return frame.select(LAKE_TABLES[name].names)

    def latest_night(self) -> dict[str, Any] | None:
        """Return the summary of the last published night, or None before the first."""
        latest = self.database.latest()
        return None if latest is None else dict(latest.summary)

    def stage(self, night: date, files: Mapping[str, Path], content: str) -> dict[str, int]:
        """Commit a night's files to their tables; nobody sees them until the night is recorded.

        What a run that was killed has staged is taken over where it is the very same content,
        else undone.

        Args:
            night: the night.
            files: table -> a staged file without the column `night`; the file is moved.
            content: hash of all that the night publishes.

        Returns:
            The version of each table.
        """
        recorded = self.versions()
        for name, path in sorted(files.items()):
            self._stage(name, night, path, content, recorded.get(name))
        for name in files:
            _sync_log(self.path / name)
        return {name: int(DeltaTable(str(self.path / name)).version()) for name in files}

    def _stage(
        self, name: str, night: date, file: Path, content: str, recorded: int | None
    ) -> None:
        folder = self.path / name
        table = _usable(folder, content, recorded)
        if table is not None and table.history(1)[0].get("content") == content:
            return
        action = _move(file, folder, night, content)
        properties = CommitProperties(custom_metadata={"content": content})
        empty = pl.DataFrame(schema=LAKE_TABLES[name].schema)
        schema = Schema.from_arrow(empty.to_arrow(compat_level=pl.CompatLevel.oldest()).schema)
        if table is None:
            create_table_with_add_actions(
                str(folder),
                schema,
                [action],
                partition_by=[PARTITION],
                commit_properties=properties,
            )
        else:
            table.create_write_transaction(
                [action], "append", schema, partition_by=[PARTITION], commit_properties=properties
            )


def database_place(lake: Path) -> Path | str:
    """Return where the database of a lake lies: a file, or the URL of a server's database."""
    return os.environ.get(DATABASE_VARIABLE) or lake / DATABASE_FILE


def _usable(folder: Path, content: str, recorded: int | None) -> DeltaTable | None:
    """Return the table as recorded, or with this very content staged; None where there is none."""
    if not DeltaTable.is_deltatable(str(folder)):
        return None  # The folder may hold what a run that was killed has moved there.
    table = DeltaTable(str(folder))
    if table.version() == recorded or table.history(1)[0].get("content") == content:
        return table
    if recorded is None:
        _discard(folder)
        return None
    table.restore(recorded)
    return DeltaTable(str(folder))


def _discard(folder: Path) -> None:
    """Remove a table; where that is cut short, what is left of it passes for no table."""
    doomed = folder.with_name(f"{folder.name}.discarded")
    shutil.rmtree(doomed, ignore_errors=True)
    if folder.exists():
        folder.replace(doomed)
        shutil.rmtree(doomed)


def _move(file: Path, folder: Path, night: date, content: str) -> AddAction:
    """Move a file into a table's partition, synced, and return how the log tells of it."""
    partition = f"{PARTITION}={night.isoformat()}"
    target = folder / partition / part_name(content)
    target.parent.mkdir(parents=True, exist_ok=True)
    if file.exists() or not target.exists():  # Else a run that was killed has moved it already.
        file.replace(target)
    sync(target)
    sync(target.parent)
    midnight = datetime.combine(night, datetime.min.time(), UTC)
    return AddAction(
        path=f"{partition}/{target.name}",
        size=target.stat().st_size,
        partition_values={PARTITION: night.isoformat()},
        # Of the night, not of the clock: the same night is the same log entry on any machine.
        modification_time=int(midnight.timestamp() * 1000),
        data_change=True,
        stats=json.dumps({"numRecords": pq.read_metadata(target).num_rows}),
    )


def part_name(content: str) -> str:
    """Return the name of the file in which a table keeps what a night published."""
    return f"part-{hashlib.sha256(content.encode()).hexdigest()[:16]}.parquet"


def _sync_log(folder: Path) -> None:
    """Wait until a table's log is on the disk: the database is about to rely on it."""
    log = folder / "_delta_log"
    for path in [*log.iterdir(), log, folder, folder.parent]:
        sync(path)


def sync(path: Path) -> None:
    """Wait until a file or a folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
