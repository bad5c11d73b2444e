"""The versions of the knowledge base: one immutable file for each workbook that was imported."""

import hashlib
import os
from dataclasses import asdict
from pathlib import Path

import polars as pl

from engine.rules.knowledge.points import Point

FOLDER = "knowledge"
POINTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "kind": pl.String,
    "sheet": pl.String,
    "row": pl.Int32,
    "number": pl.Int32,
    "name": pl.String,
    "codes": pl.List(pl.String),
    "low": pl.Int64,
    "high": pl.Int64,
    "window": pl.Int64,
    "unit": pl.String,
    "words": pl.List(pl.String),
    "others": pl.List(pl.String),
    "logic": pl.String,
    "ground": pl.String,
}
"""A knowledge point; engine/rules/knowledge/points.py says what the columns mean."""


def add_version(lake: Path, workbook: str, points: list[Point]) -> str:
    """Keep a workbook's points, and return the version that they are from now on.

    A version is named by what it holds: the same points again are the same version, and a file
    once written is never changed. The newest of a workbook's versions holds.

    Args:
        lake: folder of the lake, locked by the caller.
        workbook: name of the workbook, without its ending.
        points: what was taken from it.
    """
    rows = [_row(point) for point in points]
    frame = pl.DataFrame(rows, schema=POINTS)
    version = hashlib.sha256(frame.write_json().encode()).hexdigest()[:16]
    folder = lake / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    versions = _versions(lake)
    if [held for name, held, _ in versions if name == workbook][-1:] == [version]:
        return version
    final = folder / f"{len(versions) + 1:06d}.{version}.{workbook}.parquet"
    part = final.with_suffix(".part")
    frame.write_parquet(part)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.rename(final)
    return version


def current_points(lake: Path) -> pl.DataFrame:
    """Return the points that hold now, as POINTS with the `version` of each."""
    newest = {name: (version, path) for name, version, path in _versions(lake)}
    parts = [
        pl.read_parquet(path).with_columns(pl.lit(version).alias("version"))
        for version, path in newest.values()
    ]
    empty = pl.DataFrame(schema={**POINTS, "version": pl.String})
    return pl.concat([empty, *parts])


def _versions(lake: Path) -> list[tuple[str, str, Path]]:
    """Return workbook, version and file of every import, oldest first."""
    files = sorted((lake / FOLDER).glob("*.parquet"))
    named = [(path.name.removesuffix(".parquet").split(".", 2), path) for path in files]
    return [(parts[2], parts[1], path) for parts, path in named]


def _row(point: Point) -> dict[str, object]:
    row: dict[str, object] = asdict(point)
    del row["parameters"]
    return row | asdict(point.parameters)
