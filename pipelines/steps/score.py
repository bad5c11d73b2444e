"""Score: which institutions, physicians and persons a reviewer may look at first, and why.

A lead changes no payment and names no breach: no later step reads it.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from engine.periods import day_number
from engine.storage.lake_tables import LEADS
from engine.storage.tables import Table
from models.chance import public_keys
from models.evaluation.drift import verdict
from models.features.units import UNIT_COLUMN, UNIT_KINDS, UnitKind, unit_features
from models.queue import Capacity, Place, order_queue
from models.unit_reasons import encode_reasons
from models.unit_references import UnitReferences
from models.units import UnitModel, UnitScores
from pipelines.leads.window import READ, in_window, published_since
from pipelines.staged.staging import write_staged

LEADS_OF_A_NIGHT = Table(
    LEADS.name, tuple(column for column in LEADS.columns if column.name != "night")
)
Status = Literal["scored", "drifted", "no_reference", "no_units"]
_PSI_DIGITS = 3


@dataclass(frozen=True, slots=True)
class KindScored:
    """What became of the units of one kind.

    Attributes:
        units: units with settlements in the window.
        leads: those in the queue, `by_chance` of them drawn by chance.
        expected_fen: what looking at the leads is expected to recover.
        drift: stability index of each figure that has drifted from the reference.
    """

    kind: UnitKind
    status: Status
    units: int = 0
    leads: int = 0
    by_chance: int = 0
    expected_fen: int = 0
    drift: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scored:
    """What score leaves: LEADS less their night, and what became of each kind."""

    leads: Path
    kinds: tuple[KindScored, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """SETTLEMENTS and LEADS of the nights before this one."""

    settlements: pl.LazyFrame
    leads: pl.LazyFrame


@dataclass(frozen=True, slots=True)
class _Window:
    """What is known when a kind is scored: settlements, and units that were listed lately."""

    night: date
    settlements: pl.DataFrame
    listed: pl.DataFrame


def score(
    settled: Path, earlier: Published, references: UnitReferences | None, night: date, work: Path
) -> Scored:
    """Write LEADS less their night for the units that the frozen references allow to be scored.

    A unit's score is of its own settlements in the window that ends with the night; which other
    units the night brings is of no matter. A kind whose scores have drifted too far from the
    reference gets no leads, nor does a unit that a night within the window has listed.

    Args:
        settled: SETTLEMENTS less their night.
        references: those of the bureau; without any, nothing is scored.
        work: an empty folder.
    """
    parts = [pl.DataFrame(schema=LEADS_OF_A_NIGHT.schema)]
    kinds = [KindScored(kind, "no_reference") for kind in UNIT_KINDS]
    if references is not None:
        first = night - timedelta(days=references.window_days - 1)
        before = published_since(earlier.settlements, first).select(READ)
        rows = pl.concat([before, pl.scan_parquet(settled).select(READ)])
        listed = published_since(earlier.leads, first).collect()
        window = _Window(night, in_window(rows, first).collect(), listed)
        scored = [_score_kind(kind, window, references) for kind in UNIT_KINDS]
        parts += [leads for leads, _ in scored]
        kinds = [told for _, told in scored]
    leads = write_staged(pl.concat(parts), LEADS_OF_A_NIGHT, work / "leads.parquet")
    return Scored(leads, tuple(kinds))


def _score_kind(
    kind: UnitKind, window: _Window, references: UnitReferences
) -> tuple[pl.DataFrame, KindScored]:
    nothing = pl.DataFrame(schema=LEADS_OF_A_NIGHT.schema)
    model = references.models.get(kind)
    if model is None:
        return nothing, KindScored(kind, "no_reference")
    units = unit_features(window.settlements, kind)
    if units.is_empty():
        return nothing, KindScored(kind, "no_units")
    stops, drift = _drift(model, units)
    if stops:
        return nothing, KindScored(kind, "drifted", units=len(units), drift=drift)
    resting = window.listed.filter(kind=kind)[UNIT_COLUMN[kind]]
    scores = model.score(units.filter(~pl.col("unit").is_in(resting.implode())))
    places = _queue(scores, references.capacity, window.night)
    return _leads(kind, scores, places), KindScored(
        kind,
        "scored",
        units=len(units),
        leads=len(places),
        by_chance=sum(place.by_chance for place in places),
        expected_fen=sum(place.expected_fen for place in places),
        drift=drift,
    )


def _drift(model: UnitModel, units: pl.DataFrame) -> tuple[bool, dict[str, float]]:
    """Return whether the scores have drifted too far, and the index of whatever has drifted."""
    index = model.stability(model.score(units))
    told = {name: verdict(one, len(units)) for name, one in index.items()}
    moved = {name: round(index[name], _PSI_DIGITS) for name in told if told[name] != "ok"}
    return told["score"] == "stop", moved


def _queue(scores: UnitScores, capacity: Capacity, night: date) -> list[Place]:
    ids = scores.units["unit"].to_list()
    return order_queue(
        scores.probability_ppm,
        scores.recoverable_fen,
        scores.units["home"].to_list(),
        capacity,
        public_keys(ids, day_number(night)),
    )


def _leads(kind: UnitKind, scores: UnitScores, places: list[Place]) -> pl.DataFrame:
    rows = np.array([place.case for place in places], dtype=np.int64)
    units = scores.units[rows]
    columns = {
        "kind": [kind] * len(rows),
        "place": range(1, len(rows) + 1),
        "institution_id": units["home"],
        "physician_id": [None] * len(rows),
        "person_id": [None] * len(rows),
        "by_chance": [place.by_chance for place in places],
        "claims": units["claims"],
        "probability_ppm": scores.probability_ppm[rows],
        "recoverable_fen": scores.recoverable_fen[rows],
        "expected_fen": [place.expected_fen for place in places],
        "reasons": [encode_reasons(scores, int(row)) for row in rows],
    }
    columns[UNIT_COLUMN[kind]] = units["unit"]
    return pl.DataFrame(columns, schema=LEADS_OF_A_NIGHT.schema)
