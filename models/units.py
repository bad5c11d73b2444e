"""Nightly scores of institutions, physicians and persons against their peers."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.money import PPM
from models.detectors.peers import Peers
from models.detectors.tails import FrozenTails
from models.evaluation.drift import Reference, stability_index
from models.explain import Parts, ensure_additive
from models.features.units import DECIMALS, UNIT_FEATURES

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WATCHED = (*UNIT_FEATURES, "claims", "score")
"""What drift is measured of."""

_TYPICAL = float(np.log(2))
"""Surprise of a value at the median: what a unit like its peers shows."""


@dataclass(frozen=True, slots=True)
class UnitScores:
    """What a night says of units of one kind; arrays have a row a unit.

    Attributes:
        units: as `unit_features` gives them.
        probability_ppm: that a finding on the unit is sustained.
        recoverable_fen: fund money beyond the peers' median a settlement.
        parts: what each of UNIT_FEATURES adds to the log odds of a unit like its peers.
        median: of the peers, by feature.
        percentile: share of the peers at or below the unit's value, in per cent.
        peers: how many peers there were when the reference was frozen.
    """

    units: pl.DataFrame
    probability_ppm: Ints
    recoverable_fen: Ints
    parts: Parts
    median: Floats
    percentile: Floats
    peers: Ints


@dataclass(frozen=True, slots=True)
class UnitModel:
    """What units of one kind are compared with; frozen, so that a night's company is no matter.

    Attributes:
        peers: groups of like volume and kind in the reference period.
        members: how many units each group had.
        tails: distances from the peers in the reference period.
        slope: of the log odds of a sustained finding on the tail score.
        intercept: of the same.
        drift: distribution of each of WATCHED in the reference period.
    """

    peers: Peers
    members: tuple[int, ...]
    tails: FrozenTails
    slope: float
    intercept: float
    drift: tuple[Reference, ...]

    def score(self, units: pl.DataFrame) -> UnitScores:
        """Return the score of each unit, which no other unit of the night has a part in.

        Raises:
            InvariantError: the parts do not add up to the score.
        """
        values, claims, stays = columns_of(units)
        group = self.peers.group(claims, stays)
        surprise = self.tails.upper(distance_of(self.peers, values, claims, group))
        log_odds = self.intercept + self.slope * surprise.mean(axis=1)
        parts = Parts(
            base=self.intercept + self.slope * _TYPICAL,
            values=self.slope / len(UNIT_FEATURES) * (surprise - _TYPICAL),
        )
        ensure_additive(parts, log_odds)
        median = np.array([self.peers.median(one) for one in range(len(self.members))])[group]
        return UnitScores(
            units=units,
            probability_ppm=np.rint(PPM / (1 + np.exp(-log_odds))).astype(np.int64),
            recoverable_fen=_beyond(units, median[:, UNIT_FEATURES.index("fund_fen_mean")]),
            parts=parts,
            median=median,
            percentile=self.peers.percentile(values, group),
            peers=np.array(self.members, dtype=np.int64)[group],
        )

    def watched(self, scores: UnitScores) -> Floats:
        """Return the values of WATCHED, shape (units, quantities)."""
        values, claims, _ = columns_of(scores.units)
        return np.column_stack([values, claims, scores.probability_ppm])

    def stability(self, scores: UnitScores) -> dict[str, float]:
        """Return the stability index of each of WATCHED."""
        columns = zip(WATCHED, self.drift, self.watched(scores).T, strict=True)
        return {name: stability_index(known, values) for name, known, values in columns}


def columns_of(units: pl.DataFrame) -> tuple[Floats, Floats, Bools]:
    """Return UNIT_FEATURES, the claims, and whether there are stays, a row a unit."""
    values = units.select(UNIT_FEATURES).to_numpy().astype(np.float64)
    claims = units["claims"].to_numpy().astype(np.float64)
    return values, claims, units["with_stays"].to_numpy()


def distance_of(peers: Peers, values: Floats, claims: Floats, group: Ints) -> Floats:
    """Return how far each figure lies from the peers', shrunk for few claims."""
    # Rounded, so that a value equal to a frozen one compares as equal on any machine.
    return np.round(peers.distance(values, claims, group), DECIMALS)


def _beyond(units: pl.DataFrame, usual_fen: Floats) -> Ints:
    """Return the fund money beyond the peers' median a settlement, fen.

    It orders a queue; no demand is made from it, which needs the lines.
    """
    usual = np.ceil(usual_fen).astype(np.int64) * units["claims"].to_numpy()
    return np.asarray(np.maximum(0, units["fund_fen"].to_numpy() - usual))
