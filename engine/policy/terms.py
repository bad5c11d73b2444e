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
    """At most `amount_fen` (None: unlimited) of a measure, less what the counter already holds."""

    on: str
    amount_fen: int | None
    counter: str | None
    source: str = field(compare=False)


@dataclass(frozen=True)
class Waiver:
    """No deductible within so many days after the end of the last stay, which the counter holds."""

    within_days: int
    counter: str


@dataclass(frozen=True)
class Transfer:
    """How a stay that continues another one is charged; the counters as the language names them."""

    upward: str
    asked: str
    taken: str | None
    moves: str | None


@dataclass(frozen=True)
class Guaranteed:
    """At least `rate_ppm` of the parts `of`, less the deductible where it says so."""

    rate_ppm: int
    of: tuple[int, ...]
    after_deductible: bool


@dataclass(frozen=True)
class YearlyPoints:
    """Points on every rate for each full year of a fact: above `above` up to `to`, or to `below`.

    `adds` tells points added from points taken off.
    """

    points_ppm: int
    adds: bool
    per: str
    above: int | None
    to: int | None
    below: int | None


@dataclass(frozen=True)
class Extras:
    """What few layers have beside the usual terms."""

    ordinal: str | None = None
    every_days: int | None = None
    bill_share_ppm: int | None = None
    counter_share_ppm: int | None = None
    share_of: str | None = None
    waived: Waiver | None = None
    transfer: Transfer | None = None
    price_fen: int | None = None
    less_fen: int | None = None
    guaranteed: Guaranteed | None = None
    points: tuple[YearlyPoints, ...] = ()
    pro_rata: bool = False
    final_share: bool = False

    def counters(self) -> list[str]:
        """Return the counters that these terms read and set themselves."""
        found = [self.ordinal, self.share_of]
        if self.waived is not None:
            found.append(self.waived.counter)
        if self.transfer is not None:
            found += [self.transfer.asked, self.transfer.taken, self.transfer.moves]
        return [name for name in found if name is not None]


NO_EXTRAS = Extras()


@dataclass(frozen=True)
class LayerTerms:
    """One layer with every table resolved; `sources` cites its other steps.

    `paid` is the counter of all that a retroactive layer has paid, `stay_borne` the built-in one of
    what earlier segments of the stay have borne as deductible.
    """

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
    extras: Extras = NO_EXTRAS
    paid: str | None = None
    stay_borne: str | None = None


@dataclass(frozen=True)
class HomeShare:
    """The person's share before the local rules, by the counter where there is one."""

    rates_ppm: tuple[int, ...]
    counter: str | None


@dataclass(frozen=True)
class Account:
    """What the accounts pay: parts before each layer, and after all; so many linked ones help."""

    before: tuple[tuple[int, ...], ...]
    pays: tuple[int, ...]
    family: int


@dataclass(frozen=True)
class Terms:
    """What one policy row says."""

    benefit: str
    ordinal: str | None
    home: HomeShare | None
    layers: tuple[LayerTerms, ...]
    account: Account | None
    sources: dict[str, str] = field(compare=False)
