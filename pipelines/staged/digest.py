"""Hashes of what goes into a night and of what comes out of it."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

_SEPARATOR = "\x1f"

PLACES = frozenset({"claim", "file", "row", "lines"})
"""Columns that say where a record stood in the delivery: the result does not depend on them."""


def files_hash(paths: Iterable[Path]) -> str:
    """Return a hash of files' contents and names; folders and order do not matter."""
    parts = sorted((path.name, _file_hash(path)) for path in paths)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def result_hash(files: Mapping[str, Path]) -> str:
    """Return a hash of what staged tables say, whatever the order and names of the input files.

    Rows are hashed in an order of their own values, and columns that tell a record's place in the
    delivery are left out, so that the same claims in other files have the same hash.
    """
    digest = hashlib.sha256()
    for name in sorted(files):
        frame = pl.read_parquet(files[name])
        frame = frame.select(sorted(column for column in frame.columns if column not in PLACES))
        lists = [column for column, kind in frame.schema.items() if kind == pl.List(pl.Int64)]
        ordered = frame.sort([column for column in frame.columns if column not in lists])
        digest.update(name.encode())
        for column in ordered.get_columns():
            digest.update(column.name.encode())
            for part in _bytes_of(column):
                digest.update(part)
    return digest.hexdigest()


def _bytes_of(column: pl.Series) -> Iterable[bytes]:
    if column.dtype == pl.List(pl.Int64):
        yield column.list.len().cast(pl.Int64).to_numpy().tobytes()
        yield column.explode().drop_nulls().to_numpy().tobytes()
    elif column.dtype == pl.String:
        yield column.is_null().cast(pl.Int8).to_numpy().tobytes()
        yield (column.fill_null("").str.join(_SEPARATOR)[0] or "").encode()
    else:
        yield column.cast(pl.Int64).to_numpy().tobytes()
