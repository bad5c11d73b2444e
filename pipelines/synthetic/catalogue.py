"""The item catalogue of a synthetic city: codes, prices, classes, ceilings, how often each is used.

Drugs stand once for all regions; other items stand once per region, with terms of their own.
"""

from dataclasses import dataclass
from datetime import timedelta
from statistics import NormalDist

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.codes.enums import ItemCategory, ItemClass, Sex
from engine.money import text_from_scaled
from pipelines.synthetic.figures import CATEGORIES, CITIES, Category, category_mix, price_scale
from pipelines.synthetic.plan import CityPlan, Purpose

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

GOLDEN = (5**0.5 - 1) / 2
EVENNESS = 10.0  # use falls as 1 / (rank + this): the larger, the less the first items dominate
SEX_LIMITED_SHARE = 0.01
MALE_LIMIT_SHARE = 0.4
REVISED_SHARE = 0.02
CEILING_SHARES = {True: 0.10, False: 0.25}  # of drugs, and of other items
FIRST_SHARES = ("", "0.0500", "0.1000", "0.1500", "0.2000")  # empty: the policy's own share holds
FIRST_SHARE_WEIGHTS = (0.30, 0.15, 0.30, 0.10, 0.15)
LIST_BEGINS = "2020-01-01"
CODE_STEP = 7919  # so that codes do not run in sequence
PACKED = {ItemCategory.WESTERN_DRUG, ItemCategory.PATENT_DRUG}
CODE_WIDTHS = {True: 23, False: 20}  # of packed drugs, and of other items
PRICE_STEP_E6 = 100
"""Prices have four decimals, so a thousandth of a gram's price is still told apart."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Items by dense number, and the same as the reference file has them.

    Attributes:
        category: position in CATEGORIES.
        price_e6: usual price, 1e-6 yuan.
        sex_limit: 0 none, else the only sex that the item is meant for.
        substitute: the item used for a person of the other sex; itself where there is no limit.
        use: cumulative share of use, shape (kinds of visit, items).
        frame: rows of the reference file.
    """

    codes: pl.Series
    category: Ints
    price_e6: Ints
    sex_limit: Ints
    substitute: Ints
    use: Floats
    frame: pl.DataFrame


def make_catalogue(plan: CityPlan) -> Catalogue:
    """Return the catalogue of a plan."""
    rng = plan.random(Purpose.CATALOGUE)
    category = np.repeat(np.arange(len(CATEGORIES)), [c.items for c in CATEGORIES])
    weights = [_weights(c) for c in CATEGORIES]
    scale_e6 = price_scale(plan.lines_mean) * 1_000_000
    prices = [_prices(rng, c, w) * scale_e6 for c, w in zip(CATEGORIES, weights, strict=True)]
    price_e6 = np.maximum(_rounded(np.concatenate(prices) / PRICE_STEP_E6), 1) * PRICE_STEP_E6
    sex_limit, substitute = _sex_limits(rng, category)
    use = np.cumsum(category_mix()[:, category] * np.concatenate(weights), axis=1)
    items = pl.DataFrame(
        {
            "item": np.arange(len(category)),
            "item_code": _codes(),
            "category": [c.code for c in CATEGORIES for _ in range(c.items)],
            "name": [f"{c.label}{i + 1:04d}" for c in CATEGORIES for i in range(c.items)],
            "price_e6": price_e6,
            "sex_limit": sex_limit,
        }
    )
    return Catalogue(
        codes=items["item_code"],
        category=category,
        price_e6=price_e6,
        sex_limit=sex_limit,
        substitute=substitute,
        use=use / use[:, -1:],
        frame=_reference_rows(rng, plan, items),
    )


def _weights(category: Category) -> Floats:
    weights = 1.0 / (np.arange(category.items) + EVENNESS)
    shares: Floats = weights / weights.sum()
    return shares


def _prices(rng: np.random.Generator, category: Category, weights: Floats) -> Floats:
    # The quantiles step by the golden ratio, so that the few items that are used most still
    # cover cheap and dear alike; drawn freely, they would move the mean bill from seed to seed.
    places = (rng.random() + GOLDEN * np.arange(category.items)) % 1.0
    normal = NormalDist()
    steps = [normal.inv_cdf(min(max(place, 0.001), 0.999)) for place in places]
    prices = np.exp(category.spread * np.array(steps))
    scaled: Floats = prices * category.price / (prices @ weights)
    return scaled


