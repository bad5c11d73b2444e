"""Quantity: more of an item within days than can be given."""

from typing import Literal

import polars as pl

from engine.rules.facts import (
    LIMIT,
    TONIGHT,
    Asks,
    Facts,
    Parameters,
    Reach,
    gathered,
    in_part,
    known,
    known_lines,
)
from engine.rules.forms.limit import limited_lines

YEAR_DAYS = 366
CLAIM = ("claim", "settlement_id", "care_region", "person_id", "institution_id", "settled_at")
WITHIN = ["person_id", "institution_id", "point", "year", "period"]


class QuantityParameters(Parameters):
    """`limit`: the kind of knowledge point, whose `window` says over how many days it counts."""

    limit: Literal["daily_quantity", "period_quantity", "therapy"]

    def asks(self) -> Asks:
        """Return the kind of limit."""
        return Asks(limits=(self.limit,))

    def reach(self) -> Reach:
        """Return the day itself, or the calendar year in which windows follow one another."""
        days = 0 if self.limit == "daily_quantity" else YEAR_DAYS
        return Reach(days, limits=(self.limit,))


def find_quantities(parameters: QuantityParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements with the lines that pass a limit, as CANDIDATES.

    What one institution charges one person counts together, whatever the visit or the night. Lines
    count in order, those of earlier nights first; of the line that passes the limit what lies past
    it is wrong, and all of those after it. What a refund line takes back counts against them.
    Windows follow one another from the item's first day of the calendar year, so that no line is
    held against two of them: what is found is the least that is past the limit.
    """
    rows = facts.limits.filter(pl.col("kind") == parameters.limit).select(*LIMIT)
    claims = known(facts, *CLAIM)
    windows = _in_windows(limited_lines(known_lines(facts, rows["item"]), claims, rows))
    quantity = pl.col("quantity_e4")
    taken_back = -quantity.filter(quantity < 0).sum().over(WITHIN)
    order = ["tonight", "day", "settled_at", "file", "row"]
    used = quantity.clip(0).cum_sum().over(WITHIN, order_by=order)
    past = used - taken_back - pl.col("high")
    limited = windows.with_columns(excess_e4=pl.min_horizontal(past, quantity))
    wrong = limited.filter(pl.col("excess_e4") > 0, "tonight")
    return gathered([in_part(wrong)], _beside(wrong, windows))


def _in_windows(lines: pl.DataFrame) -> pl.DataFrame:
    """Return lines with whether they are tonight's, and the year and window that they count in."""
    year = pl.col("day").cast(pl.Date).dt.year()
    first = pl.col("day").min().over("person_id", "institution_id", "point", "year")
    return lines.with_columns(year=year, tonight=TONIGHT).with_columns(
        period=(pl.col("day") - first) // pl.col("window")
    )


def _beside(wrong: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of other settlements in the windows of what is wrong."""
    flagged = wrong.select(*WITHIN, flagged="settlement_id").unique()
    return (
        windows.filter(pl.col("quantity_e4") > 0)
        .join(flagged, on=WITHIN)
        .filter(pl.col("settlement_id") != pl.col("flagged"))
    )
