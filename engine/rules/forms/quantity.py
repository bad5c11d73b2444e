"""Quantity: more of an item on a day than can be given."""

from typing import Literal

import polars as pl

from engine.rules.facts import FLAGGED, LIMIT, LINE, TONIGHT, Facts, Parameters, gathered
from engine.rules.forms.limit import limited_lines


class QuantityParameters(Parameters):
    """`limit`: the kind of knowledge point; within a claim its lines are counted day by day."""

    limit: Literal["daily_quantity"]


def find_quantities(parameters: QuantityParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements with the lines that pass a limit, as CANDIDATES.

    Lines are counted in the order of their file; of the line that passes the limit what lies past
    it is wrong, and all of those after it. What a refund line takes back counts against them.
    """
    rows = facts.limits.filter(pl.col("kind") == parameters.limit).select(*LIMIT)
    claims = facts.settlements.filter(TONIGHT).select("claim", "settlement_id", "care_region")
    parts = [
        part.join(rows, on="item", how="semi").select("claim", *LINE) for part in facts.lines()
    ]
    lines = pl.concat([pl.DataFrame(schema={"claim": pl.Int32, **LINE}), *parts])
    day = ["claim", "point", "day"]
    quantity = pl.col("quantity_e4")
    taken_back = -quantity.filter(quantity < 0).sum().over(day)
    used = quantity.clip(0).cum_sum().over(day, order_by=["file", "row"])
    past = used - taken_back - pl.col("high")
    limited = limited_lines(lines, claims, rows).with_columns(
        excess_e4=pl.min_horizontal(past, quantity)
    )
    return gathered([limited.filter(pl.col("excess_e4") > 0).select("settlement_id", *FLAGGED)])
