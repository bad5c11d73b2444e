"""Pair: an item charged beside another that already holds it."""

from typing import Literal

import polars as pl

from engine.rules.facts import (
    LIMIT,
    Asks,
    Facts,
    Parameters,
    gathered,
    lines_of,
    not_taken_back,
    tonight,
    whole,
)
from engine.rules.forms.limit import limited_lines


class PairParameters(Parameters):
    """`limit`: the kind of point; `windows`: which of its windows are judged by claims alone.

    A point of an operation needs the operation that a line belongs to, which no claim tells.
    """

    limit: Literal["pair", "interaction"] = "pair"
    windows: list[Literal["day", "visit"]]

    def asks(self) -> Asks:
        """Return the kind of limit."""
        return Asks(limits=(self.limit,))


def find_pairs(parameters: PairParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements with the lines of the other item of a pair, as CANDIDATES.

    Both items are charged to one person for one visit, on one day where the point says so.
    """
    rows = facts.limits.filter(
        pl.col("kind") == parameters.limit, pl.col("unit").is_in(parameters.windows)
    ).select(*LIMIT)
    held = rows.select("point", "unit", other=pl.col("others")).explode("other")
    items = pl.concat([rows["item"], held["other"]])
    claims = tonight(facts, "claim", "settlement_id", "care_region")
    lines = not_taken_back(lines_of(facts, items))
    holders = limited_lines(lines, claims, rows).select("claim", "point", holder_day="day")
    others = lines.join(held, left_on="item", right_on="other").join(claims, on="claim")
    same_day = (pl.col("unit") != "day") | (pl.col("day") == pl.col("holder_day"))
    both = others.join(holders.unique(), on=["claim", "point"]).filter(same_day)
    return gathered([whole(both)])
