"""The claims of a ring world while they are drawn: columns of numbers, joined at the end."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

Ints = NDArray[np.int64]

DAYS = 180
DAY_SECONDS = 86_400
OPENS, CLOSES = 8 * 3600, 20 * 3600
DESKS_MAX = 6
PHYSICIANS = 20
DISEASES = 300
FUND_SHARE = 0.6
PERSONS_PER_PLACE = 500
"""Insured persons for each institution; a third of the institutions have beds."""

_COLUMNS = ("person", "institution", "physician", "desk", "begin_day", "end_day", "second",
            "disease", "total_fen", "stay")  # fmt: skip


@dataclass(slots=True)
class Draft:
    """What is drawn so far. People not yet in any group are drawn from `free`, in order.

    Attributes:
        persons: how many there are, numbered from 0.
        groups: `(kind, members)` of every planted ring and innocent group.
    """

    rng: np.random.Generator
    persons: int
    places: int
    free: Ints
    groups: list[tuple[str, Ints]] = field(default_factory=list)
    rows: list[dict[str, Ints]] = field(default_factory=list)
    codes: list[tuple[Ints, Ints]] = field(default_factory=list)
    claims: int = 0
    next_code: int = 0

    @classmethod
    def of(cls, persons: int, seed: int) -> "Draft":
        """Return an empty draft."""
        rng = np.random.default_rng([seed, 707])
        return cls(rng, persons, max(30, persons // PERSONS_PER_PLACE), rng.permutation(persons))

    def take(self, count: int, kind: str) -> Ints:
        """Return persons who are in no group yet, and note them as one of this kind."""
        members, self.free = self.free[:count], self.free[count:]
        self.groups.append((kind, members))
        return members

    def hospital(self) -> int:
        """A place with beds."""
        return int(self.rng.integers(0, self.places // 3))

    def counter(self) -> int:
        """A place without beds: a pharmacy or a clinic."""
        return int(self.rng.integers(self.places // 3, self.places))

    def new_codes(self, count: int) -> Ints:
        """Return packs that nobody has sold before."""
        first, self.next_code = self.next_code, self.next_code + count
        return np.arange(first, self.next_code)

    def add(self, person: Ints, **columns: Ints | int) -> Ints:
        """Add a claim for each person; a single number holds for all. Returns the claims.

        What is not given is drawn: the physician, the desk, an out-patient visit's own day.
        """
        count = len(person)
        row = {name: np.broadcast_to(np.int64(0), (count,)).copy() for name in _COLUMNS}
        row["physician"] = self.rng.integers(0, PHYSICIANS, count)
        row["desk"] = self.rng.integers(0, DESKS_MAX, count)
        row["disease"] = self.rng.integers(0, DISEASES, count)
        row["person"] = person
        for name, value in columns.items():
            row[name] = np.broadcast_to(np.asarray(value, dtype=np.int64), (count,)).copy()
        if "end_day" not in columns:
            row["end_day"] = row["begin_day"]
        self.rows.append(row)
        first, self.claims = self.claims, self.claims + count
        return np.arange(first, self.claims)

    def sell(self, claims: Ints, codes: Ints) -> None:
        """Note that each claim settled the pack beside it."""
        self.codes.append((claims, codes))

    def amounts(self, count: int, median_fen: int, spread: float) -> Ints:
        """Return charges with a heavy tail."""
        drawn = median_fen * np.exp(self.rng.normal(0, spread, count))
        return np.maximum(100, drawn.astype(np.int64))

    def within(self, count: int, low: int, high: int) -> Ints:
        """Return whole numbers from `low` to below `high`."""
        return np.asarray(self.rng.integers(low, high, count))

    def hit(self, count: int, share: float) -> NDArray[np.bool_]:
        """Return for each of `count` whether a chance of `share` came true."""
        return self.rng.random(count) < share

    def chance(self, share: float) -> bool:
        """Return whether a chance of `share` came true."""
        return bool(self.hit(1, share)[0])

    def frames(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return claims as `models.rings.meetings.CLAIM_COLUMNS`, and `claim`, `code`."""
        row = {name: np.concatenate([one[name] for one in self.rows]) for name in _COLUMNS}
        frame = pl.DataFrame(row).with_row_index("claim")
        place, stay = pl.col("institution"), pl.col("stay") == 1
        claims = frame.select(
            pl.col("claim").cast(pl.Int64),
            "person",
            "institution",
            physician=place * PHYSICIANS + pl.col("physician"),
            terminal=pl.when(stay).then(None).otherwise(place * DESKS_MAX + pl.col("desk")),
            begin_day="begin_day",
            end_day="end_day",
            settled_at=pl.col("end_day") * DAY_SECONDS + pl.col("second"),
            disease_code=pl.format("D{}", "disease").replace(PLANNED_NAMES),
            total_fen="total_fen",
            fund_fen=(pl.col("total_fen") * FUND_SHARE).cast(pl.Int64),
            stay=stay,
        )
        told = [np.concatenate(part) for part in zip(*self.codes, strict=True)]
        return claims, pl.DataFrame({"claim": told[0], "code": told[1]})


DIALYSIS, CHEMOTHERAPY = DISEASES, DISEASES + 1
PLANNED_NAMES = {f"D{DIALYSIS}": "N18.5", f"D{CHEMOTHERAPY}": "Z51.1"}
