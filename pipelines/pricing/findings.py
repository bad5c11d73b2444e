"""What findings cost each payer: the flagged claims settled again without what is wrong in them."""

from pathlib import Path

import numpy as np
import polars as pl

from engine.claims.amounts import AMOUNT_COLUMNS
from engine.claims.columns import (
    EVENT_WIDTH,
    NONE,
    RESULT_WIDTH,
    STREAMS_COUNT,
    Bucket,
    Event,
    EventKind,
    Ints,
    Result,
)
from engine.claims.keys import content_keys
from engine.errors import ensure
from engine.money import mul_div_expr
from engine.policy.compiler import CompiledBook
from engine.settlement.line_book import LineBook, groups_of
from engine.settlement.price_lines import day_use, price_lines
from engine.settlement.reprice import (
    SPLIT,
    SPLIT_WIDTH,
    Correction,
    Difference,
    Paid,
    reprice,
)
from engine.storage.lake_tables import LAYER_COLUMNS
from pipelines.pricing.lines import lines_to_price, price_catalogue

RESULT_COLUMNS = {
    "policy_row": Result.POLICY_ROW,
    "ordinal": Result.ORDINAL,
    **AMOUNT_COLUMNS,
    **{name: Result.LAYER_PAID + k for k, name in enumerate(LAYER_COLUMNS)},
}
"""Column of a settlement -> column of a result."""

FACTS_READ = ("begin_day", "end_day", "age", "contribution_years", "flags")
"""The columns of `reprice.FACTS`."""


def priced(
    found: pl.DataFrame, settled: Path, items: pl.DataFrame, book: CompiledBook
) -> tuple[pl.DataFrame, Difference, Correction]:
    """Return findings with their settlements, what each changes for its payers, and by what.

    Each is priced by itself.

    Args:
        found: FOUND; where it has a column `uncharged`, that holds the lines, or parts of them,
            that nobody ought to have been charged, else the rule's correction says so of all.
        settled: SETTLEMENTS less their night, with `account_used` and `price_level`.
        items: CATALOGUE_READ.
        book: the book that the night was settled by.

    Raises:
        InvariantError: a settlement does not give its own amounts when it is settled again.
    """
    flagged = _with_settlements(_with_uncharged(found), pl.scan_parquet(settled))
    moved = _moved(flagged, items, book)
    uncharged = _moved(flagged.with_columns(lines="uncharged"), items, book)
    void = (flagged["correction"] == "void").to_numpy()
    correction = Correction(void, moved, np.minimum(uncharged, moved))
    return flagged, reprice(book, paid_of(flagged), correction), correction


def _with_uncharged(found: pl.DataFrame) -> pl.DataFrame:
    nothing = pl.col("lines").list.head(0)
    priced = pl.col("correction").is_in(["off_list", "uncharged"])
    rows = found.with_columns(lines=pl.when(priced).then("lines").otherwise(nothing))
    if "uncharged" in found.columns:
        return rows
    wrong = pl.when(pl.col("correction") == "uncharged").then("lines").otherwise(nothing)
    return rows.with_columns(uncharged=wrong)


def _with_settlements(found: pl.DataFrame, settled: pl.LazyFrame) -> pl.DataFrame:
    """Return what was found with all columns of its settlements; only those are read whole."""
    wanted = found.lazy().select("settlement_id").unique()
    whole = settled.join(wanted, on="settlement_id", how="semi").collect()
    rows = found.join(whole, on="settlement_id", how="inner", maintain_order="left")
    ensure(len(rows) == len(found), "a finding is of no settlement", rows=len(rows))
    return rows


def paid_of(flagged: pl.DataFrame) -> Paid:
    """Return settlements as they were paid, to be priced again."""
    results = np.zeros((len(flagged), RESULT_WIDTH), dtype=np.int64)
    for name, column in RESULT_COLUMNS.items():
        results[:, column] = flagged[name].to_numpy()
    trace = flagged["trace"]
    ends = trace.list.len().cast(pl.Int64).cum_sum().to_numpy()
    return Paid(
        results=results,
        trace=trace.explode(empty_as_null=False).to_numpy(),
        trace_first=np.concatenate([np.zeros(1, dtype=np.int64), ends]),
        account_used=flagged["account_used"].to_numpy(),
        facts=flagged.select(pl.col(name).cast(pl.Int64) for name in FACTS_READ).to_numpy(),
    )


def _moved(flagged: pl.DataFrame, items: pl.DataFrame, book: CompiledBook) -> Ints:
    """Return what is wrong in each claim's SPLIT, row by row.

    Of a line that is wrong in part it is what its split loses when only the rest is charged, at
    the price that holds. A
    bucket that the rounding of both would let gain a fen gives it to what is covered.
    """
    excess, quantity = pl.col("excess_e4"), pl.col("quantity_e4")
    at_price = pl.col("amount_fen") - pl.col("over_fen")
    # A line of refund that is wrong has both below zero; of a line without a quantity none is.
    wrong = mul_div_expr(at_price, excess.abs(), quantity.abs().clip(1))
    rest = (quantity - excess, at_price - wrong)
    whole = _buckets(flagged, items, book)
    moved = whole - _buckets(flagged, items, book, rest)
    buckets = moved[:, 1:].reshape(len(moved), STREAMS_COUNT, len(Bucket)).copy()
    gained = np.minimum(buckets, 0)
    buckets -= gained
    buckets[:, :, Bucket.COVERED] += gained.sum(axis=2)
    return np.column_stack([moved[:, :1], buckets.reshape(-1, SPLIT_WIDTH - 1)])


def _buckets(
    flagged: pl.DataFrame,
    items: pl.DataFrame,
    book: CompiledBook,
    instead: tuple[pl.Expr, pl.Expr] = (pl.col("quantity_e4"), pl.col("amount_fen")),
) -> Ints:
    """Return the SPLIT of the flagged lines, with another quantity and amount where given."""
    events = _events(flagged)
    lines = (
        flagged.select(pl.int_range(pl.len(), dtype=pl.Int64).alias("at"), "lines")
        .explode("lines", empty_as_null=False)
        .unnest("lines")
        .with_columns(instead[0].alias("quantity_e4"), instead[1].alias("amount_fen"))
    )
    catalogue, group_sets = price_catalogue(items, groups_of(book))
    care_region = content_keys(flagged["care_region"]).to_numpy()
    to_price = lines_to_price(lines, lines["at"].to_numpy())
    price_lines(
        to_price,
        catalogue,
        LineBook(book, group_sets).rules,
        events,
        care_region,
        day_use(to_price),
    )
    ensure(bool((events[:, Event.POLICY_ROW] >= 0).all()), "a settled line has no price")
    return events[:, SPLIT]


def _events(flagged: pl.DataFrame) -> Ints:
    """Return events that know what pricing lines asks for, their buckets empty."""
    events = np.full((len(flagged), EVENT_WIDTH), NONE, dtype=np.int64)
    events[:, Event.AMOUNT :] = 0
    events[:, Event.KIND] = EventKind.CLAIM
    for column, name in (
        (Event.POLICY_ROW, "policy_row"),
        (Event.PRICE_LEVEL, "price_level"),
        (Event.LINE_RULE, "line_rule"),
        (Event.VISIT_KIND, "visit_kind"),
        (Event.SEX, "sex"),
        (Event.AGE, "age"),
    ):
        events[:, column] = flagged[name].to_numpy()
    return events
