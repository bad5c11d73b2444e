"""Why a unit is in the queue: six whole numbers a figure, and their words."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import ensure
from engine.money import format_yuan
from engine.policy.reader import read_document
from models.features.units import UNIT_FEATURES
from models.units import UnitScores

WORDS = Path(__file__).with_suffix(".yaml")
E6 = 1_000_000
WIDTH = 6
PER_CENT = 100


@dataclass(frozen=True, slots=True)
class UnitReason:
    """One figure of a unit beside its peers'.

    Attributes:
        percentile_e6: share of the peers at or below the value, 1e-6 per cent.
        part_e6: what the figure adds to the log odds of a unit like its peers, 1e-6.
    """

    feature: str
    value_e6: int
    median_e6: int
    percentile_e6: int
    peers: int
    part_e6: int

    def text(self, lang: str) -> str:
        """Return the reason in `zh` or `en`."""
        words = _words()[self.feature]
        value, median = (_told(words["unit"], one) for one in (self.value_e6, self.median_e6))
        share, part = self.percentile_e6 // E6, self.part_e6 / E6
        if lang == "zh":
            return (
                f"{words['zh']} {value}（{self.peers} 个同类中位 {median}，不低于其中 {share}%，"
                f"对数几率 {part:+.2f}）"
            )
        return (
            f"{words['en']} {value} (median of {self.peers} peers {median}, at or above "
            f"{share} % of them, log odds {part:+.2f})"
        )

    def refuted_by(self, lang: str) -> str:
        """Return what would refute the reason, in `zh` or `en`."""
        return str(_words()[self.feature]["refuted"][lang])


def encode_reasons(scores: UnitScores, row: int) -> list[int]:
    """Return every figure of a unit as WIDTH whole numbers each, the strongest part first."""
    values = scores.units.row(row, named=True)
    parts = scores.parts.values[row]
    told: list[int] = []
    for at in np.argsort(-parts, kind="stable"):
        exact = (
            values[UNIT_FEATURES[at]],
            scores.median[row, at],
            scores.percentile[row, at],
        )
        value, median, percentile = (round(float(one) * E6) for one in exact)
        peers, part = int(scores.peers[row]), round(float(parts[at]) * E6)
        told += [int(at), value, median, percentile, peers, part]
    return told


def decode_reasons(numbers: Sequence[int]) -> list[UnitReason]:
    """Return the reasons of a lead in the order they were encoded."""
    ensure(len(numbers) % WIDTH == 0, "reasons are cut short", numbers=len(numbers))
    rows = (numbers[at : at + WIDTH] for at in range(0, len(numbers), WIDTH))
    return [UnitReason(UNIT_FEATURES[at], *rest) for at, *rest in rows]


def _told(unit: str, value_e6: int) -> str:
    if unit == "fen":
        return format_yuan(value_e6 // E6)
    if unit == "share":
        return f"{value_e6 * PER_CENT / E6:.1f}%"
    return f"{value_e6 / E6:.3g}"


@cache
def _words() -> dict[str, Any]:
    return dict(read_document(WORDS, WORDS.name).value)