def _sex_limits(rng: np.random.Generator, category: Ints) -> tuple[Ints, Ints]:
    limited = rng.random(len(category)) < SEX_LIMITED_SHARE
    # The first item of a category has no limit and stands in for the others.
    limited[np.searchsorted(category, np.arange(len(CATEGORIES)))] = False
    male = rng.random(len(category)) < MALE_LIMIT_SHARE
    sex_limit = np.where(limited, np.where(male, Sex.MALE, Sex.FEMALE), 0)
    free = np.where(limited, 0, np.arange(len(category)))
    return sex_limit, np.maximum.accumulate(free)


def _codes() -> list[str]:
    widths = [CODE_WIDTHS[c.category in PACKED] for c in CATEGORIES]
    return [
        c.prefix + f"{(i + 1) * CODE_STEP:0{width - len(c.prefix)}d}"
        for c, width in zip(CATEGORIES, widths, strict=True)
        for i in range(c.items)
    ]


def _reference_rows(rng: np.random.Generator, plan: CityPlan, items: pl.DataFrame) -> pl.DataFrame:
    national = pl.DataFrame({"category": [c.code for c in CATEGORIES if c.national]})
    regions = pl.DataFrame({"region": [city.region for city in CITIES]})
    rows = pl.concat(
        [
            items.join(national, on="category", how="semi").with_columns(region=pl.lit("*")),
            items.join(national, on="category", how="anti").join(regions, how="cross"),
        ]
    ).sort("item", "region")
    rows = rows.with_columns(**_terms(rng, rows), **_ceilings(rng, rows))
    columns = [
        "item_code", "region", "name", "category", "item_class", "first_share",
        "ceiling_price_1", "ceiling_price_2", "ceiling_price_3", "sex_limit",
        "valid_from", "valid_to",
    ]  # fmt: skip
    sex = pl.when(pl.col("sex_limit") > 0).then(pl.col("sex_limit").cast(pl.String))
    return _dated(rng, plan, rows).with_columns(sex_limit=sex).select(columns)


def _terms(rng: np.random.Generator, rows: pl.DataFrame) -> dict[str, pl.Series]:
    position = {c.code: i for i, c in enumerate(CATEGORIES)}
    category = rows["category"].replace_strict(position).to_numpy()
    bounds = np.cumsum([c.classes for c in CATEGORIES], axis=1)
    item_class = 1 + (rng.random(len(rows))[:, None] >= bounds[category][:, :2]).sum(axis=1)
    drawn = pl.Series(rng.choice(FIRST_SHARES, len(rows), p=FIRST_SHARE_WEIGHTS))
    frame = pl.DataFrame({"item_class": item_class, "drawn": drawn}).select(
        pl.col("item_class").cast(pl.String),
        first_share=pl.when(pl.col("item_class") == ItemClass.A)
        .then(pl.lit("0.0000"))
        .when((pl.col("item_class") == ItemClass.B) & (pl.col("drawn") != ""))
        .then("drawn"),
    )
    return frame.to_dict()


def _ceilings(rng: np.random.Generator, rows: pl.DataFrame) -> dict[str, pl.Expr]:
    national = (rows["region"] == "*").to_numpy()
    has_ceiling = rng.random(len(rows)) < np.where(
        national, CEILING_SHARES[True], CEILING_SHARES[False]
    )
    base = rows["price_e6"].to_numpy() * rng.uniform(0.85, 1.25, len(rows))
    ceilings: dict[str, pl.Expr] = {}
    for level, factor in ((1, 0.95), (2, 1.0), (3, 1.06)):
        price = base * np.where(national, 1.0, factor)
        price_e4 = np.maximum(_rounded(price / PRICE_STEP_E6), 1)
        text = text_from_scaled(pl.lit(pl.Series(price_e4)), 4)
        ceilings[f"ceiling_price_{level}"] = pl.when(pl.lit(pl.Series(has_ceiling))).then(text)
    return ceilings


def _dated(rng: np.random.Generator, plan: CityPlan, rows: pl.DataFrame) -> pl.DataFrame:
    # A few items change their first share in mid-month: the day of the charge decides.
    change = str(plan.night - timedelta(days=plan.days // 2))
    revised = pl.Series(rng.random(len(rows)) < REVISED_SHARE)
    rows = rows.with_columns(revised=revised, valid_from=pl.lit(LIST_BEGINS))
    until = pl.when("revised").then(pl.lit(change))
    before = rows.with_columns(valid_to=until.cast(pl.String))
    after = rows.filter("revised").with_columns(
        first_share=pl.when(pl.col("item_class") == "2")
        .then(pl.lit("0.2500"))
        .otherwise("first_share"),
        valid_from=pl.lit(change),
        valid_to=pl.lit(None, dtype=pl.String),
    )
    return pl.concat([before, after]).sort("item", "region", "valid_from")


def _rounded(values: Floats) -> Ints:
    return np.rint(values).astype(np.int64)
