"""Unattended: a stay on whose days nobody wrote anything down."""

import polars as pl
from pydantic import Field

from engine.rules.facts import TONIGHT, Asks, Facts, Parameters, alone, records_of
from engine.rules.visits import VisitKindName, of_kinds


class UnattendedParameters(Parameters):
    """`visit_kinds`: the stays; `at_least`: from how many days without a record on."""

    visit_kinds: list[VisitKindName] = Field(min_length=1)
    at_least: int = Field(ge=1)

    def asks(self) -> Asks:
        """Return the record."""
        return Asks(records=("care_record",))


def find_unattended(parameters: UnattendedParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's stays with too many days without care or leave, as CANDIDATES.

    The days of admission and discharge are let be.
    """
    stays = facts.settlements.filter(TONIGHT, of_kinds(parameters.visit_kinds))
    noted = pl.concat([records_of(facts, "care_record"), records_of(facts, "leave")])
    within = noted.join(stays.select("settlement_id", "begin_day", "end_day"), on="settlement_id")
    inside = (pl.col("day") > pl.col("begin_day")) & (pl.col("day") < pl.col("end_day"))
    kept = (
        within.filter(inside).group_by("settlement_id").agg(pl.col("day").n_unique().alias("kept"))
    )
    bare = pl.col("end_day") - pl.col("begin_day") - 1 - pl.col("kept").fill_null(0)
    found = stays.join(kept, on="settlement_id", how="left").filter(bare >= parameters.at_least)
    return alone(found)
