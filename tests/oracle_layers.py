"""Bills, and what bands and bounds make of a cost, for the oracle.

Parts of a claim and counters of money are ints in ufen (1e-6 fen); payments are ints in fen.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.oracle_terms import PPM, UFEN, Bands, Layer, rounded


@dataclass
class Bill:
    """What a claim brings: buckets and streams in fen, final shares line by line, its days."""

    parts_fen: dict[str, int]
    final: list[tuple[int, int]] = field(default_factory=list)  # in scope in fen, last share in ppm
    begins: int = 0
    ends: int = 0
    transfer: bool = False
    account_used: bool = False

    @property
    def total_fen(self) -> int:
        return sum(self.parts_fen.values())


@dataclass
class Measure:
    """What a layer makes of a cost, or of an increment of it."""

    base: int
    deductible: int
    consumed: int
    paid_fen: int = 0
    slices: list[tuple[int, int]] = field(default_factory=list)  # ufen, ppm

    def of(self, measure: str) -> int:
        """Return what a counter of the measure gains, in ufen."""
        return {
            "payment": self.paid_fen * UFEN,
            "cost": self.consumed,
            "cost_above_deductible": self.consumed - self.deductible,
            "deductible": self.deductible,
            "base": self.base,
        }[measure]


@dataclass
class StayBefore:
    """What the earlier segments of a stay leave to the next: its number, and sums by layer."""

    number: int
    waived: bool
    deductibles: dict[str, int]
    places: dict[str, int]


def in_bands(bands: Bands, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield size and rate of the slice that lies from start to end in each band."""
    floor = 0
    for bound, rate in bands:
        top = end if bound is None else min(bound, end)
        if top > max(start, floor):
            yield top - max(start, floor), rate
        floor = top


def measured(
    layer: Layer, base: int, due: int, position: int, limits: list[tuple[str, int]]
) -> Measure:
    """Return steps 1 to 4; `limits` are the caps on cost with what is left of each."""
    deductible = min(due, base)
    consumed = base
    for kind, left in limits:
        consumed = min(consumed, left if kind == "cost" else deductible + left)
    last_bound = layer.bands[-1][0]
    if last_bound is not None:
        room = max(0, last_bound - position)
        consumed = min(consumed, room if layer.inside else deductible + room)
    deductible = min(deductible, consumed)
    above = consumed - deductible
    start = position + (deductible if layer.inside else 0)
    slices = list(in_bands(layer.bands, start, start + above))
    shares = [size * rate for size, rate in slices]
    unit = UFEN * PPM
    paid = sum(
        (2 * share + unit) // (2 * unit) for share in (shares if layer.by_band else [sum(shares)])
    )
    paid = max(0, min(paid, above // UFEN) - layer.less // UFEN)
    return Measure(base, deductible, consumed, paid, slices)


def largest_cost(slices: list[tuple[int, int]], left: int) -> int | None:
    """Return the largest cost whose exact payment does not pass `left`; None if all of it is."""
    cost, room = 0, left * PPM
    for size, rate in slices:
        if size * rate > room:
            return cost + rounded(room, rate)
        cost, room = cost + size, room - size * rate
    return None
