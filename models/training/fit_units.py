"""Fits what units are compared with, and puts their distances on the scale of probability."""

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression

from engine.errors import EngineError
from models.detectors.peers import Peers
from models.detectors.tails import FrozenTails
from models.evaluation.drift import Reference
from models.units import Bools, Floats, UnitModel, columns_of, distance_of

VERDICTS_MIN = 10
"""Fewer positive verdicts than this cannot carry a probability."""

PEERS_KEPT, TAILS_KEPT = 41, 301
"""Order statistics that a frozen reference keeps of a figure in a peer group, and of a distance."""


def fit_units(units: pl.DataFrame, sustained: Bools) -> UnitModel:
    """Return the model of one kind of units.

    Args:
        units: of the reference period, as `unit_features` gives them.
        sustained: shape (units,), whether a finding on the unit was sustained; where nothing
            was decided yet, whether a definite rule found it.

    Raises:
        EngineError: `verdicts`, when too few are positive or all are.
    """
    _check_verdicts(sustained)
    values, claims, stays = columns_of(units)
    whole = Peers.fit(values, claims, stays)
    members = tuple(len(group) for group in whole.sorted_values)
    kept = tuple(_thinned(group, PEERS_KEPT) for group in whole.sorted_values)
    peers = Peers(whole.cuts, kept)
    distance = distance_of(peers, values, claims, peers.group(claims, stays))
    tails = FrozenTails(_thinned(np.sort(distance, axis=0), TAILS_KEPT))
    slope, intercept = _curve(tails.upper(distance).mean(axis=1), sustained)
    unwatched = UnitModel(peers, members, tails, slope, intercept, drift=())
    seen = unwatched.watched(unwatched.score(units)).T
    drift = tuple(Reference.of(one) for one in seen)
    return UnitModel(peers, members, tails, slope, intercept, drift)


def _curve(surprise: Floats, sustained: Bools) -> tuple[float, float]:
    """Return slope and intercept of the log odds; a slope below zero becomes none.

    More distance never lowers a probability, whatever a small sample says.
    """
    curve = LogisticRegression(C=1e3).fit(surprise[:, None], sustained)
    slope = float(curve.coef_[0, 0])
    if slope > 0:
        return slope, float(curve.intercept_[0])
    share = float(sustained.mean())
    return 0.0, float(np.log(share / (1 - share)))


def _check_verdicts(sustained: Bools) -> None:
    if int(sustained.sum()) < VERDICTS_MIN or bool(sustained.all()):
        raise EngineError(
            "verdicts",
            f"成立的核查结论只有 {int(sustained.sum())} 个，少于 {VERDICTS_MIN} 个或全部成立，"
            "分数不能标定为概率；请先积累随机抽查的结论",
            f"{int(sustained.sum())} sustained verdicts, fewer than {VERDICTS_MIN} or all: "
            "no score can be put on the scale of probability; collect verdicts by chance first",
        )


def _thinned(ordered: Floats, kept: int) -> Floats:
    """Return evenly spaced rows, the first and last among them."""
    rows = np.unique(np.linspace(0, len(ordered) - 1, min(kept, len(ordered))).round())
    return np.asarray(ordered[rows.astype(np.int64)])
