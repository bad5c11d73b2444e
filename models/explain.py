"""Why a score is what it is: an exact sum of parts, and words that a provider can answer."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import ensure
from engine.policy.reader import read_document
from models.features.matrix import ABSENT, Floats, Matrix
from models.features.registry import Feature

WORDS = Path(__file__).with_name("reasons.yaml")
REASONS = 3
ADDITIVE_WITHIN = 1e-9
_WHOLE_FROM = 100
_STILL, _BESIDE = 1e-12, 1e-6


@dataclass(frozen=True, slots=True)
class Parts:
    """A sum that equals a model's margin.

    Attributes:
        base: the margin of a provider of which nothing is known.
        values: shape (rows, features), what each feature adds to the base.
    """

    base: float
    values: Floats

    def total(self) -> Floats:
        """Return base plus parts, shape (rows,)."""
        return np.asarray(self.base + self.values.sum(axis=1))


@dataclass(frozen=True, slots=True)
class PeerView:
    """How a provider's value compares with its peers' of like size and kind.

    Attributes:
        peers: how many peers were known when the model was made.
        median: of the peers.
        percentile: share of peers at or below the value, in per cent.
    """

    peers: int
    median: float
    percentile: float


def path_parts(tree: Any, values: Floats, node_values: Floats) -> Parts:
    """Return what each split on the way to the leaf adds to the root's value.

    Args:
        tree: a fitted scikit-learn `tree_`.
        values: shape (rows, features), float32 as the tree compares them.
        node_values: shape (nodes,), the value of each node, inner ones included.
    """
    parts = np.zeros(values.shape)
    narrow = values.astype(np.float32)
    node = np.zeros(len(values), dtype=np.int64)
    rows = np.arange(len(values))
    left, right = tree.children_left, tree.children_right
    while rows.size:
        rows = rows[left[node[rows]] >= 0]
        here = node[rows]
        split = tree.feature[here]
        goes_left = narrow[rows, split] <= tree.threshold[here]
        below = np.where(goes_left, left[here], right[here])
        parts[rows, split] += node_values[below] - node_values[here]
        node[rows] = below
    return Parts(float(node_values[0]), parts)


def scaled(parts: Parts, curve: Callable[[Floats], Floats]) -> Parts:
    """Return parts of a curve of a sum: each row's parts stretched alike, so that they add up."""
    total = parts.total()
    base = np.array([parts.base])
    start = float(curve(base)[0])
    rise = total - parts.base
    # Where the sum did not move, the slope beside the base is the limit of the ratio.
    beside = (float(curve(base + _BESIDE)[0]) - start) / _BESIDE
    stretch = np.divide(
        curve(total) - start, rise, out=np.full(len(rise), beside), where=np.abs(rise) > _STILL
    )
    return Parts(start, parts.values * stretch[:, None])


def ensure_additive(parts: Parts, margin: Floats) -> None:
    """Pass silently if base plus parts equals the margin on every row.

    Raises:
        InvariantError: it does not; no reason of this run may be shown.
    """
    gap = float(np.abs(parts.total() - margin).max(initial=0.0))
    ensure(gap <= ADDITIVE_WITHIN, "reasons do not add up to the score", gap=f"{gap:.3g}")


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: the feature, its value, the peers' and what it adds to the log odds."""

    feature: Feature
    value: float
    peer: PeerView
    part: float

    def text(self) -> str:
        """Return the reason in Chinese and English, with peer values and percentile."""
        one, peer = self.feature, self.peer
        value = "—" if self.value == ABSENT else _number(self.value)
        return (
            f"{one.zh} {value}（{peer.peers} 家同类机构中位 {_number(peer.median)}，"
            f"不低于其中 {peer.percentile:.0f}%，对数几率 {self.part:+.2f}）"
            f" | {one.en} {value} (median of {peer.peers} peers {_number(peer.median)}, "
            f"at or above {peer.percentile:.0f} % of them, log odds {self.part:+.2f})"
        )

    def refuted_by(self) -> str:
        """Return what would refute the reason, in both languages."""
        return _refutations()[self.feature.about]


def strongest(matrix: Matrix, row: int, parts: Floats, peers: list[PeerView]) -> list[Reason]:
    """Return the few features that raise a provider's score most, the strongest first.

    Features about one thing, as the longest stay and the mean stay, give one reason.

    Args:
        parts: shape (features,), that row of `Parts.values`.
        peers: of that row, one a feature.
    """
    rising = [int(at) for at in np.argsort(-parts, kind="stable") if parts[at] > 0]
    subjects: dict[str, int] = {}
    for at in rising:
        subjects.setdefault(matrix.features[at].about, at)
    values = matrix.values[row]
    return [
        Reason(matrix.features[at], float(values[at]), peers[at], float(parts[at]))
        for at in list(subjects.values())[:REASONS]
    ]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= _WHOLE_FROM else f"{value:.3g}"


def _refutations() -> dict[str, str]:
    words = read_document(WORDS, WORDS.name).value
    return {about: f"{text['zh']} | {text['en']}" for about, text in words.items()}
