"""Leads to rings of persons, from the settlements of a lake."""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from engine.errors import EngineError
from engine.storage.lake import Lake
from models.rings.meetings import CLAIM_COLUMNS
from models.rings.score import ring_leads, shipped_models
from pipelines.leads.window import READ, in_window

SIGHTINGS = ("settlement_id", "kind", "thing")
"""Columns of a file of sightings; `kind` is terminal or code."""

SIGHTING_KINDS = ("terminal", "code")


@dataclass(frozen=True, slots=True)
class Rings:
    """Leads, the likeliest first.

    Attributes:
        first, last: days of the settlements that were looked at.
        unseen: kinds of rings that nothing was known to see by.
        leads: with `persons` and `institutions` as their ids, and `reasons`.
    """

    first: str
    last: str
    unseen: list[str]
    leads: list[dict[str, Any]]


def rings_of(lake: Lake, days: int, sightings: Path | None, most: int) -> Rings:
    """Return the leads of the settlements that ended in the days up to the last night.

    Args:
        days: how many days are looked at.
        sightings: a CSV or Parquet file of SIGHTINGS, which the message gateway and the platform
            of trace codes can give; without it only stays can be seen.
        most: how many leads at most.

    Raises:
        EngineError: `no_night` before the first night; `sightings` for a file of another form.
    """
    latest = lake.database.latest()
    if latest is None:
        raise EngineError(
            "no_night",
            "数据湖中还没有已发布的夜次，没有可查的结算；请先运行 jiesuan night",
            "the lake has no published night yet, so there is nothing to look at; "
            "run jiesuan night first",
        )
    first = latest.night - timedelta(days=days - 1)
    seen = _sightings(sightings)
    told = _claims(lake, first, seen)
    codes = seen.filter(kind="code").join(told.select("settlement_id", "claim"), on="settlement_id")
    leads, members = ring_leads(
        told.select(CLAIM_COLUMNS), codes.select("claim", code="thing"), shipped_models()
    )
    known = {"desk": "terminal", "codes": "code"}
    unseen = [kind for kind in known if seen.filter(kind=known[kind]).is_empty()]
    named = _named(leads.head(most), members, told)
    return Rings(first.isoformat(), latest.night.isoformat(), unseen, named)


def _sightings(path: Path | None) -> pl.DataFrame:
    if path is None:
        return pl.DataFrame(schema=dict.fromkeys(SIGHTINGS, pl.String))
    parquet = path.suffix == ".parquet"
    frame = pl.read_parquet(path) if parquet else pl.read_csv(path, infer_schema=False)
    kinds = set(frame["kind"].unique()) if "kind" in frame.columns else set()
    wrong = sorted(str(kind) for kind in kinds - set(SIGHTING_KINDS))
    if set(frame.columns) != set(SIGHTINGS) or wrong:
        raise EngineError(
            "sightings",
            f"{path.name} 不是线索事实文件：应恰有列 {'、'.join(SIGHTINGS)}，"
            f"kind 只能是 terminal 或 code；现有列 {frame.columns}，不认识的 kind {wrong}",
            f"{path.name} is no file of sightings: its columns must be {', '.join(SIGHTINGS)} and "
            f"kind one of {SIGHTING_KINDS}; it has {frame.columns} and the kinds {wrong}",
            file=path.name,
        )
    return frame.select(pl.col(name).cast(pl.String) for name in SIGHTINGS)


def _claims(lake: Lake, first: date, seen: pl.DataFrame) -> pl.DataFrame:
    """CLAIM_COLUMNS with dense numbers for ids, and the ids beside them."""
    wanted = (*READ, "disease_code", "settled_at")
    rows = in_window(lake.read("settlements").select(wanted), first).collect()
    terminals = seen.filter(kind="terminal").unique("settlement_id", keep="first")
    desk = terminals.select("settlement_id", terminal="thing")
    numbered = rows.sort("settlement_id").join(
        desk, on="settlement_id", how="left", maintain_order="left"
    )
    dense = [
        pl.col(f"{name}_id").rank("dense").cast(pl.Int64).alias(name)
        for name in ("person", "institution", "physician")
    ]
    return numbered.with_row_index("claim").with_columns(
        pl.col("claim").cast(pl.Int64), *dense, pl.col("terminal").rank("dense").cast(pl.Int64)
    )


def _named(leads: pl.DataFrame, members: pl.DataFrame, told: pl.DataFrame) -> list[dict[str, Any]]:
    ids = told.select("person", "person_id").unique()
    shared = members.join(ids, on="person").sort("person_id")
    persons = shared.group_by("kind", "group", maintain_order=True).agg(persons="person_id")
    rows = leads.join(persons, on=["kind", "group"], maintain_order="left").drop("group")
    return [{**row, "reasons": json.loads(row["reasons"])} for row in rows.to_dicts()]
