"""Moves whole frames into tables and out of queries: what a night asks of the database."""

from collections.abc import Mapping
from itertools import chain
from typing import Any, TypeAlias

import polars as pl
import psycopg
import sqlalchemy as sa
from psycopg import sql

Schema: TypeAlias = Mapping[str, pl.DataType | type[pl.DataType]]


VARIABLES_MAX = 32_000
"""How many values one statement of SQLite may be given: a little less than its builds take."""

COPY_ROWS = 20_000
"""How many rows are text at once on their way to PostgreSQL."""

NIGHT_CACHE_KB = 262_144
"""Pages that SQLite keeps at hand while a night posts; the usual 2 MB lets its indexes thrash."""


def insert_frame(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
    """Insert the rows of a frame; columns that the table has and the frame lacks are left out.

    SQLite takes them some thousands of values at once, PostgreSQL as one copy.
    """
    names = [column.name for column in table.columns if column.name in frame.columns]
    if frame.is_empty():
        return
    if connection.dialect.name == "sqlite":
        _insert_slices(connection, table, frame.select(names))
        return
    _copy(connection, table, frame.select(names))


def _insert_slices(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
    """Insert many rows by each statement.

    Where a table has triggers SQLite writes down, for every statement, each page as it was: row by
    row that is half of the cost.
    """
    row = sa.insert(table).values({name: sa.bindparam(name) for name in frame.columns})
    one = str(row.compile(dialect=connection.dialect))
    _, _, marks = one.partition(" VALUES ")
    for part in frame.iter_slices(VARIABLES_MAX // frame.width):
        statement = one + f", {marks}" * (len(part) - 1)
        connection.exec_driver_sql(statement, tuple(chain.from_iterable(part.rows())))


def _copy(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
    """Insert rows as one copy of their text, which is written in whole columns."""
    copy = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, frame.columns))
    )
    # Texts are quoted, so that an empty one is told from none.
    binary = [name for name, kind in frame.schema.items() if kind == pl.Binary]
    text = frame.with_columns(
        pl.concat_str(pl.lit("\\x"), pl.col(name).bin.encode("hex")).alias(name) for name in binary
    )
    with _cursor(connection) as cursor, cursor.copy(copy) as target:
        for part in text.iter_slices(COPY_ROWS):
            told = part.write_csv(include_header=False, quote_style="non_numeric")
            target.write(told)


def widen_cache(connection: sa.Connection) -> None:
    """Let SQLite keep the pages of a night's indexes at hand, for as long as it is connected."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size = -{NIGHT_CACHE_KB}")


def _cursor(connection: sa.Connection) -> psycopg.Cursor[Any]:
    cursor: psycopg.Cursor[Any] = connection.connection.cursor()  # type: ignore[assignment]
    return cursor


def read_frame(connection: sa.Connection, query: sa.Select[Any], schema: Schema) -> pl.DataFrame:
    """Return the rows of a query, whose columns are those of the schema in their order."""
    columns = list(zip(*connection.execute(query).all(), strict=True)) or [()] * len(schema)
    return pl.DataFrame(
        [
            pl.Series(name, values, dtype=kind)
            for (name, kind), values in zip(schema.items(), columns, strict=True)
        ]
    )


def make_temporary(connection: sa.Connection, table: sa.Table) -> None:
    """Make a table that is gone with the transaction's end, or with the connection's."""
    table.drop(connection, checkfirst=True)
    table.create(connection)
