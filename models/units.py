"""Nightly scores of institutions, physicians and persons against their peers."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from engine.errors import EngineError
from models.detectors.peers import Peers
from models.detectors.tails import FrozenTails, directed_score
from models.features.units import UNIT_FEATURES

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

VERDICTS_MIN = 10
"""Fewer positive verdicts than this cannot carry a probability."""


@dataclass(frozen=True, slots=True)
class UnitModel:
    """What units of one kind are compared with; frozen, so that a night's company is no matter.

    Attributes:
        peers: groups of like volume and kind in the reference nights.
        tails: distances from the peers in the reference nights.
        slope: of the log odds of a sustained finding on the tail score.
        intercept: of the same.
    """

    peers: Peers
    tails: FrozenTails
    slope: float
    intercept: float

    @classmethod
    def fit(cls, units: pl.DataFrame, sustained: Bools) -> "UnitModel":
        """Return the model of one kind of units.

        Args:
            units: of the reference nights, as `unit_features` gives them.
            sustained: shape (units,), whether a finding on the unit was sustained; where nothing
                was decided yet, whether a definite rule found it.

        Raises:
            EngineError: `verdicts`, when too few are positive or all are.
        """
        if int(sustained.sum()) < VERDICTS_MIN or bool(sustained.all()):
            raise EngineError(
                "verdicts",
                f"成立的核查结论只有 {int(sustained.sum())} 个，少于 {VERDICTS_MIN} 个或全部成立，"
                "分数不能标定为概率；请先积累随机抽查的结论",
                f"{int(sustained.sum())} sustained verdicts, fewer than {VERDICTS_MIN} or all: "
                "no score can be put on the scale of probability; collect verdicts by chance first",
            )
        values, claims, stays = _columns(units)
        peers = Peers.fit(values, claims, stays)
        distance = peers.distance(values, claims, peers.group(claims, stays))
        tails = FrozenTails.fit(distance)
        score = directed_score(tails, distance)[:, None]
        curve = LogisticRegression(C=1e3).fit(score, sustained)
        # More distance never lowers a probability, whatever a small sample says.
        return cls(peers, tails, max(0.0, float(curve.coef_[0, 0])), float(curve.intercept_[0]))

    def probability(self, units: pl.DataFrame) -> Floats:
        """Return the probability that a finding on each unit is sustained, shape (units,)."""
        values, claims, stays = _columns(units)
        distance = self.peers.distance(values, claims, self.peers.group(claims, stays))
        log_odds = self.intercept + self.slope * directed_score(self.tails, distance)
        return np.asarray(1 / (1 + np.exp(-log_odds)))

    def recoverable_fen(self, units: pl.DataFrame) -> NDArray[np.int64]:
        """Return the fund money of each unit beyond its peers' median a settlement, fen.

        It orders a queue; no demand is made from it, which needs the lines.
        """
        _, claims, stays = _columns(units)
        group = self.peers.group(claims, stays)
        column = UNIT_FEATURES.index("fund_fen_mean")
        usual = np.array([self.peers.median(int(one))[column] for one in group])
        beyond = units["fund_fen"].to_numpy() - usual * claims
        return np.maximum(0, np.floor(beyond)).astype(np.int64)


def _columns(units: pl.DataFrame) -> tuple[Floats, Floats, Bools]:
    values = units.select(UNIT_FEATURES).to_numpy().astype(np.float64)
    claims = units["claims"].to_numpy().astype(np.float64)
    return values, claims, units["with_stays"].to_numpy()
