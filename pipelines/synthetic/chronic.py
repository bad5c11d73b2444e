"""A cohort of chronic out-patients with the class-wise marginals of a published table.

It has persons' half-year figures, not claims. A pool of persons lies between both classes; each
class is then drawn from that pool by weights that move its quartiles no further than needed, so
that persons who are alike may be of either class.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtr

from engine.errors import EngineError, ensure

Floats = NDArray[np.float64]

CLASSES = ("non_fraud", "fraud")
LABEL_COLUMN = "RES"

_QUARTILES = ("min", "25%", "50%", "75%", "max")
_POSITIONS = (0.25, 0.5, 0.75)
_COMMON_SHARE = 0.3
"""Part of a figure's variance that all figures of a person share; groups share half of the rest."""

_GROUPS = 10
_LEANING = (0.5, 0.5)
"""Beta distribution of how far a person leans from the one class's figures to the other's."""

_TOLERANCE = 0.035
"""How far a quartile may stay from the table's before weights are moved for it."""

_ROUNDS = 12
_STEP_MAX = 3.0


@dataclass(frozen=True, slots=True)
class Marginal:
    """What the table tells of one figure in one class."""

    name: str
    knots: tuple[float, ...]
    mean: float

    @property
    def is_flag(self) -> bool:
        """Whether the figure is 0 for most and 1 for the others."""
        return self.knots[3:] == (0.0, 1.0)

    @property
    def is_whole(self) -> bool:
        """Whether the figure seems to be a count."""
        return all(float(knot).is_integer() for knot in self.knots)

    def at(self, position: Floats) -> Floats:
        """Return the values at positions 0 to 1 of the distribution, same shape, not rounded."""
        body = np.interp(position, [0.0, *_POSITIONS], self.knots[:4])
        third, top = self.knots[3:]
        above = np.clip((position - _POSITIONS[2]) / (1 - _POSITIONS[2]), 0.0, 1.0)
        tail = third + (top - third) * above ** self._bend()
        return np.where(position < _POSITIONS[2], body, tail)

    def _bend(self) -> float:
        """The power that gives the last quarter the mean that is left for it."""
        quarters = [
            (low + high) / 8 for low, high in zip(self.knots, self.knots[1:4], strict=False)
        ]
        third, top = self.knots[3:]
        left = 4 * (self.mean - sum(quarters)) - third
        return (top - third) / left - 1 if 0 < left < top - third else 1.0


def read_marginals(path: Path) -> dict[str, list[Marginal]]:
    """Return the marginals of each class, figures in the order of the file.

    Raises:
        EngineError: `marginals`, when the file lacks a column or a class.
    """
    table = pl.read_csv(path)
    if {"column", "group", "mean", *_QUARTILES} - set(table.columns) or not set(CLASSES) <= set(
        table["group"]
    ):
        raise EngineError(
            "marginals",
            f"{path.name} 缺少所需的列或类别 {CLASSES}",
            f"{path.name} lacks a needed column or one of the classes {CLASSES}",
        )
    rows = table.filter(pl.col("column") != LABEL_COLUMN).iter_rows(named=True)
    found: dict[str, list[Marginal]] = {name: [] for name in CLASSES}
    for row in rows:
        if row["group"] in found:
            knots = tuple(float(row[name]) for name in _QUARTILES)
            found[row["group"]].append(Marginal(row["column"], knots, float(row["mean"])))
    return found


def make_cohort(
    marginals: dict[str, list[Marginal]], counts: dict[str, int], pool: int, seed: int
) -> pl.DataFrame:
    """Return persons, one a row: the figures and `label`, in no telling order.

    Args:
        counts: persons of each class.
        pool: persons to draw them from; several times as many.
    """
    ensure(pool > sum(counts.values()), "the pool is smaller than the cohort", pool=pool)
    dice = np.random.default_rng(seed)
    figures = _pool(marginals, pool, dice)
    taken = np.zeros(pool, dtype=np.bool_)
    parts: list[pl.DataFrame] = []
    names = [one.name for one in marginals[CLASSES[0]]]
    for name in reversed(CLASSES):
        weight = tilted(figures, marginals[name])
        # The largest of log weight plus Gumbel noise are a weighted draw without repetition.
        key = np.log(weight, where=weight > 0, out=np.full(pool, -np.inf)) + dice.gumbel(size=pool)
        rows = np.argsort(np.where(taken, np.inf, -key), kind="stable")[: counts[name]]
        taken[rows] = True
        drawn = pl.DataFrame(figures[rows], schema=names)
        parts.append(drawn.with_columns(label=pl.lit(name == "fraud")))
    return pl.concat(parts).sample(fraction=1.0, shuffle=True, seed=seed)


def tilted(figures: Floats, marginals: list[Marginal]) -> Floats:
    """Return weights, shape (persons,), under which the figures have about the table's quartiles.

    Args:
        figures: shape (persons, figures).
    """
    weight = np.full(len(figures), 1 / len(figures))
    for _ in range(_ROUNDS):
        for values, marginal in zip(figures.T, marginals, strict=True):
            for position, knot in zip(_POSITIONS, marginal.knots[1:4], strict=True):
                weight = _moved(weight, values, knot, position)
    return weight


def _moved(weight: Floats, values: Floats, knot: float, position: float) -> Floats:
    """Move weights across a knot, if its position lies outside the jump that is there."""
    below, up_to = values < knot, values <= knot
    if float(weight[up_to].sum()) < position - _TOLERANCE:
        side, wanted = up_to, position - _TOLERANCE
    elif float(weight[below].sum()) > position + _TOLERANCE:
        side, wanted = below, position + _TOLERANCE
    else:
        return weight
    now = float(weight[side].sum())
    if not 0 < now < 1:
        return weight
    up, down = np.clip([wanted / now, (1 - wanted) / (1 - now)], 1 / _STEP_MAX, _STEP_MAX)
    moved = weight * np.where(side, up, down)
    return np.asarray(moved / moved.sum())


def _pool(marginals: dict[str, list[Marginal]], count: int, dice: np.random.Generator) -> Floats:
    """Persons whose figures lie between both classes', hanging together as a person's do."""
    pairs = list(zip(marginals["non_fraud"], marginals["fraud"], strict=True))
    common, groups = dice.normal(size=count), dice.normal(size=(count, _GROUPS))
    lean = dice.beta(*_LEANING, size=count)
    own_share = (1 - _COMMON_SHARE) / 2
    columns = []
    for at, (usual, other) in enumerate(pairs):
        own = groups[:, at % _GROUPS] + dice.normal(size=count)
        position = ndtr(np.sqrt(_COMMON_SHARE) * common + np.sqrt(own_share) * own)
        if usual.is_flag:
            share = (1 - lean) * usual.mean + lean * other.mean
            columns.append((position >= 1 - share).astype(np.float64))
            continue
        values = (1 - lean) * usual.at(position) + lean * other.at(position)
        columns.append(np.round(values) if usual.is_whole else values)
    return np.column_stack(columns)


def quantile_error(values: Floats, marginal: Marginal) -> float:
    """Return the largest gap between a sample's distribution and the table's quartiles.

    At a value that many share, the distribution jumps; a quartile inside the jump is met.
    """
    ordered = np.sort(values)
    gaps = []
    for position, knot in zip(_POSITIONS, marginal.knots[1:4], strict=True):
        below = np.searchsorted(ordered, knot, side="left") / len(ordered)
        up_to = np.searchsorted(ordered, knot, side="right") / len(ordered)
        gaps.append(max(0.0, below - position, position - up_to))
    return float(max(gaps))
