"""Surge: far more of an item in a month than the institution has used before."""

import polars as pl
from pydantic import Field

from engine.money import PPM
from engine.rules.facts import (
    Asks,
    Facts,
    Parameters,
    gathered,
    lines_of,
    records_of,
    whole,
    with_institutions,
)


class SurgeParameters(Parameters):
    """How far above the months before is a surge.

    `times_ppm`: of the highest month before; `months`: how many there are at least; `quantity_e4`:
    the least quantity of the month that is looked at.
    """

    times_ppm: int = Field(gt=PPM)
    months: int = Field(ge=1)
    quantity_e4: int = Field(ge=1)

    def asks(self) -> Asks:
        """Return the record."""
        return Asks(records=("monthly_use",))

    def split_by(self) -> None:
        """Return none: an institution uses an item for many persons."""


def find_surges(parameters: SurgeParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements with the lines of items that surge, as CANDIDATES.

    Tonight's lines of a calendar month are held against whole months: what is found is the least.
    """
    before = (
        records_of(facts, "monthly_use")
        .group_by("item", institution_id="subject")
        .agg(highest=pl.col("quantity_e4").max(), months=pl.col("day").n_unique())
        .filter(pl.col("months") >= parameters.months)
        .collect()
    )
    lines = with_institutions(facts, lines_of(facts, before["item"]))
    month = pl.col("day").cast(pl.Date).dt.truncate("1mo").alias("month")
    used = pl.col("quantity_e4").sum().over("institution_id", "item", "month")
    now = lines.with_columns(month).with_columns(used=used)
    far = now.join(before, on=["institution_id", "item"]).filter(
        pl.col("used") >= parameters.quantity_e4,
        pl.col("used") * PPM > pl.col("highest") * parameters.times_ppm,
        pl.col("quantity_e4") > 0,
    )
    return gathered([whole(far)])
