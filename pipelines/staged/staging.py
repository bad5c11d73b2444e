"""Parquet files that one step leaves to the next, in the encodings that read fastest."""

from collections.abc import Collection, Iterator
from pathlib import Path
from types import TracebackType

import polars as pl
import pyarrow as pa
import pyarrow.parquet

from engine.errors import ensure
from engine.storage.tables import Table

_SPLIT_TYPES = {"int32", "int64", "uint64"}
_FEW_VALUES = {"code", "date", "text"}
"""Types of which a dictionary is smaller; identifiers differ nearly all."""

ROW_GROUP_ROWS = 1 << 20


class StagedWriter:
    """Writes a declared table in parts, one row group for each.

    Example:
        with StagedWriter(LINES, path) as writer:
            writer.append(frame)

    Args:
        table: the declaration.
        path: the file.
        coded: columns of text that are appended as dictionaries; readers see texts as ever.
    """

    def __init__(self, table: Table, path: Path, coded: Collection[str] = ()) -> None:
        self._table = table
        split = [column.name for column in table.columns if column.type in _SPLIT_TYPES]
        lists = [f"{one.name}.list.element" for one in table.columns if one.type == "int64s"]
        self._schema = _arrow_schema(table, coded)
        self._writer = pa.parquet.ParquetWriter(
            path,
            self._schema,
            compression="lz4",
            use_dictionary=[
                one.name for one in table.columns if one.type in _FEW_VALUES or one.name in coded
            ],
            column_encoding=dict.fromkeys([*split, *lists], "BYTE_STREAM_SPLIT"),
            write_statistics=False,
            # Else readers would take coded columns for dictionaries, not texts.
            store_schema=not coded,
        )

    def __enter__(self) -> "StagedWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()

    def append(self, frame: pl.DataFrame) -> None:
        """Write a part whose columns are those of the table, in any order.

        Raises:
            InvariantError: a column is missing, has another type, or holds a null unduly.
        """
        part = frame.select(self._table.names)
        ensure(dict(part.schema) == self._table.schema, f"wrong types in {self._table.name}")
        arrays = [_arrow_array(part[field.name], field) for field in self._schema]
        self.append_table(pa.Table.from_arrays(arrays, names=self._table.names))

    def append_table(self, part: pa.Table) -> None:
        """Write a part of Arrow columns, in the order of the table.

        Raises:
            InvariantError: a column is missing, has another type, or holds a null unduly.
        """
        ensure(part.column_names == self._table.names, f"wrong columns in {self._table.name}")
        for field, column in zip(self._schema, part.columns, strict=True):
            right = column.type.equals(field.type)
            ensure(right, f"wrong type in {self._table.name}", column=field.name)
            full = field.nullable or not column.null_count
            ensure(full, f"a null in {self._table.name}", column=field.name)
        whole = pa.Table.from_arrays(part.columns, schema=self._schema)
        self._writer.write_table(whole, row_group_size=max(part.num_rows, 1))


def write_staged(frame: pl.DataFrame, table: Table, path: Path) -> Path:
    """Write a frame as one file of a declared table and return its path.

    Raises:
        InvariantError: the frame does not fit the declaration.
    """
    with StagedWriter(table, path) as writer:
        for part in frame.iter_slices(ROW_GROUP_ROWS):
            writer.append(part)
        if frame.is_empty():
            writer.append(frame)
    return path


def read_staged(path: Path) -> Iterator[pl.DataFrame]:
    """Yield the parts of a file in order, as they were written."""
    with pa.parquet.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield pl.DataFrame(file.read_row_group(group))


def _arrow_schema(table: Table, coded: Collection[str]) -> pa.Schema:
    """Return the columns as Arrow has them; what is never null is not asked about row by row."""
    told = pl.DataFrame(schema=table.schema).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    fields = []
    for column, field in zip(table.columns, told, strict=True):
        kind = field.type
        if pa.types.is_large_list(kind):
            kind = pa.large_list(pa.field("element", kind.value_type, nullable=False))
        if field.name in coded:
            kind = pa.dictionary(pa.int32(), pa.string())
        fields.append(pa.field(field.name, kind, nullable=column.optional))
    return pa.schema(fields)


def _arrow_array(series: pl.Series, field: pa.Field) -> pa.Array:
    held = series.to_arrow(compat_level=pl.CompatLevel.oldest())
    if pa.types.is_large_list(field.type):
        return pa.LargeListArray.from_arrays(held.offsets, held.values, type=field.type)
    return held
