"""How likely a group is a ring: frozen weights, each part of the score told."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from engine.errors import ensure
from engine.money import PPM
from models.explain import Parts
from models.rings.groups import group_features, linked_groups
from models.rings.meetings import RING_KINDS, RingKind, meetings

Floats = NDArray[np.float64]

WEIGHTS = Path(__file__).with_name("weights.json")

USED: dict[RingKind, tuple[str, ...]] = {
    "stays": ("members_log", "alike_share", "physician_share", "planned_share"),
    "desk": (
        "members_log", "days_per_member", "together_share", "alike_share", "physician_share",
        "near_limit_share", "planned_share",
    ),
    "codes": ("days_per_member", "together_share", "institutions", "codes_per_member"),
}  # fmt: skip
"""Which of GROUP_FEATURES speak of which kind of ring; the others are constant or chance there."""


class _Weights(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    features: list[str]
    mean: list[float]
    spread: list[float]
    weight: list[float]
    intercept: float


@dataclass(frozen=True, slots=True)
class RingModel:
    """Log odds of one kind of ring, linear in figures of the group.

    Attributes:
        mean, spread: of the groups it was fitted on, by feature of USED.
        weight: of a spread's distance from the mean.
        intercept: log odds of a group like the mean, at one ring member in a thousand persons.
    """

    kind: RingKind
    mean: Floats
    spread: Floats
    weight: Floats
    intercept: float

    def parts(self, groups: pl.DataFrame) -> Parts:
        """Return what each feature of USED adds to the log odds, a row a group."""
        values = groups.select(USED[self.kind]).to_numpy().astype(np.float64)
        return Parts(base=self.intercept, values=self.weight * (values - self.mean) / self.spread)


def ring_leads(
    claims: pl.DataFrame,
    codes: pl.DataFrame,
    models: dict[RingKind, RingModel],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the groups of every kind, the likeliest first, and their members.

    A lead, not a finding: no payment changes by it, and its members are called nothing.

    Args:
        claims: `meetings.CLAIM_COLUMNS` of settlements that stand.
        codes: `claim` and `code` of each smallest pack that was settled.

    Returns:
        Leads: `kind`, `group`, `members`, `fund_fen`, `probability_ppm`, `reasons` (feature, its
        value and its part of the log odds, the strongest first). Members: `kind`, `group`,
        `person`.
    """
    told, members = [], []
    for kind in RING_KINDS:
        met = meetings(kind, claims, codes)
        groups = linked_groups(met)
        figures = group_features(met, groups, claims, codes)
        told.append(_scored(models[kind], figures))
        members.append(groups.select(kind=pl.lit(kind), group="group", person="person"))
    leads = pl.concat(told).sort(
        "probability_ppm", "fund_fen", "kind", "group", descending=[True, True, False, False]
    )
    return leads, pl.concat(members).sort("kind", "group", "person")


def _scored(model: RingModel, groups: pl.DataFrame) -> pl.DataFrame:
    parts = model.parts(groups)
    log_odds = parts.total()
    chance = np.rint(PPM / (1 + np.exp(-log_odds))).astype(np.int64)
    return groups.select(
        kind=pl.lit(model.kind),
        group="group",
        members=pl.col("members").cast(pl.Int64),
        fund_fen="fund_fen",
        probability_ppm=pl.Series(chance, dtype=pl.Int64),
        reasons=pl.Series(_reasons(model.kind, groups, parts), dtype=pl.String),
    )


def _reasons(kind: RingKind, groups: pl.DataFrame, parts: Parts) -> list[str]:
    """As JSON, so that a lead keeps its own reasons: `[feature, value, part]`, strongest first."""
    names = USED[kind]
    values = groups.select(names).rows()
    told = []
    for row, added in zip(values, parts.values, strict=True):
        order = sorted(range(len(names)), key=lambda at: (-added[at], names[at]))
        told.append(json.dumps([[names[at], row[at], round(float(added[at]), 4)] for at in order]))
    return told


@cache
def shipped_models() -> dict[RingKind, RingModel]:
    """Return the models that come with the product; `models/cards/rings.yaml` says what of."""
    content = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return {kind: _model(kind, _Weights.model_validate(content[kind])) for kind in RING_KINDS}


def told_models(models: dict[RingKind, RingModel]) -> str:
    """Return models as the text of a weights file; equal models give equal text."""
    content = {
        kind: _Weights(
            features=list(USED[kind]),
            mean=model.mean.tolist(),
            spread=model.spread.tolist(),
            weight=model.weight.tolist(),
            intercept=model.intercept,
        ).model_dump()
        for kind, model in models.items()
    }
    return json.dumps(content, indent=1) + "\n"


def _model(kind: RingKind, told: _Weights) -> RingModel:
    ensure(
        tuple(told.features) == USED[kind], "weights of other figures", told=tuple(told.features)
    )
    return RingModel(
        kind, np.array(told.mean), np.array(told.spread), np.array(told.weight), told.intercept
    )
