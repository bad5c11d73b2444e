"""Stay units: more days of a bed than the stay has."""

import polars as pl
from pydantic import Field

from engine.rules.facts import TONIGHT, Asks, Facts, Parameters, gathered, in_part, lines_of
from engine.rules.visits import CategoryName, VisitKindName, of_categories, of_kinds


class StayUnitsParameters(Parameters):
    """`category`: what is charged by the day; `visit_kinds`: the stays; `days_more`: let be."""

    category: CategoryName
    visit_kinds: list[VisitKindName] = Field(min_length=1)
    days_more: int = Field(ge=0)

    def asks(self) -> Asks:
        """Return the kind of limit."""
        return Asks(limits=("category",))


def find_past_stay(parameters: StayUnitsParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's stays with the lines that pass their days, as CANDIDATES.

    Each item counts by itself, in the order of its days: a surcharge on a bed, as for air
    conditioning, is an item of the category too. What lines of refund take back counts against it.
    """
    items = facts.limits.filter(of_categories([parameters.category]))["item"]
    stays = facts.settlements.filter(TONIGHT, of_kinds(parameters.visit_kinds)).select(
        "claim",
        "settlement_id",
        high=(pl.col("end_day") - pl.col("begin_day") + parameters.days_more).cast(pl.Int64)
        * 10_000,
    )
    lines = lines_of(facts, items)
    quantity = pl.col("quantity_e4")
    taken_back = -quantity.filter(quantity < 0).sum().over("claim", "item")
    used = quantity.clip(0).cum_sum().over("claim", "item", order_by=["day", "file", "row"])
    past = lines.join(stays.collect(), on="claim").with_columns(
        excess_e4=pl.min_horizontal(used - taken_back - pl.col("high"), quantity)
    )
    return gathered([in_part(past.filter(pl.col("excess_e4") > 0))])
