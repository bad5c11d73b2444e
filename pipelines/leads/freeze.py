"""Freezes what institutions, physicians and persons are compared with, from published nights."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from engine.codes.enums import Insurance, PersonType, Sex
from engine.errors import EngineError, StorageError
from engine.storage.lake import Lake
from models.evaluation.fairness import SegmentRate, false_positive_rates
from models.evaluation.proxies import PROXY_AUC, Proxy, proxies
from models.features.units import UNIT_COLUMN, UNIT_FEATURES, UNIT_KINDS, UnitKind, unit_features
from models.queue import Capacity
from models.training.fit_units import fit_units
from models.unit_references import UnitReferences
from models.units import Bools, UnitModel
from pipelines.leads.window import READ, in_window, published_since

WINDOW_DAYS = 31
FLAGGED_SHARE = 0.05
AIDED = "aided"
GROUP_COLUMNS = ("person_type", "insurance", "sex")
GROUPS: dict[str, pl.Expr] = {
    "retired_or_elderly": pl.col("person_type").is_in(
        [PersonType.RETIRED, PersonType.RETIRED_CADRE, PersonType.ELDERLY_RESIDENT]
    ),
    "resident_scheme": pl.col("insurance") == Insurance.RESIDENT,
    "women": pl.col("sex") == Sex.FEMALE,
    AIDED: pl.col("assistance_paid_fen") > 0,
}
"""Groups of persons that are watched. None of them is a feature; aid may not even have a proxy."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """The references and what was seen while they were made.

    Attributes:
        sustained: units with a finding, by kind.
        units: units in all, by kind.
        segments: false-positive ratios of the first 5 % of persons.
        proxies: how well each figure of a person tells the refused group.
    """

    references: UnitReferences
    units: dict[UnitKind, int]
    sustained: dict[UnitKind, int]
    segments: list[SegmentRate]
    proxies: list[Proxy]


def freeze(lake: Lake, capacity: Capacity) -> Frozen:
    """Return references frozen from the settlements of the window that ends with the last night.

    Where no case has been decided yet, a unit counts as sustained if a definite rule found one of
    its settlements, which is what a probability then speaks of.

    Raises:
        StorageError: `no_night`, when nothing is published.
        EngineError: `verdicts`, when too few units have a finding; `proxy`, when a figure tells who
            is given aid.
    """
    latest = lake.database.latest()
    if latest is None:
        raise StorageError(
            "no_night",
            "数据湖中还没有已发布的夜，无从冻结同行参照；请先运行 jiesuan night",
            "no night is published, so there is nothing to freeze; run jiesuan night first",
        )
    first = latest.night - timedelta(days=WINDOW_DAYS - 1)
    rows = in_window(published_since(lake.read("settlements"), first), first)
    settlements = rows.select(*READ, "stay", "fund_fen", *GROUP_COLUMNS).collect()
    found = _found(settlements, published_since(lake.read("findings"), first))
    units = {kind: unit_features(settlements, kind) for kind in UNIT_KINDS}
    sustained = {
        kind: _among(units[kind], found[UNIT_COLUMN[kind]].drop_nulls()) for kind in UNIT_KINDS
    }
    persons = _persons(settlements, units["person"])
    told = _proxies(units["person"], persons)
    models = {kind: fit_units(units[kind], sustained[kind]) for kind in UNIT_KINDS}
    return Frozen(
        references=UnitReferences(latest.night.isoformat(), WINDOW_DAYS, capacity, models),
        units={kind: len(frame) for kind, frame in units.items()},
        sustained={kind: int(hit.sum()) for kind, hit in sustained.items()},
        segments=_segments(models["person"], units["person"], sustained["person"], persons),
        proxies=told,
    )


def _found(settlements: pl.DataFrame, findings: pl.LazyFrame) -> pl.DataFrame:
    definite = findings.filter(level="definite").select("settlement_id").unique().collect()
    return settlements.join(definite, on="settlement_id", how="semi")


def _among(units: pl.DataFrame, ids: pl.Series) -> Bools:
    return units["unit"].is_in(ids.unique().implode()).to_numpy()


def _persons(settlements: pl.DataFrame, units: pl.DataFrame) -> dict[str, Bools]:
    """Return who belongs to each of GROUPS, in the order of the units."""
    groups = settlements.group_by(unit="person_id").agg(
        expr.any().alias(name) for name, expr in GROUPS.items()
    )
    placed = units.select("unit").join(groups, on="unit", how="left", maintain_order="left")
    return {name: placed[name].to_numpy() for name in GROUPS}


def _proxies(units: pl.DataFrame, persons: dict[str, Bools]) -> list[Proxy]:
    told = proxies(UNIT_FEATURES, units.select(UNIT_FEATURES).to_numpy(), persons[AIDED])
    telling = [one.figure for one in told if one.alarm]
    if telling:
        raise EngineError(
            "proxy",
            f"指标 {telling} 可用来辨认受救助人员（AUC 高于 {PROXY_AUC}），不得据以评分；"
            "请删除该指标后再冻结",
            f"the figures {telling} tell who is given aid (AUC above {PROXY_AUC}) and may carry no "
            "score; remove them and freeze again",
        )
    return told


def _segments(
    model: UnitModel, units: pl.DataFrame, sustained: Bools, persons: dict[str, Bools]
) -> list[SegmentRate]:
    scores = model.score(units)
    expected = scores.probability_ppm * scores.recoverable_fen.astype(np.float64)
    flagged = np.zeros(len(units), dtype=np.bool_)
    flagged[np.argsort(-expected, kind="stable")[: round(FLAGGED_SHARE * len(units))]] = True
    watched = {name: member for name, member in persons.items() if member.any()}
    return false_positive_rates(sustained, flagged, watched)
