"""Runs the migrations that a database lacks."""

from pathlib import Path

import sqlalchemy as sa

from engine.errors import StorageError

FOLDER = Path(__file__).parent
KNOWN = tuple(sorted(path.stem[1:5] for path in FOLDER.glob("versions/v*.py")))
VERSION = sa.table("alembic_version", sa.column("version_num"))
OPENING = 0x6A69_6573
"""Number of the lock that those who open a PostgreSQL database take turns by."""


def version(connection: sa.Connection) -> str:
    """Return the number of a database's last migration, empty before the first."""
    if not sa.inspect(connection).has_table(VERSION.name):
        return ""
    return str(connection.scalar(sa.select(VERSION.c.version_num)))


def upgrade(connection: sa.Connection) -> None:
    """Bring a database to this version's tables, in the caller's transaction.

    Raises:
        StorageError: `newer_schema`, a later version of the program has written it.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(OPENING)))
    found = version(connection)
    if found == KNOWN[-1]:
        return
    if found and found not in KNOWN:
        raise StorageError(
            "newer_schema",
            f"数据库的结构版本为 {found}，本程序只认识到 {KNOWN[-1]}；请改用写入它的程序版本",
            f"the database has tables of version {found}, this program knows them up to "
            f"{KNOWN[-1]}; use the version of the program that wrote it",
        )
    _run(connection)


def _run(connection: sa.Connection) -> None:
    # Only a database that lacks a step waits for Alembic to be read.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
