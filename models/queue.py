"""Which units a reviewer sees: by expected recovery, with a random slice and a cap a unit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.money import share_fen

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a team can look at.

    Attributes:
        cases: how many cases in all.
        random_share: part of them drawn by chance, so that what is not suspected is seen too.
        cases_a_unit: most cases about one unit, against harassment.
        cost_fen: what looking at one case costs.
    """

    cases: int
    random_share: float = 0.08
    cases_a_unit: int = 3
    cost_fen: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """A case's place in the queue.

    Attributes:
        case: its row.
        expected_fen: probability × recoverable amount − cost, in whole fen.
        by_chance: it is there by chance, whatever its score.
    """

    case: int
    expected_fen: int
    by_chance: bool


def order_queue(
    probability_ppm: Ints, recoverable_fen: Ints, unit: list[str], capacity: Capacity, keys: Floats
) -> list[Place]:
    """Return the cases to look at: the best by expected recovery, then the random slice.

    Cases that are expected to cost more than they recover come in by chance only.

    Args:
        probability_ppm: shape (cases,), that a finding would be sustained; calibrated.
        recoverable_fen: shape (cases,), what could be recovered.
        unit: which unit each case is about.
        keys: shape (cases,), random, in [0, 1); the smallest form the random slice.

    Raises:
        EngineError: `capacity`, when it is not sensible.
    """
    if capacity.cases < 1 or not 0 <= capacity.random_share < 1 or capacity.cases_a_unit < 1:
        raise EngineError(
            "capacity",
            f"核查能力 {capacity} 不合理：件数与每家上限至少为 1，随机部分须在 0 与 1 之间",
            f"the capacity {capacity} makes no sense: at least one case and one a unit, "
            "and a random share from 0 to below 1",
        )
    priced = zip(recoverable_fen.tolist(), probability_ppm.tolist(), strict=True)
    expected = np.array([share_fen(fen, ppm) - capacity.cost_fen for fen, ppm in priced])
    by_chance = int(np.ceil(capacity.random_share * capacity.cases))
    taken: dict[str, int] = {}
    worthwhile = [int(at) for at in np.lexsort((keys, -expected)) if expected[at] > 0]
    best = _take(worthwhile, unit, capacity.cases - by_chance, capacity.cases_a_unit, taken)
    seen = set(best)
    left = [int(at) for at in np.argsort(keys, kind="stable") if int(at) not in seen]
    drawn = _take(left, unit, by_chance, capacity.cases_a_unit, taken)
    return [
        *(Place(at, int(expected[at]), by_chance=False) for at in best),
        *(Place(at, int(expected[at]), by_chance=True) for at in drawn),
    ]


def _take(
    order: list[int], unit: list[str], count: int, cap: int, taken: dict[str, int]
) -> list[int]:
    """The first cases of an order, none beyond a unit's cap; counts what it takes."""
    chosen: list[int] = []
    for at in order:
        if len(chosen) == count:
            break
        if taken.get(unit[at], 0) < cap:
            taken[unit[at]] = taken.get(unit[at], 0) + 1
            chosen.append(at)
    return chosen
