"""Files of a synthetic city: claims and lines in two formats, their manifest, reference, truth."""

import hashlib
import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.synthetic.plan import FileFormat

ROW_GROUP_ROWS = 250_000
MANIFEST = "manifest.json"


class InputFolder:
    """The folder that a night reads, with a manifest of what has been written to it."""

    def __init__(self, folder: Path, file_format: FileFormat) -> None:
        self._folder = folder
        self._file_format = file_format
        self._manifest: dict[str, dict[str, str | int]] = {}
        folder.mkdir(parents=True)

    def write(self, name: str, frame: pl.DataFrame) -> None:
        """Write a frame whose columns are all text, and note its hash and rows."""
        path = self._folder / f"{name}.{self._file_format}"
        if self._file_format == "csv":
            frame.write_csv(path)
        else:
            write_parquet(path, frame)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._manifest[path.name] = {"sha256": digest, "rows": len(frame)}

    def close(self) -> dict[str, int]:
        """Write the manifest, the last file: without it the folder is incomplete.

        Returns:
            Rows by file name.
        """
        text = json.dumps(self._manifest, indent=1, sort_keys=True)
        (self._folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
        return {name: int(entry["rows"]) for name, entry in self._manifest.items()}


class ParquetFile:
    """A Parquet file written piece by piece; used as a context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> "ParquetFile":
        return self

    def __exit__(self, *error: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, frame: pl.DataFrame) -> None:
        """Append a frame; all have the columns of the first."""
        table = _table(frame)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema, **_OPTIONS)
        self._writer.write_table(table, row_group_size=ROW_GROUP_ROWS)


def write_parquet(path: Path, frame: pl.DataFrame) -> None:
    """Write a frame to a new file."""
    with ParquetFile(path) as file:
        file.write(frame)


# Pages carry checksums for intake to verify. The Arrow schema is left out: a reader is to see
# plain text columns, not the types that happened to be in memory here.
_OPTIONS = {
    "compression": "lz4",
    "store_schema": False,
    "write_page_checksum": True,
    "write_statistics": False,
}


def _table(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow()
