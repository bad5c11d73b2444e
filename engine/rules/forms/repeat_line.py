"""Repeat line: the same item for the same person again, elsewhere or in another visit."""

from collections.abc import Iterator
from typing import Literal

import polars as pl
from pydantic import Field

from engine.rules.facts import LINE, SETTLEMENT, TONIGHT, Asks, Facts, Parameters, gathered, whole
from engine.rules.visits import CategoryName, of_categories

CLAIM = ("person_id", "institution_id", "visit_id", "settled_at", "total_fen")
_SCHEMA = {
    "claim": pl.Int32,
    **LINE,
    **{name: SETTLEMENT[name] for name in ("settlement_id", *CLAIM)},
    "key": pl.UInt64,
}
Same = Literal["institution_id", "quantity_e4", "price_e6"]


class RepeatLineParameters(Parameters):
    """Which lines of one person and item are one too many.

    `same`: what is equal beside person and item; `differ`: all that is not; `within_days`: from one
    to the next, none for the same day; `categories`: of which charges, empty for all.
    """

    same: list[Same]
    differ: list[Literal["institution_id", "visit_id", "total_fen"]] = Field(min_length=1)
    within_days: int = Field(ge=0)
    categories: list[CategoryName]

    def asks(self) -> Asks:
        """Return the kind of limit."""
        return Asks(limits=("category",) if self.categories else ())


def find_repeated_lines(parameters: RepeatLineParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements with the lines that repeat a line before, as CANDIDATES.

    Lines of earlier nights are not kept, and repeat nothing.
    """
    key = ["person_id", "item", *parameters.same]
    if parameters.within_days == 0:
        key.append("day")
    order = pl.struct("day", "settled_at", "settlement_id", "file", "row")
    lines = _of_many(parameters, facts, key).with_columns(place=order.rank("ordinal"))
    before = lines.select(*key, "place", *parameters.differ, earlier="day")
    pairs = lines.join(before, on=key, suffix="_before")
    again = pairs.filter(
        pl.col("place_before") < pl.col("place"),
        *(pl.col(name) != pl.col(f"{name}_before") for name in parameters.differ),
        pl.col("day") - pl.col("earlier") <= parameters.within_days,
    )
    return gathered([whole(again)])


def _of_many(parameters: RepeatLineParameters, facts: Facts, key: list[str]) -> pl.DataFrame:
    """Return the lines whose key stands with several of what differs.

    Of each line two numbers are kept at first: only what repeats is kept whole.
    """
    prints = pl.DataFrame(schema={"key": pl.UInt64, "other": pl.UInt64})
    hashed = pl.struct(key).hash()
    for part in _with_claims(parameters, facts):
        one = part.select(key=hashed, other=pl.col(parameters.differ[0]).hash())
        prints = prints.vstack(one.unique())
    several = prints.unique().group_by("key").len().filter(pl.col("len") > 1)
    chosen = [
        part.with_columns(key=hashed).join(several, on="key", how="semi")
        for part in _with_claims(parameters, facts)
    ]
    return pl.concat([pl.DataFrame(schema=_SCHEMA), *chosen])


def _with_claims(parameters: RepeatLineParameters, facts: Facts) -> Iterator[pl.DataFrame]:
    items = facts.limits.filter(of_categories(parameters.categories)).select("item").unique()
    claims = facts.settlements.filter(TONIGHT).select("claim", "settlement_id", *CLAIM)
    for part in facts.lines():
        charged = part.filter(pl.col("quantity_e4") > 0).select("claim", *LINE)
        if parameters.categories:
            charged = charged.join(items, on="item", how="semi")
        yield charged.join(claims, on="claim")
