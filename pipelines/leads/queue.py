"""The leads of the last published night: a queue, and one lead with its reasons."""

from typing import Any

import polars as pl

from engine.errors import EngineError
from engine.storage.lake import Lake
from models.features.units import UNIT_COLUMN, UnitKind
from models.unit_reasons import decode_reasons

REASONS_TOLD = 3


def leads_of_last_night(lake: Lake, kind: UnitKind) -> list[dict[str, Any]]:
    """Return the queue of a kind in its order; empty before the first night, or without leads."""
    latest = lake.database.latest()
    if latest is None:
        return []
    rows = lake.read("leads").filter(pl.col("night") == latest.night.isoformat())
    chosen = rows.filter(kind=kind).sort("place").collect()
    return chosen.with_columns(unit=UNIT_COLUMN[kind]).to_dicts()


def lead_answer(queue: list[dict[str, Any]], place: int, lang: str) -> dict[str, Any]:
    """Return the lead of a place with its strongest reasons in `zh` or `en`.

    Raises:
        EngineError: `no_lead`, when the queue has no such place.
    """
    lead = next((one for one in queue if one["place"] == place), None)
    if lead is None:
        raise EngineError(
            "no_lead",
            f"队列中没有第 {place} 个（共 {len(queue)} 个）；请先不带 --place 查看队列",
            f"the queue has no place {place}, it has {len(queue)}; see it without --place first",
        )
    reasons = decode_reasons(lead["reasons"])[:REASONS_TOLD]
    told = [{"text": one.text(lang), "refuted_by": one.refuted_by(lang)} for one in reasons]
    return {**lead, "reasons": told}
