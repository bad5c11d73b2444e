"""What a synthetic city is asked to be, and what came of it."""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Literal

import numpy as np

from engine.errors import EngineError

FileFormat = Literal["parquet", "csv"]

CLAIMS_MIN = 1_000
CLAIMS_MAX = 10_000_000
DAYS_MIN = 7
DAYS_MAX = 366
CHUNK_CLAIMS = 250_000
"""Claims made in one piece: what bounds the memory, whatever the size of the city."""

CLAIMS_PER_PERSON = 2.5


class Purpose(IntEnum):
    """What random numbers are drawn for; each purpose has its own stream of the seed."""

    CATALOGUE = 0
    INSTITUTIONS = 1
    CLAIMS = 2
    BESIDE = 3


@dataclass(frozen=True, slots=True)
class CityPlan:
    """A city of `claims` claims settled in the `days` days that end with the day `night`.

    Equal plans make equal bytes. The shares are of claims, save `refused_refund_share`, which is
    of refunds. A share above zero plants at least one of each kind, in each chunk of claims.

    Attributes:
        claims: rows in the claim files, refunds and planted rows included.
        lines_mean: bill lines per claim. The mean bill stays the same, so fewer lines are dearer.
        online_share: claims whose origin says that they were settled online.

    Raises:
        EngineError: `city_plan` when a value is out of range.
    """

    claims: int
    night: date
    seed: int = 1
    days: int = 30
    file_format: FileFormat = "parquet"
    lines_mean: float = 10.0
    refund_share: float = 0.0524
    refused_refund_share: float = 0.02
    online_share: float = 0.0
    cross_region_share: float = 0.01
    finding_share: float = 0.001
    bad_share: float = 0.0004

    def __post_init__(self) -> None:
        _in_range("claims", self.claims, CLAIMS_MIN, CLAIMS_MAX)
        _in_range("seed", self.seed, 0, 2**63 - 1)
        _in_range("days", self.days, DAYS_MIN, DAYS_MAX)
        _in_range("lines_mean", self.lines_mean, 5, 30)
        _in_range("refund_share", self.refund_share, 0, 0.2)
        _in_range("finding_share", self.finding_share, 0, 0.05)
        _in_range("bad_share", self.bad_share, 0, 0.05)
        for name in ("refused_refund_share", "online_share", "cross_region_share"):
            _in_range(name, getattr(self, name), 0, 1)

    @property
    def night_day(self) -> int:
        """The night, in days from 1970-01-01."""
        return (self.night - date(1970, 1, 1)).days

    @property
    def first_day(self) -> int:
        """The first day of settlements, in days from 1970-01-01."""
        return self.night_day - self.days + 1

    def chunk_sizes(self) -> list[int]:
        """Claims of each chunk: as equal as whole numbers allow."""
        chunks = -(-self.claims // CHUNK_CLAIMS)
        return [self.claims * (i + 1) // chunks - self.claims * i // chunks for i in range(chunks)]

    def random(self, purpose: Purpose, chunk: int = 0) -> np.random.Generator:
        """The stream of random numbers of one purpose in one chunk."""
        return np.random.default_rng([self.seed, purpose, chunk])


@dataclass(frozen=True, slots=True)
class CitySummary:
    """What was written. `planted` counts the rows of the truth by kind."""

    claims: int
    lines: int
    persons: int
    refunds: int
    total_fen: int
    planted: dict[str, int]
    files: dict[str, int]


def _in_range(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise EngineError(
            "city_plan",
            f"合成城市的参数 {name}={value} 不在 {least} 至 {most} 之间，无法生成；"
            "请改为范围内的值",
            f"the synthetic city's {name}={value} is not within {least} to {most}, "
            "so it cannot be made; choose a value in the range",
            parameter=name,
        )
