"""Repeat line: the same item for the same person again, elsewhere or in another visit."""

from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from engine.rules.facts import (
    CLAIM_LINE,
    PERSON,
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
from engine.rules.visits import CategoryName, of_categories

CLAIM = (PERSON, "institution_id", "visit_id", "settled_at", "total_fen")
ODD, SHIFT = np.uint64(0x9E3779B97F4A7C15), np.uint64(29)
"""Spread the bits of a print: the golden ratio's, and about half of a word."""

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
        """Return the kind of limit, or all lines."""
        return Asks(limits=("category",)) if self.categories else Asks(every_line=True)

    def reach(self) -> Reach:
        """Return the days, of the categories."""
        return Reach(self.within_days, categories=tuple(self.categories))


def find_repeated_lines(parameters: RepeatLineParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements with the lines that repeat a line before, as CANDIDATES.

    What an earlier night settled comes before tonight's, whatever its day.
    """
    key = [PERSON, "item", *parameters.same]
    if parameters.within_days == 0:
        key.append("day")
    order = pl.struct("tonight", "day", "settled_at", "settlement_id", "file", "row")
    lines = _of_many(parameters, facts, key).with_columns(tonight=TONIGHT)
    placed = lines.with_columns(place=order.rank("ordinal"))
    before = placed.rename({"settlement_id": "other", "row": "other_row"}).select(
        *key, "place", *parameters.differ, "other", "other_row", earlier="day"
    )
    pairs = placed.filter("tonight").join(before, on=key, suffix="_before")
    again = pairs.filter(
        pl.col("place_before") < pl.col("place"),
        *(pl.col(name) != pl.col(f"{name}_before") for name in parameters.differ),
        (pl.col("day") - pl.col("earlier")).abs() <= parameters.within_days,
    )
    beside = again.select(flagged="settlement_id", settlement_id="other", row="other_row")
    return gathered([whole(again)], beside)


def _of_many(parameters: RepeatLineParameters, facts: Facts, key: list[str]) -> pl.DataFrame:
    """Return the lines whose key stands several times; what differs is for the caller to see.

    A print stands for each key. Keys that share one by chance are told apart by the caller.
    """
    claims = known(facts, "claim", "settlement_id", *CLAIM)
    lines = _charged(parameters, facts)
    prints = _prints(lines, claims, key)
    ordered = np.sort(prints)
    several = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    chosen = lines.filter(pl.Series(prints).is_in(pl.Series(several).implode()))
    return chosen.join(claims, on="claim")


def _charged(parameters: RepeatLineParameters, facts: Facts) -> pl.DataFrame:
    if parameters.categories:
        items = facts.limits.filter(of_categories(parameters.categories))["item"]
        lines = known_lines(facts, items)
    else:
        lines = pl.concat(
            [facts.earlier_lines, *(part.select(*CLAIM_LINE) for part in facts.lines())]
        )
    return not_taken_back(lines).filter(pl.col("quantity_e4") > 0)


def _prints(lines: pl.DataFrame, claims: pl.DataFrame, key: list[str]) -> NDArray[np.uint64]:
    """Return a number for each line, equal where the key is.

    What is of the claim is hashed once for the claim, and not again for each of its lines.
    """
    who = claims.select(pl.struct(name for name in key if name in CLAIM).hash()).to_series()
    numbers = claims["claim"].to_numpy()
    # Claims of earlier nights are numbered below zero, and so stand at the end.
    room = int(numbers.max(initial=0)) - int(numbers.min(initial=0)) + 1
    of_claim = np.zeros(room, dtype=np.uint64)
    of_claim[numbers] = who.to_numpy()
    prints: NDArray[np.uint64] = of_claim[lines["claim"].to_numpy()]
    for name in (name for name in key if name not in CLAIM):
        prints ^= lines[name].to_numpy().astype(np.uint64)
        prints *= ODD
        prints ^= prints >> SHIFT
    return prints
