"""What units are compared with, as one file of numbers among a bureau's reference data."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from engine.errors import EngineError
from models.detectors.peers import Peers
from models.detectors.tails import FrozenTails
from models.evaluation.drift import Reference
from models.features.units import UNIT_FEATURES, UnitKind
from models.queue import Capacity
from models.units import UnitModel

FORMAT = 1
Numbers = list[float]


@dataclass(frozen=True, slots=True)
class UnitReferences:
    """The frozen models of a bureau, and what its reviewers can look at in a night.

    Attributes:
        until: the last day of the period they were frozen from, yyyy-MM-dd.
        window_days: days of settlements that figures of a unit are made of.
        capacity: of each kind.
    """

    until: str
    window_days: int
    capacity: Capacity
    models: dict[UnitKind, UnitModel]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=True)


class _Drift(_Strict):
    cuts: Numbers
    shares: Numbers


class _Model(_Strict):
    peer_cuts: list[Numbers]
    peers: list[list[Numbers]]
    members: list[int]
    tails: list[Numbers]
    slope: float
    intercept: float
    drift: list[_Drift]


class _File(_Strict):
    format: int
    features: list[str]
    until: str
    window_days: int
    capacity: Capacity
    models: dict[UnitKind, _Model]


def save_references(references: UnitReferences, path: Path) -> None:
    """Write a file of references, whole or not at all; equal references make equal bytes."""
    content = _File(
        format=FORMAT,
        features=list(UNIT_FEATURES),
        until=references.until,
        window_days=references.window_days,
        capacity=references.capacity,
        models={kind: _told(model) for kind, model in references.models.items()},
    )
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(content.model_dump(), ensure_ascii=False), encoding="utf-8")
    partial.replace(path)


def load_references(path: Path) -> UnitReferences:
    """Return the references of a file; it holds numbers alone, so that reading it runs nothing.

    Raises:
        EngineError: `unit_references`, when it is none, or was frozen from other figures.
    """
    try:
        content = _File.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise _unusable(path) from error
    if content.format != FORMAT or content.features != list(UNIT_FEATURES):
        raise _unusable(path)
    return UnitReferences(
        until=content.until,
        window_days=content.window_days,
        capacity=content.capacity,
        models={kind: _model(told) for kind, told in content.models.items()},
    )


def _told(model: UnitModel) -> _Model:
    return _Model(
        peer_cuts=model.peers.cuts.tolist(),
        peers=[group.tolist() for group in model.peers.sorted_values],
        members=list(model.members),
        tails=model.tails.reference.tolist(),
        slope=model.slope,
        intercept=model.intercept,
        drift=[_Drift(cuts=one.cuts.tolist(), shares=one.shares.tolist()) for one in model.drift],
    )


def _model(told: _Model) -> UnitModel:
    return UnitModel(
        peers=Peers(np.array(told.peer_cuts), tuple(np.array(group) for group in told.peers)),
        members=tuple(told.members),
        tails=FrozenTails(np.array(told.tails)),
        slope=told.slope,
        intercept=told.intercept,
        drift=tuple(Reference(np.array(one.cuts), np.array(one.shares)) for one in told.drift),
    )


def _unusable(path: Path) -> EngineError:
    return EngineError(
        "unit_references",
        f"{path.name} 不是可用的同行参照：文件损坏，或由另一版的指标冻结；"
        "请用 jiesuan freeze 重新冻结",
        f"{path.name} holds no usable references: it is damaged, or was frozen from other "
        "figures; freeze them again with jiesuan freeze",
    )
