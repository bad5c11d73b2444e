"""The night's claims as Arrow columns: each in one piece, codes as positions among their texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from engine.claims.columns import Ints
from engine.claims.keys import content_key
from engine.errors import ensure
from engine.storage.tables import CLAIMS_CHECKED, ONLINE_PREFIX
from pipelines.threads import in_order

_NARROW_REACHES = 1 << 31
_NOT_ASKED = ("file", "row", "hospital_level", "institution_kind")
CODED = (
    "institution_id",
    "home_region",
    "care_region",
    "disease_code",
    "deductible_level",
)
"""Columns of few texts."""

ONLY_FACTS = ("filing", "interim", "birth_day", "total_fen")
"""Columns that nobody asks for once the claims' events are made."""

Integers: TypeAlias = NDArray[np.integer]


@dataclass(frozen=True)
class Codes:
    """A column of few texts.

    Attributes:
        at: by row, the position of its text.
        texts: the texts; the last is None, for null.
        text_keys: their content keys, 0 for none.
    """

    at: NDArray[np.int32]
    texts: Sequence[str | None]
    text_keys: Ints

    def keys(self) -> Ints:
        """Return the content key of each row."""
        return self.text_keys[self.at]

    def part(self, rows: slice) -> "Codes":
        """Return some rows of the column."""
        return Codes(self.at[rows], self.texts, self.text_keys)


def read_claims(path: Path) -> pa.Table:
    """Return the columns of CLAIMS_CHECKED that settling reads."""
    wanted = [
        name
        for name in CLAIMS_CHECKED.names
        if name not in _NOT_ASKED and not name.startswith(ONLINE_PREFIX)
    ]

    def read(name: str) -> pa.Table:
        with pa.parquet.ParquetFile(path, read_dictionary=CODED) as own:
            return _narrow(own.read([name], use_threads=False).combine_chunks())

    # In one piece: buckets gather from all over the night, five times slower out of many pieces.
    # Column by column: made one piece as a whole, the night's claims would lie in memory twice.
    columns = {
        name: part.column(0) for name, part in zip(wanted, in_order(read, wanted), strict=True)
    }
    return pa.table(columns)


def _narrow(table: pa.Table) -> pa.Table:
    """Return texts with offsets of 4 bytes where these reach, 8 else: there are six in a claim."""
    kinds = {
        field.name: pa.string()
        if pa.types.is_large_string(field.type) and column.nbytes < _NARROW_REACHES
        else field.type
        for field, column in zip(table.schema, table.columns, strict=True)
    }
    return table.cast(pa.schema(kinds))


def frame_of(table: pa.Table, names: Sequence[str] = (), rows: Ints | None = None) -> pl.DataFrame:
    """Return columns of claims, all unless named, as polars has them: 16 bytes for each text more.

    Args:
        table: the claims.
        names: the columns.
        rows: positions of the claims; None for all.
    """
    table = table.select(names or table.column_names)
    table = table if rows is None else table.take(pa.array(rows))
    plain = {
        name: column.cast(pa.large_string()) if name in CODED else column
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    return pl.DataFrame(pa.table(plain))


def codes_of(table: pa.Table, name: str) -> Codes:
    """Return a column of CODED.

    Raises:
        InvariantError: two texts have one key.
    """
    column = _in_one_piece(table.column(name))
    texts = [*column.dictionary.to_pylist(), None]
    keys = np.array([content_key(text) for text in texts], dtype=np.int64)
    known = len({text for text in texts if text})
    ensure(len(np.unique(keys[keys != 0])) == known, "two texts have one key", column=name)
    at = _filled(column.indices, len(texts) - 1).to_numpy(zero_copy_only=False)
    return Codes(at.astype(np.int32, copy=False), texts, keys)


def integers_of(table: pa.Table, name: str, null: int) -> Integers:
    """Return a column of integers or truth values, `null` where there is none."""
    column = _in_one_piece(table.column(name))
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    found: Integers = _filled(column, null).to_numpy(zero_copy_only=False)
    return found


def _in_one_piece(column: pa.ChunkedArray) -> pa.Array:
    """Return a column in one piece: Arrow would copy even one that is."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _filled(column: pa.Array, null: int) -> pa.Array:
    """Return a column without nulls: Arrow would copy even one that has none."""
    return column.fill_null(null) if column.null_count else column
