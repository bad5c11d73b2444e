"""Without: an item charged although nothing that it needs beside it was."""

from typing import Literal

import polars as pl

from engine.rules.facts import Asks, Facts, Parameters, gathered, lines_of, tonight, whole
from engine.rules.forms.limit import limited_lines


class WithoutParameters(Parameters):
    """What is needed, and where it may stand.

    `limit`: the kind whose `others` are needed, one of them at least; `among`: the lines of the
    claim, or of all of tonight's claims of the person.
    """

    limit: Literal["second_line", "procedure"]
    among: Literal["claim", "person_id"]

    def asks(self) -> Asks:
        """Return the kind of limit."""
        return Asks(limits=(self.limit,))


def find_without(parameters: WithoutParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements with the lines that lack what they need, as CANDIDATES."""
    rows = facts.limits.filter(pl.col("kind") == parameters.limit)
    needed = rows.select("point", item="others").explode("item")
    claims = tonight(facts, "claim", "settlement_id", "care_region", "person_id")
    every = lines_of(facts, pl.concat([rows["item"], needed["item"].drop_nulls()]))
    lines = every.filter(pl.col("quantity_e4") > 0)
    there = lines.join(claims, on="claim").join(needed, on="item")
    asking = limited_lines(lines, claims, rows)
    return gathered([whole(asking.join(there, on=[parameters.among, "point"], how="anti"))])
