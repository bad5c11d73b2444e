"""Balance: more of an item settled by an institution than it ever received."""

import polars as pl

from engine.rules.facts import (
    Asks,
    Facts,
    Parameters,
    gathered,
    in_part,
    lines_of,
    records_of,
    with_institutions,
)


class BalanceParameters(Parameters):
    """A rule on stock has no parameters: what was received is all that can be settled."""

    def asks(self) -> Asks:
        """Return the record."""
        return Asks(records=("received",))

    def split_by(self) -> None:
        """Return none: what an institution received goes to many persons."""


def find_past_stock(_parameters: BalanceParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements with the lines that pass what was received, as CANDIDATES.

    Lines of refund give back. Items of which an institution keeps no stock are not held against it.
    """
    received = (
        records_of(facts, "received")
        .group_by("item", institution_id="subject")
        .agg(pl.col("quantity_e4").sum().alias("most"))
        .collect()
    )
    lines = with_institutions(facts, lines_of(facts, received["item"]))
    place = ["institution_id", "item"]
    quantity = pl.col("quantity_e4")
    back = -quantity.filter(quantity < 0).sum().over(place)
    used = quantity.clip(0).cum_sum().over(place, order_by=["day", "settlement_id", "file", "row"])
    past = lines.join(received, on=place).with_columns(
        excess_e4=pl.min_horizontal(used - back - pl.col("most"), quantity)
    )
    return gathered([in_part(past.filter(pl.col("excess_e4") > 0))])
