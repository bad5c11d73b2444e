"""Repeat line: the same item for the same person again, elsewhere or in another visit."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
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
    """Return the lines whose key stands several times; what differs is for the caller to see.

    Of each line one number is kept at first: only what repeats is kept whole. What is of the
    claim is hashed once for the claim, and not again for each of its lines.
    """
    tonight = facts.settlements.filter(TONIGHT)
    who = pl.struct(name for name in key if name in CLAIM).hash()
    claims = tonight.select("claim", who=who)
    hashed = pl.struct("who", *(name for name in key if name not in CLAIM)).hash()
    prints = [
        part.join(claims, on="claim").select(hashed).to_series().to_numpy()
        for part in _charged(parameters, facts)
    ]
    ordered = np.sort(np.concatenate([np.zeros(0, dtype=np.uint64), *prints]))
    several = pl.DataFrame({"key": np.unique(ordered[1:][ordered[1:] == ordered[:-1]])})
    chosen = [
        part.join(claims, on="claim")
        .with_columns(key=hashed)
        .join(several, on="key", how="semi")
        .drop("who")
        .join(tonight.select("claim", "settlement_id", *CLAIM), on="claim")
        for part in _charged(parameters, facts)
    ]
    return pl.concat([pl.DataFrame(schema=_SCHEMA), *(one.select(*_SCHEMA) for one in chosen)])


def _charged(parameters: RepeatLineParameters, facts: Facts) -> Iterator[pl.DataFrame]:
    items = facts.limits.filter(of_categories(parameters.categories))["item"].unique().implode()
    for part in facts.lines():
        charged = part.filter(pl.col("quantity_e4") > 0).select("claim", *LINE)
        yield charged.filter(pl.col("item").is_in(items)) if parameters.categories else charged
