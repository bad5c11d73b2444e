"""The terms of one benefit for one combination of dimensions, in whole fen and ppm."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Band:
    """Cost up to `to_fen` (None: without end) is paid at `rate_ppm`."""

    to_fen: int | None
    rate_ppm: int
    source: str = field(compare=False)


@dataclass(frozen=True)
class Cap:
    """At most `amount_fen` of a measure, less what the counter already holds."""

    on: str
    amount_fen: int
    counter: str | None
    source: str = field(compare=False)


@dataclass(frozen=True)
class LayerTerms:
    """One layer with every table resolved; `sources` cites its other steps."""

    name: str
    fund: str
    base: tuple[int, ...]
    burden: bool
    incremental: bool
    total: str | None
    method: str
    deductibles_fen: tuple[int, ...]
    yearly_maximum_fen: int | None
    deductible_counter: str | None
    bands: tuple[Band, ...]
    position: str | None
    deductible_inside: bool
    round_bands: bool
    caps: tuple[Cap, ...]
    feeds: tuple[tuple[str, str], ...]
    pays_off: tuple[int, ...]
    sources: dict[str, str] = field(compare=False)


@dataclass(frozen=True)
class Terms:
    """What one policy row says."""

    benefit: str
    ordinal: str | None
    layers: tuple[LayerTerms, ...]
    account: tuple[int, ...]
    sources: dict[str, str] = field(compare=False)
