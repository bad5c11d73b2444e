"""Alone: a herb that is paid in a compound alone, charged without another."""

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
from engine.rules.visits import CategoryName, of_categories


class AloneParameters(Parameters):
    """`category`: the category whose items make a compound."""

    category: CategoryName

    def asks(self) -> Asks:
        """Return the kinds of limit."""
        return Asks(limits=("herb_single", "category"))


def find_alone(parameters: AloneParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements with the lines of the one herb that they hold, as CANDIDATES.

    Claims do not tell prescriptions apart. A claim with one herb has it on each of them; of one
    with two nothing is said.
    """
    herbs = facts.limits.filter(of_categories([parameters.category]))
    rows = facts.limits.filter(pl.col("kind") == "herb_single").select(*LIMIT)
    claims = tonight(facts, "claim", "settlement_id", "care_region")
    lines = not_taken_back(lines_of(facts, herbs["item"]))
    single = lines.filter(pl.col("item").n_unique().over("claim") == 1)
    return gathered([whole(limited_lines(single, claims, rows))])
