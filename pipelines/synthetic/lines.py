"""The bill lines of one chunk: items, quantities, prices, times, and the bills they add up to."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.codes.enums import ItemCategory, Sex
from pipelines.synthetic.catalogue import PRICE_STEP_E6, Catalogue
from pipelines.synthetic.figures import CATEGORIES, STAY, VISITS, visit_lines
from pipelines.synthetic.institutions import WHOLE_PPM
from pipelines.synthetic.people import People
from pipelines.synthetic.plan import CityPlan
from pipelines.synthetic.visits import DAY_SECONDS
from pipelines.synthetic.world import World

Ints = NDArray[np.int64]

PRICE_MIN_E6 = 10_000
"""One fen, so that no line is free: quantities are one or more."""

UNITS_PER_FEN = 100_000_000
"""Price in 1e-6 yuan times quantity in 1e-4 counts 1e-10 yuan."""

_ORDER = [category.category for category in CATEGORIES]
BEDS = _ORDER.index(ItemCategory.BED)
NURSED = sum(category.items for category in CATEGORIES[: _ORDER.index(ItemCategory.NURSING)])
"""The first item of nursing, which either sex may have."""

QUANTITY_E4 = 10_000
MORNING_S = 8 * 3600
VISIT_S = 5400
MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines by claim: those of claim row i are first[i] to first[i] + count[i]."""

    first: Ints
    count: Ints
    item: Ints
    quantity_e4: Ints
    price_e6: Ints
    amount_fen: Ints
    charged_at: Ints

    def totals_fen(self) -> Ints:
        """The bill of each claim."""
        return np.add.reduceat(self.amount_fen, self.first)


def draw_lines(
    rng: np.random.Generator, world: World, people: People, claims: pl.DataFrame, wrong_sex: Ints
) -> Lines:
    """Return lines for claims, whose row numbers must be their positions.

    In the claims `wrong_sex` the first line is of an item limited to the other sex; no other line
    is of an item limited to another sex than the person's.
    """
    visit = claims["visit"].to_numpy()
    count = _line_counts(rng, world.plan, visit)
    first = np.cumsum(count) - count
    claim = np.repeat(np.arange(len(count)), count)
    sex = people.sex[claims["person"].to_numpy()]
    item = _items(rng, world.catalogue, visit[claim], sex[claim])
    item[first[wrong_sex]] = _limited_items(rng, world.catalogue, sex[wrong_sex])
    quantity_e4 = _quantities(rng, world.catalogue.category[item])
    free = np.ones(len(claim), dtype=bool)
    free[first[wrong_sex]] = False
    days = np.where(visit == STAY, (claims["end_day"] - claims["begin_day"]).to_numpy(), 0)
    _lay_in_beds(world.catalogue, claim, days, Bedding(item, quantity_e4, free))
    usual = world.catalogue.price_e6[item] // PRICE_STEP_E6
    asked_ppm = world.places.price_ppm[claims["institution"].to_numpy()][claim]
    price_e6 = np.maximum(_half_up(usual * asked_ppm, WHOLE_PPM) * PRICE_STEP_E6, PRICE_MIN_E6)
    settled_at = claims["settled_at"].to_numpy()
    admitted_at = claims["begin_day"].to_numpy() * DAY_SECONDS + MORNING_S
    earliest = np.where(visit == STAY, admitted_at, settled_at - VISIT_S)
    open_s = (rng.random(len(claim)) * (settled_at - earliest)[claim]).astype(np.int64)
    return Lines(
        first=first,
        count=count,
        item=item,
        quantity_e4=quantity_e4,
        price_e6=price_e6,
        amount_fen=_half_up(price_e6 * quantity_e4, UNITS_PER_FEN),
        charged_at=(earliest[claim] + open_s) // MINUTE_S * MINUTE_S,
    )


@dataclass(frozen=True, slots=True)
class Bedding:
    """The lines of stays, changed in place; `free` says which may become lines of a bed."""

    item: Ints
    quantity_e4: Ints
    free: NDArray[np.bool_]


def _lay_in_beds(catalogue: Catalogue, claim: Ints, days: Ints, lines: Bedding) -> None:
    """Make each stay's lines of beds one bed for its days; what is over is nursing.

    Nothing is drawn for it: the ward is that of the first such line.
    """
    beds = np.flatnonzero(lines.free & (catalogue.category[lines.item] == BEDS) & (days[claim] > 0))
    of, begins, counts = np.unique(claim[beds], return_index=True, return_counts=True)
    place = np.arange(len(beds)) - np.repeat(begins, counts)
    stay = np.repeat(days[of], counts)
    many = np.repeat(counts, counts)
    share = stay * (place + 1) // many - stay * place // many
    lines.item[beds] = np.where(share > 0, np.repeat(lines.item[beds[begins]], counts), NURSED)
    lines.quantity_e4[beds] = np.maximum(share, 1) * QUANTITY_E4


def _line_counts(rng: np.random.Generator, plan: CityPlan, visit: Ints) -> Ints:
    means = visit_lines(plan.lines_mean)[visit]
    spread = np.array([kind.spread for kind in VISITS])[visit]
    length = np.exp(spread * rng.standard_normal(len(visit)) - spread**2 / 2)
    return 1 + rng.poisson((means - 1) * length)


def _items(rng: np.random.Generator, catalogue: Catalogue, visit: Ints, sex: Ints) -> Ints:
    drawn = rng.random(len(visit))
    item = np.empty(len(visit), dtype=np.int64)
    for kind in range(len(VISITS)):
        rows = np.flatnonzero(visit == kind)
        item[rows] = np.searchsorted(catalogue.use[kind], drawn[rows], side="right")
    limit = catalogue.sex_limit[item]
    return np.where((limit > 0) & (limit != sex), catalogue.substitute[item], item)


def _limited_items(rng: np.random.Generator, catalogue: Catalogue, sex: Ints) -> Ints:
    for_men, for_women = (np.flatnonzero(catalogue.sex_limit == s) for s in (Sex.MALE, Sex.FEMALE))
    return np.where(sex == Sex.MALE, rng.choice(for_women, len(sex)), rng.choice(for_men, len(sex)))


def _quantities(rng: np.random.Generator, category: Ints) -> Ints:
    width = max(len(c.quantities) for c in CATEGORIES)
    tables = [c.quantities + ((1, 0.0),) * (width - len(c.quantities)) for c in CATEGORIES]
    values_e4 = np.array([[round(quantity * 10_000) for quantity, _ in t] for t in tables])
    bounds = np.array([np.cumsum([share for _, share in t]) for t in tables])[:, :-1]
    choice = np.zeros(len(category), dtype=np.int64)
    drawn = rng.random(len(category))
    for column in bounds.T:
        choice += drawn >= column[category]
    return values_e4[category, choice]


def _half_up(amount: Ints, den: int) -> Ints:
    return (amount + den // 2) // den
