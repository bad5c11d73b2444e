"""How far back rules look at the lines of a person, item by item."""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from engine.codes.enums import ItemCategory
from engine.rules.catalogue import Rule
from engine.rules.facts import Reach

_SCHEMA = {"item": pl.Int32, "days": pl.Int32}


@dataclass(frozen=True)
class Reaches:
    """Days before tonight's first.

    Attributes:
        items: item -> the most days that any rule looks back.
        others: days for every other item; None where no rule looks back at all of them.
    """

    items: pl.DataFrame
    others: int | None

    @property
    def longest(self) -> int | None:
        """The most days of all; None where tonight's lines are enough."""
        return max(
            [*self.items["days"], *([] if self.others is None else [self.others])], default=None
        )


def reaches_of(rules: Iterable[Rule], limits: pl.DataFrame) -> Reaches:
    """Return how far back rules look.

    Args:
        limits: LIMIT of tonight.
    """
    told = [reach for rule in rules if (reach := rule.parameters.reach()) is not None]
    some = [_items_of(reach, limits) for reach in told if reach.limits or reach.categories]
    every = [reach.days for reach in told if not (reach.limits or reach.categories)]
    others = max(every, default=None)
    items = pl.concat([pl.DataFrame(schema=_SCHEMA), *some]).group_by("item").agg(pl.max("days"))
    longer = items.filter(pl.col("days") > (-1 if others is None else others))
    return Reaches(longer.sort("item"), others)


def _items_of(reach: Reach, limits: pl.DataFrame) -> pl.DataFrame:
    categories = [int(ItemCategory[name.upper()]) for name in reach.categories]
    of_category = (pl.col("kind") == "category") & pl.col("low").is_in(categories)
    rows = limits.filter(pl.col("kind").is_in(reach.limits) | of_category)
    named = pl.concat([rows["item"], rows["others"].explode().drop_nulls()]).unique()
    return pl.DataFrame({"item": named}).with_columns(days=pl.lit(reach.days, dtype=pl.Int32))
