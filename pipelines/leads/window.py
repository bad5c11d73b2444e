"""The settlements of some days, as the figures of units are made from them."""

from datetime import date

import polars as pl

from engine.codes.enums import VisitKind
from engine.periods import day_number
from engine.rules.facts import standing

STAYS = [
    int(kind)
    for kind in VisitKind
    if kind.name.endswith("INPATIENT") or kind is VisitKind.REFERRED_OUT
]
READ = (
    "settlement_id",
    "original_settlement_id",
    "refund",
    "person_id",
    "institution_id",
    "physician_id",
    "visit_kind",
    "begin_day",
    "end_day",
    "total_fen",
    "fund_total_fen",
    "assistance_paid_fen",
)


def in_window(settlements: pl.LazyFrame, first: date) -> pl.LazyFrame:
    """Return the settlements that stand and ended on `first` or later, with `stay` and `fund_fen`.

    Money of medical aid is no part of `fund_fen`: it would tell who is poor.

    Args:
        settlements: READ columns at least.
    """
    return (
        standing(settlements)
        .filter(pl.col("end_day") >= day_number(first))
        .with_columns(
            stay=pl.col("visit_kind").is_in(STAYS),
            fund_fen=pl.col("fund_total_fen") - pl.col("assistance_paid_fen"),
        )
    )


def published_since(table: pl.LazyFrame, first: date) -> pl.LazyFrame:
    """Return the rows of a lake table that nights from `first` on published.

    What ended in a window was published in it: a night settles nothing that lies ahead.
    """
    return table.filter(pl.col("night") >= first.isoformat())
