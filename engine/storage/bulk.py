"""Moves whole frames into tables and out of queries: what a night asks of the database."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import polars as pl
import psycopg
import sqlalchemy as sa
from psycopg import sql

Schema: TypeAlias = Mapping[str, pl.DataType | type[pl.DataType]]


def insert_frame(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
    """Insert the rows of a frame; columns that the table has and the frame lacks are left out.

    SQLite takes them row by row from one prepared statement, PostgreSQL as one copy.
    """
    names = [column.name for column in table.columns if column.name in frame.columns]
    rows = frame.select(names).rows()
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        statement = sa.insert(table).values({name: sa.bindparam(name) for name in names})
        connection.exec_driver_sql(str(statement.compile(dialect=connection.dialect)), rows)
        return
    copy = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with _cursor(connection) as cursor, cursor.copy(copy) as target:
        for row in rows:
            target.write_row(row)


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
