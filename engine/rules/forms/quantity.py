"""Quantity: more of an item within days than can be given."""

from typing import Literal

import polars as pl

from engine.rules.facts import (
    FLAGGED,
    LIMIT,
    Asks,
    Facts,
    Parameters,
    gathered,
    lines_of,
    tonight,
)
from engine.rules.forms.limit import limited_lines


class QuantityParameters(Parameters):
    """`limit`: the kind of knowledge point, whose `window` says over how many days it counts."""

    limit: Literal["daily_quantity", "period_quantity", "therapy"]

    def asks(self) -> Asks:
        """Return the kind of limit."""
        return Asks(limits=(self.limit,))


def find_quantities(parameters: QuantityParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements with the lines that pass a limit, as CANDIDATES.

    Lines are counted in the order of their file; of the line that passes the limit what lies past
    it is wrong, and all of those after it. What a refund line takes back counts against them.
    A claim's windows follow one another from the first day of the item, so that no line is held
    against two of them: what is found is the least that is past the limit.
    """
    rows = facts.limits.filter(pl.col("kind") == parameters.limit).select(*LIMIT)
    claims = tonight(facts, "claim", "settlement_id", "care_region")
    lines = lines_of(facts, rows["item"])
    since = pl.col("day") - pl.col("day").min().over("claim", "point")
    within = ["claim", "point", "period"]
    quantity = pl.col("quantity_e4")
    taken_back = -quantity.filter(quantity < 0).sum().over(within)
    used = quantity.clip(0).cum_sum().over(within, order_by=["day", "file", "row"])
    past = used - taken_back - pl.col("high")
    periods = limited_lines(lines, claims, rows).with_columns(period=since // pl.col("window"))
    limited = periods.with_columns(excess_e4=pl.min_horizontal(past, quantity))
    return gathered([limited.filter(pl.col("excess_e4") > 0).select("settlement_id", *FLAGGED)])
