"""Bad rows: what is done to a claim or a line so that it must fall, or be met with care."""

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.wire.fields import by_english
from pipelines.synthetic.plan import CityPlan
from pipelines.synthetic.truth import Plant
from pipelines.synthetic.visits import DAY_SECONDS

Ints = NDArray[np.int64]
Spoils = Mapping[Plant, Ints]
"""Claims by what is done to them: row numbers, or positions in the file."""


def spoil_dates_and_signs(claims: pl.DataFrame, plan: CityPlan, spoils: Spoils) -> pl.DataFrame:
    """Return claims of which some end before they begin, lie after the night, or are negative.

    Args:
        spoils: by row number.
    """
    after_night = (plan.night_day + 1) * DAY_SECONDS + pl.col("settled_at") % DAY_SECONDS
    changes = (
        (Plant.END_BEFORE_BEGIN, "end_day", pl.col("begin_day") - 1),
        (Plant.SETTLED_AFTER_NIGHT, "settled_at", after_night),
        (Plant.NEGATIVE_AMOUNT, "sign", pl.lit(-1, dtype=pl.Int64)),
    )
    for plant, column, value in changes:
        claims = _changed(claims, spoils[plant], column, value)
    return claims


def spoil_persons(claims: pl.DataFrame, spoils: Spoils) -> pl.DataFrame:
    """Return claims of which some are of persons whom nobody registered."""
    stranger = "X" + pl.col("person_id")
    return _changed(claims, spoils[Plant.UNKNOWN_PERSON], "person_id", stranger)


def spoil_items(lines: pl.DataFrame, spoils: Spoils) -> pl.DataFrame:
    """Return lines of which some are of items in no catalogue; spoils by line position."""
    return _changed(
        lines, spoils[Plant.UNKNOWN_ITEM], "item_code", "UNLISTED-" + pl.col("item_code")
    )


def spoil_claim_text(claims: pl.DataFrame, spoils: Spoils) -> pl.DataFrame:
    """Return claims in national form of which some totals are ill written and some stand twice."""
    total = by_english("claim")["total_fen"].code
    with_comma = pl.col(total).str.replace(r"^(\d)", "${1},")
    claims = _changed(claims, spoils[Plant.EXPONENT_MONEY], total, pl.col(total) + "E0")
    claims = _changed(claims, spoils[Plant.COMMA_MONEY], total, with_comma)
    return pl.concat([claims, claims[spoils[Plant.REPEATED_SETTLEMENT_ID]]])


def spoil_line_text(lines: pl.DataFrame, spoils: Spoils, orphan_ids: pl.Series) -> pl.DataFrame:
    """Return lines in national form, some with a third decimal, and the orphans added.

    Args:
        spoils: by line position; the lines of `ORPHAN_LINE` are copied.
        orphan_ids: the identifiers of the copies.
    """
    codes = {name: field.code for name, field in by_english("line").items()}
    amount, settlement = codes["amount_fen"], codes["settlement_id"]
    lines = _changed(lines, spoils[Plant.THIRD_DECIMAL], amount, pl.col(amount) + "5")
    orphans = lines[spoils[Plant.ORPHAN_LINE]].with_columns(
        ("X" + pl.col(settlement)).alias(settlement), orphan_ids.alias(codes["line_id"])
    )
    return pl.concat([lines, orphans])


def _changed(frame: pl.DataFrame, rows: Ints, column: str, value: pl.Expr) -> pl.DataFrame:
    chosen = np.zeros(len(frame), dtype=bool)
    chosen[rows] = True
    changed = pl.when(pl.lit(pl.Series(chosen))).then(value).otherwise(pl.col(column))
    return frame.with_columns(changed.alias(column))
