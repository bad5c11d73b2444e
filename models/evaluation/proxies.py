"""Does a figure tell who belongs to a group that no score may know?"""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from models.evaluation.metrics import SEED, Bools
from models.features.matrix import Floats

PROXY_AUC = 0.70
GROUP_MIN = 20
"""A group of fewer, or all but fewer, is too small to say."""

JOINT = "all figures together"
_FOLDS = 5
_ONE_SIDED = 1.645


@dataclass(frozen=True, slots=True)
class Proxy:
    """How well a figure tells the members of a group from others.

    Attributes:
        auc: from 0.5, not at all, to 1.
        alarm: it lies above 0.70 and the one-sided 95 % limit does, too.
    """

    figure: str
    auc: float
    alarm: bool


def proxies(names: tuple[str, ...], values: Floats, member: Bools) -> list[Proxy]:
    """Return a proxy a figure and one of all of them together, out of fold; none for few members.

    Args:
        values: shape (units, figures).
        member: shape (units,), who belongs to the refused group; used here alone.
    """
    if min(int(member.sum()), int((~member).sum())) < GROUP_MIN:
        return []
    together = cross_val_predict(
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000)),
        values,
        member,
        cv=StratifiedKFold(_FOLDS, shuffle=True, random_state=SEED),
        method="decision_function",
    )
    columns = [*zip(names, values.T, strict=True), (JOINT, together)]
    return [_proxy(name, column, member) for name, column in columns]


def _proxy(name: str, values: Floats, member: Bools) -> Proxy:
    auc = float(roc_auc_score(member, values))
    auc = max(auc, 1 - auc)
    return Proxy(name, auc, alarm=auc - _ONE_SIDED * _error(auc, member) > PROXY_AUC)


def _error(auc: float, member: Bools) -> float:
    """Return the standard error of an AUC after Hanley and McNeil."""
    inside, outside = float(member.sum()), float((~member).sum())
    both = auc / (2 - auc) - auc**2
    other = 2 * auc**2 / (1 + auc) - auc**2
    spread = auc * (1 - auc) + (inside - 1) * both + (outside - 1) * other
    return float(np.sqrt(spread / (inside * outside)))
