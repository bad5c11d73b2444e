"""Overlap: one person in two places for the same days."""

import polars as pl
from pydantic import Field

from engine.rules.facts import IN_ORDER, TONIGHT, FactName, Facts, Parameters, candidates
from engine.rules.visits import VisitKindName, of_kinds


class OverlapParameters(Parameters):
    """`visit_kinds`: the stays; `differ`: all of these differ; `days`: the fewest days shared."""

    visit_kinds: list[VisitKindName]
    differ: list[FactName]
    days: int = Field(ge=1)


def find_overlaps(parameters: OverlapParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's stays that share days with a stay begun before, as CANDIDATES.

    A stay holds the days from its begin up to, not including, its end, so that who is discharged
    and admitted on one day is in one place a day. Against a stay of an earlier night, tonight's is
    the one returned, whichever began first.
    """
    stays = _stays(parameters, facts.settlements)
    differ = [pl.col(name) != pl.col(f"{name}_other") for name in parameters.differ]
    shared = pl.min_horizontal("end_day", "end_day_other") - pl.max_horizontal(
        "begin_day", "begin_day_other"
    )
    pairs = (
        stays.filter(TONIGHT)
        .join(stays, on="person_id", suffix="_other")
        .filter(pl.col("place_other") < pl.col("place"), shared >= parameters.days, *differ)
        .sort("place", "place_other")
        .unique("place", keep="first", maintain_order=True)
    )
    return candidates(pairs.rename({"settlement_id_other": "other_settlement_id"}))


def _stays(parameters: OverlapParameters, settlements: pl.LazyFrame) -> pl.LazyFrame:
    """Return the stays of the persons that can be in two places, in order of their begin."""
    places = [pl.col(name).n_unique().over("person_id") > 1 for name in parameters.differ]
    return (
        settlements.filter(of_kinds(parameters.visit_kinds))
        .filter(*places)
        .sort(TONIGHT, "begin_day", *IN_ORDER)
        .with_row_index("place")
    )
