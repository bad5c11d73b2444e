"""Tables that others send, read strictly: CSV in UTF-8 or GB18030, Parquet with page checksums.

CSV gives text; Parquet keeps its types, so that a reader can refuse those it does not trust.
"""

import codecs
import csv
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from engine.claims.codes import Code, reasons
from engine.errors import ClaimError

BATCH_ROWS = 500_000
_CHUNK_BYTES = 1 << 22
_BLOCK_BYTES = 1 << 24
"""Of a CSV file, parsed at a time; a record that does not fit makes the file unreadable."""


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file whose header has been read.

    Attributes:
        columns: its column names in order, all different.
        types: polars type by column; String for each column of a CSV file.
        encoding: of a CSV file; empty for Parquet.
    """

    path: Path
    columns: tuple[str, ...]
    types: dict[str, pl.DataType]
    encoding: str


def refusal(code: Code, path: Path, detail: str = "") -> ClaimError:
    """Return the error that says why a file is refused and what to do about it."""
    reason = reasons()[code]
    shown = f" [{detail}]" if detail else ""
    return ClaimError(
        code,
        f"文件 {path.name}{shown}：{reason.zh}{reason.do_zh}",
        f"file {path.name}{shown}: {reason.en} {reason.do_en}",
        file=path.name,
        detail=detail,
    )


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_table(path: Path) -> TableFile:
    """Return a file with its columns, once its encoding and its header are sound.

    Raises:
        ClaimError: `empty`, `encoding`, `unreadable` or `duplicate_column`.
    """
    if path.stat().st_size == 0:
        raise refusal(Code.EMPTY, path)
    table = _open_parquet(path) if path.suffix == ".parquet" else _open_csv(path)
    repeated = [name for name in dict.fromkeys(table.columns) if table.columns.count(name) > 1]
    if repeated:
        raise refusal(Code.DUPLICATE_COLUMN, path, ", ".join(repeated))
    return table


def read_batches(table: TableFile, columns: list[str]) -> Iterator[pl.DataFrame]:
    """Yield the records of some columns in order, about BATCH_ROWS at a time.

    Raises:
        ClaimError: `unreadable` or `page_checksum`, possibly after some batches.
    """
    parts: list[pl.DataFrame] = []
    for part in _read_parts(table, columns):
        parts.append(part)
        if sum(map(len, parts)) >= BATCH_ROWS:
            yield pl.concat(parts)
            parts = []
    if parts:
        yield pl.concat(parts)


def read_whole(table: TableFile, columns: list[str]) -> pl.DataFrame:
    """Return all records of some columns of a file small enough to hold in memory."""
    batches = list(read_batches(table, columns))
    empty = pl.DataFrame(schema={name: table.types[name] for name in columns})
    return pl.concat([empty, *batches])


def count_records(path: Path) -> int | None:
    """Return how many records a file holds, None where it is too damaged to tell."""
    try:
        table = open_table(path)
        if not table.encoding:
            return int(pa.parquet.read_metadata(path).num_rows)
        return sum(len(batch) for batch in read_batches(table, list(table.columns[:1])))
    except ClaimError:
        return None


def _open_parquet(path: Path) -> TableFile:
    with _damage_refused(path):
        schema = pa.parquet.read_schema(path)
        types = {
            field.name: pl.DataFrame(pa.table({"x": pa.array([], _plain(field.type))}))["x"].dtype
            for field in schema
        }
    return TableFile(path, tuple(schema.names), types, "")


def _open_csv(path: Path) -> TableFile:
    encoding = _encoding_of(path)
    with (
        _damage_refused(path),
        path.open(encoding=encoding, newline="") as file,
    ):
        header = next(csv.reader(file), [])
    columns = tuple(name.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}") for name in header)
    if not any(columns):
        raise refusal(Code.EMPTY, path)
    return TableFile(path, columns, dict.fromkeys(columns, pl.String()), encoding)


def _encoding_of(path: Path) -> str:
    # UTF-8 comes first and never second: most UTF-8 text also decodes as GB18030, to nonsense,
    # while text in GB18030 all but never is valid UTF-8.
    for encoding in ("utf-8", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        try:
            with path.open("rb") as file:
                quotes = sum(_quotes(chunk, decoder) for chunk in _chunks(file))
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        if quotes % 2:
            # An unclosed quote swallows all records after it without any other sign.
            raise refusal(Code.UNREADABLE, path, 'unpaired "')
        return encoding
    raise refusal(Code.ENCODING, path)


def _chunks(file: io.BufferedReader) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk


def _quotes(chunk: bytes, decoder: codecs.IncrementalDecoder) -> int:
    decoder.decode(chunk)
    return chunk.count(b'"')  # No byte of a longer character of either encoding is a quote.


def _read_parts(table: TableFile, columns: list[str]) -> Iterator[pl.DataFrame]:
    with _damage_refused(table.path):
        reader = _csv_parts(table, columns) if table.encoding else _parquet_parts(table, columns)
        for part in reader:
            # Arrow takes the bytes of a Parquet text as they are; polars relies on valid UTF-8.
            part.validate(full=True)
            yield pl.DataFrame(part)


def _csv_parts(table: TableFile, columns: list[str]) -> Iterator[pa.Table]:
    try:
        reader = pa.csv.open_csv(
            table.path,
            read_options=pa.csv.ReadOptions(
                column_names=table.columns,
                skip_rows_after_names=1,
                block_size=_BLOCK_BYTES,
                encoding=table.encoding,
            ),
            parse_options=pa.csv.ParseOptions(newlines_in_values=True),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(table.columns, pa.string()),
                include_columns=columns,
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV" not in str(error):
            raise
        return  # A header without a record.
    for batch in reader:
        yield pa.Table.from_batches([batch])


def _parquet_parts(table: TableFile, columns: list[str]) -> Iterator[pa.Table]:
    with pa.parquet.ParquetFile(table.path, page_checksum_verification=True) as file:
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=columns):
            part = pa.Table.from_batches([batch])
            yield part.cast(pa.schema([(field.name, _plain(field.type)) for field in part.schema]))


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return the type behind a dictionary, as pandas writes repeated text, or a column of nulls."""
    if pa.types.is_null(kind):
        return pa.string()
    return kind.value_type if pa.types.is_dictionary(kind) else kind


@contextmanager
def _damage_refused(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException, csv.Error, UnicodeError) as error:
        code = Code.PAGE_CHECKSUM if "CRC checksum" in str(error) else Code.UNREADABLE
        # The reader's own text may quote values, so only its kind is told.
        raise refusal(code, path, type(error).__name__) from error
