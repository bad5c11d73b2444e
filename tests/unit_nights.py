"""Months of made-up settlements, as settle leaves them and as a lake holds them."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from engine.periods import day_number
from engine.storage.database import NightRecord, publish_night
from engine.storage.lake import Lake
from engine.storage.lake_tables import FINDINGS, LAKE_TABLES, SETTLEMENTS
from engine.storage.tables import Table
from models.features.units import UNIT_KINDS, UnitKind, unit_features
from models.queue import Capacity
from models.training.fit_units import fit_units
from models.unit_references import UnitReferences
from pipelines.leads.window import in_window
from pipelines.staged.staging import write_staged
from pipelines.steps.settle.tables import without_night

NIGHT = date(2024, 3, 31)
FIRST = date(2024, 3, 1)
INSTITUTIONS, BAD = 240, 15
SETTLED = without_night(SETTLEMENTS)
FOUND = without_night(FINDINGS)


def a_month(seed: int, count: int = 9_000, dear: float = 3.0, **columns: pl.Expr) -> pl.DataFrame:
    """Return settlements of March 2024; institutions below BAD are `dear` times as dear."""
    dice = np.random.default_rng(seed)
    institution = dice.integers(0, INSTITUTIONS, count)
    total = np.exp(dice.normal(9, 0.4, count)) * np.where(institution < BAD, dear, 1.0)
    day = day_number(FIRST) + dice.integers(0, 31, count)
    doctor = institution * 4 + dice.integers(0, 4, count)
    told = {
        "settlement_id": [f"S{seed}-{row}" for row in range(count)],
        "person_id": [f"N{one}" for one in dice.integers(0, 4_000, count)],
        "institution_id": [f"H{one:03d}" for one in institution],
        "physician_id": [f"D{one:04d}" for one in doctor],
        "begin_day": day,
        "end_day": day,
        "visit_kind": np.ones(count),
        "total_fen": total.astype(np.int64),
        "fund_total_fen": (total * 0.7).astype(np.int64),
    }
    return settled_frame(pl.DataFrame(told)).with_columns(**columns)


def settled_frame(told: pl.DataFrame) -> pl.DataFrame:
    """Return SETTLEMENTS less their night."""
    return filled(told, SETTLED)


def filled(told: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Return a declared table; what is not told is null where it may be, else empty or zero."""
    missing = {
        column.name: pl.lit(None if column.optional else _empty(table.schema[column.name]))
        for column in table.columns
        if column.name not in told.columns
    }
    frame = told.with_columns(**missing)
    return frame.select(pl.col(name).cast(kind) for name, kind in table.schema.items())


def _empty(kind: pl.DataType | type[pl.DataType]) -> object:
    if kind == pl.String:
        return ""
    return [] if kind == pl.List(pl.Int64) else 0


def settled_file(frame: pl.DataFrame, path: Path) -> Path:
    """Write settlements of a night to a file."""
    return write_staged(frame, SETTLED, path)


def references(capacity: Capacity, seed: int = 1) -> UnitReferences:
    """Return references frozen from a month in which the dear institutions had findings."""
    rows = in_window(a_month(seed).lazy(), FIRST).collect()
    guilty = rows.filter(pl.col("institution_id") < f"H{BAD:03d}")
    models = {}
    for kind in UNIT_KINDS:
        units = unit_features(rows, kind)
        models[kind] = fit_units(units, _found(guilty, units, kind))
    return UnitReferences(NIGHT.isoformat(), 31, capacity, models)


def _found(guilty: pl.DataFrame, units: pl.DataFrame, kind: UnitKind) -> np.ndarray:
    ids = guilty[f"{kind}_id"].unique()
    return units["unit"].is_in(ids.implode()).to_numpy()


def publish(lake: Lake, frames: dict[str, pl.DataFrame], folder: Path) -> None:
    """Publish a night of the named tables; the others are empty."""
    folder.mkdir()
    files = {}
    for name, table in LAKE_TABLES.items():
        declared = without_night(table)
        frame = frames.get(name, pl.DataFrame(schema=declared.schema))
        files[name] = write_staged(frame, declared, folder / f"{name}.parquet")
    versions = lake.stage(NIGHT, files, "content")
    record = NightRecord(NIGHT, "in", "policy", "result", versions, {})
    with lake.database.transaction() as connection:
        publish_night(connection, record, (), 0)
