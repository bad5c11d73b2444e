"""Course: an item given for longer than it is paid."""

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


class CourseParameters(Parameters):
    """A rule on courses has no parameters: each knowledge point says how long its item is paid."""

    def asks(self) -> Asks:
        """Return the kind of limit."""
        return Asks(limits=("course",))


def find_past_course(_parameters: CourseParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements with the lines after the end of a course, as CANDIDATES.

    A course begins with the item's first day in the claim: what visits before it gave is not
    counted, so that what is found is the least that is past the course.
    """
    rows = facts.limits.filter(pl.col("kind") == "course").select(*LIMIT)
    claims = tonight(facts, "claim", "settlement_id", "care_region")
    lines = lines_of(facts, rows["item"])
    first = pl.col("day").min().over("claim", "point")
    by_month = first.cast(pl.Date).dt.offset_by(pl.format("{}mo", "window")).cast(pl.Int32)
    end = pl.when(pl.col("unit") == "month").then(by_month).otherwise(first + pl.col("window"))
    past = limited_lines(not_taken_back(lines), claims, rows).filter(pl.col("day") >= end)
    return gathered([whole(not_taken_back(past))])
