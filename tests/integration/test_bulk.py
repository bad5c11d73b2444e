"""Frames come into tables as they are, whatever their texts hold."""

import polars as pl
import sqlalchemy as sa

from engine.storage.bulk import VARIABLES_MAX, insert_frame, make_temporary, read_frame
from engine.storage.database import Database

ODD = sa.Table(
    "odd",
    sa.MetaData(),
    sa.Column("number", sa.BigInteger),
    sa.Column("said", sa.Text),
    sa.Column("held", sa.LargeBinary),
    sa.Column("agreed", sa.Boolean),
    prefixes=["TEMPORARY"],
)
SCHEMA = {"number": pl.Int64, "said": pl.String, "held": pl.Binary, "agreed": pl.Boolean}
TEXTS = ["", None, "NULL", "\\N", "\\.", "a\n\\.\nb", 'say "no"', "a,b", "张三\t", " x ", "\r\n"]
BYTES = [b"", None, b"\x00", b"\\x00", b'"', b"\n", b",", b"\xff\xfe", b" ", b"\t", b"N"]
NUMBERS = [0, None, -1, 2**63 - 1, -(2**63), 5, 6, 7, 8, 9, 10]
AGREED = [True, False, None, True, False, True, False, True, False, True, False]


def test_odd_texts_bytes_and_numbers_come_back_as_they_were(database: Database) -> None:
    frame = pl.DataFrame(
        {"number": NUMBERS, "said": TEXTS, "held": BYTES, "agreed": AGREED}, schema=SCHEMA
    )
    with database.transaction() as connection:
        make_temporary(connection, ODD)
        insert_frame(connection, ODD, frame)
        found = read_frame(connection, sa.select(ODD), SCHEMA)
    assert sorted(found.rows(), key=repr) == sorted(frame.rows(), key=repr)


def test_more_rows_than_a_statement_takes_come_whole(database: Database) -> None:
    frame = pl.DataFrame({"number": range(VARIABLES_MAX + 1)}, schema={"number": pl.Int64})
    with database.transaction() as connection:
        make_temporary(connection, ODD)
        insert_frame(connection, ODD, frame)
        query = sa.select(sa.func.count(), sa.func.sum(ODD.c.number))
        count, total = connection.execute(query).one()
    assert (count, total) == (VARIABLES_MAX + 1, VARIABLES_MAX * (VARIABLES_MAX + 1) // 2)
