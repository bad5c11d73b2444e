"""Limit: lines of an item that the catalogue keeps to persons of another kind."""

from typing import Literal

import polars as pl

from engine.codes.enums import Sex
from engine.rules.facts import CANDIDATES, LINE, TONIGHT, Facts, Parameters

EVERYWHERE = "*"


class LimitParameters(Parameters):
    """`limit`: the column of the catalogue; `fact`: the one of the settlement that must equal it.

    Neither says anything where it is 0.
    """

    limit: Literal["sex_limit"]
    fact: Literal["sex"]


UNKNOWN = int(Sex.UNKNOWN)


def find_limited(parameters: LimitParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements with the lines that break a limit, as CANDIDATES."""
    limit, fact = pl.col(parameters.limit), pl.col(parameters.fact)
    limited = facts.catalogue.filter(limit != UNKNOWN).select("item").unique()
    rows = facts.catalogue.join(limited, on="item", how="semi").select(
        "item", "region", "valid_from", "valid_to", limit.alias("limit")
    )
    claims = facts.settlements.filter(TONIGHT, fact != UNKNOWN).select(
        "claim", "settlement_id", "care_region", fact.alias("fact")
    )
    empty = pl.DataFrame(schema={"settlement_id": pl.String, **LINE})
    parts = [_broken(part, claims, rows) for part in facts.lines()]
    return (
        pl.concat([empty, *parts])
        .sort("settlement_id", "file", "row")
        .group_by("settlement_id", maintain_order=True)
        .agg(pl.struct(*LINE).alias("lines"))
        .with_columns(other_settlement_id=pl.lit(None, dtype=pl.String))
        .select(*CANDIDATES)
    )


def _broken(part: pl.DataFrame, claims: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of a part that break the limit of the catalogue's row of their day.

    A row of the region of care stands before one for everywhere.
    """
    here = pl.col("region") == pl.col("care_region")
    on_day = (pl.col("valid_from") <= pl.col("day")) & (pl.col("day") < pl.col("valid_to"))
    held = (
        part.join(rows.select("item").unique(), on="item", how="semi")
        .join(claims, on="claim")
        .join(rows, on="item")
        .filter(on_day, here | (pl.col("region") == EVERYWHERE))
        .sort("file", "row", ~here)
        .unique(["file", "row"], keep="first", maintain_order=True)
    )
    broken = held.filter(pl.col("limit") != UNKNOWN, pl.col("limit") != pl.col("fact"))
    return broken.select("settlement_id", *LINE)
