"""Without: an item charged although nothing that it needs beside it was."""

from typing import Literal

import polars as pl
from pydantic import Field

from engine.rules.facts import (
    TONIGHT,
    Asks,
    Facts,
    Parameters,
    Reach,
    gathered,
    known,
    known_lines,
    not_taken_back,
    whole,
)
from engine.rules.forms.limit import limited_lines


class WithoutParameters(Parameters):
    """What is needed, and where it may stand.

    `limit`: the kind whose `others` are needed, one of them at least; `among`: the lines of the
    claim, or of all claims of the person; `look_back_days`: for how long before tonight's.
    """

    limit: Literal["second_line", "procedure"]
    among: Literal["claim", "person_id"]
    look_back_days: int = Field(ge=0)

    def asks(self) -> Asks:
        """Return the kind of limit."""
        return Asks(limits=(self.limit,))

    def reach(self) -> Reach | None:
        """Return the days, of what is needed and of what needs it; none within a claim."""
        if self.among == "claim":
            return None
        return Reach(self.look_back_days, limits=(self.limit,))


def find_without(parameters: WithoutParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements with the lines that lack what they need, as CANDIDATES."""
    rows = facts.limits.filter(pl.col("kind") == parameters.limit)
    needed = rows.select("point", item="others").explode("item")
    claims = known(facts, "claim", "settlement_id", "care_region", "person_id")
    every = known_lines(facts, pl.concat([rows["item"], needed["item"].drop_nulls()]))
    lines = not_taken_back(every)
    there = lines.join(claims, on="claim").join(needed, on="item")
    asking = limited_lines(lines.filter(TONIGHT), claims, rows)
    return gathered([whole(asking.join(there, on=[parameters.among, "point"], how="anti"))])
