"""Parts: a package charged piece by piece."""

import polars as pl
from pydantic import Field

from engine.rules.facts import (
    Asks,
    Facts,
    Parameters,
    gathered,
    lines_of,
    not_taken_back,
    tonight,
    whole,
)


class PartsParameters(Parameters):
    """`share_ppm`: of the package's parts charged on one day without it, from which share on."""

    share_ppm: int = Field(ge=1, le=1_000_000)

    def asks(self) -> Asks:
        """Return the kind of limit."""
        return Asks(limits=("package",))


def find_parts(parameters: PartsParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements with the parts of a package not charged whole, as CANDIDATES.

    A point's item is the package and `others` are its parts. Dates and regions of the point hold as
    those of any limit.
    """
    rows = facts.limits.filter(pl.col("kind") == "package")
    parts = rows.select("point", "valid_from", "valid_to", "region", part="others", of="item")
    held = parts.with_columns(whole_of=pl.col("part").list.len()).explode("part")
    claims = tonight(facts, "claim", "settlement_id", "care_region")
    every = lines_of(facts, pl.concat([rows["item"], held["part"].drop_nulls()]))
    charged = not_taken_back(every).join(claims, on="claim")
    on_day = (pl.col("valid_from") <= pl.col("day")) & (pl.col("day") < pl.col("valid_to"))
    here = pl.col("region").is_in(["*"]) | (pl.col("region") == pl.col("care_region"))
    of_day = ["claim", "day", "point"]
    pieces = charged.join(held, left_on="item", right_on="part").filter(on_day, here)
    packages = charged.select("claim", "day", of="item").unique()
    alone = pieces.join(packages, on=["claim", "day", "of"], how="anti")
    share = pl.col("item").n_unique().over(of_day) * 1_000_000
    return gathered([whole(alone.filter(share >= pl.col("whole_of") * parameters.share_ppm))])
