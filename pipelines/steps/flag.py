"""Flag: what the rules find among a night's settlements, and what the funds overpaid for it."""

from dataclasses import dataclass
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
from engine.codes.enums import Fund
from engine.errors import ensure
from engine.money import mul_div_expr
from engine.policy.compiler import CompiledBook
from engine.rules.catalogue import load_rules
from engine.rules.detect import detect, not_run
from engine.rules.facts import REGISTER, SETTLEMENT, Facts, standing
from engine.settlement.line_book import LineBook, groups_of
from engine.settlement.price_lines import day_use, price_lines
from engine.settlement.reprice import SPLIT, SPLIT_WIDTH, Correction, Paid, reprice
from engine.storage.lake_tables import FINDINGS, LAYER_COLUMNS
from engine.storage.tables import Table
from pipelines.limits import limits_of
from pipelines.line_pricing import lines_to_price, price_catalogue
from pipelines.staging import read_staged, write_staged

FINDINGS_OF_A_NIGHT = Table(
    FINDINGS.name, tuple(column for column in FINDINGS.columns if column.name != "night")
)
RESULT_COLUMNS = {
    "policy_row": Result.POLICY_ROW,
    "ordinal": Result.ORDINAL,
    **AMOUNT_COLUMNS,
    **{name: Result.LAYER_PAID + k for k, name in enumerate(LAYER_COLUMNS)},
}
"""Column of a settlement -> column of a result."""

OF_TONIGHT = ("claim", "hospital_level", "birth_day")
"""Facts that an earlier night has not kept."""

CANCELS = ("refund", "original_settlement_id")
_FACTS = ("begin_day", "end_day", "age", "contribution_years", "flags")
"""The columns of `reprice.FACTS`."""


@dataclass(frozen=True)
class FlagInputs:
    """The files that flagging reads.

    Attributes:
        settled: SETTLEMENTS less their night, with `claim`, `account_used` and `price_level`.
        claims: CLAIMS_CHECKED, that `claim` names.
        lines: LINES, which name their settlement by `claim`.
        catalogue: CATALOGUE_READ.
        items: ITEMS.
        registers: REGISTERS_READ.
        points: the knowledge points that hold, not a file.
    """

    settled: Path
    claims: Path
    lines: Path
    catalogue: Path
    items: Path
    registers: Path
    points: pl.DataFrame


@dataclass(frozen=True)
class Flagged:
    """What the step leaves.

    Attributes:
        findings: file of FINDINGS less their night.
        not_run: the rules that could find nothing, and the facts that they lacked.
    """

    findings: Path
    not_run: dict[str, list[str]]


def flag(
    inputs: FlagInputs, earlier: pl.LazyFrame | None, book: CompiledBook, work: Path
) -> Flagged:
    """Write FINDINGS less their night, and return the file with the rules that did not run.

    Each finding is priced by itself: of a claim that two rules flag, both amounts hold, and they
    are not to be added up.

    Args:
        inputs: the files.
        earlier: SETTLEMENTS of earlier nights of the same persons. A finding among them alone has
            been told before, and is not told again.
        book: the book that the night was settled by.
        work: an empty folder.

    Raises:
        InvariantError: a settlement does not give its own amounts when it is settled again.
    """
    items = pl.read_parquet(inputs.catalogue)
    facts = Facts(
        settlements=_standing(_tonight(inputs), earlier),
        limits=limits_of(items, inputs.points, pl.read_parquet(inputs.items)),
        registers=pl.read_parquet(inputs.registers).select(*REGISTER),
        lines=lambda: read_staged(inputs.lines),
    )
    found = detect(load_rules(), facts)
    flagged = _with_settlements(found, pl.scan_parquet(inputs.settled))
    moved = _moved(flagged, items, book)
    void = (flagged["correction"] == "void").to_numpy()
    difference = reprice(book, _paid(flagged), Correction(void, moved))
    findings = flagged.select(
        "rule_id",
        "level",
        "settlement_id",
        "other_settlement_id",
        pl.col("lines").list.eval(pl.element().struct.field("row")),
        pl.Series("amount_fen", -difference.funds.sum(axis=1)),
        *(pl.Series(f"{fund.name.lower()}_fen", -difference.funds[:, fund]) for fund in Fund),
        pl.Series("account_fen", -difference.account),
        pl.Series("cash_fen", -difference.cash),
    )
    file = write_staged(findings, FINDINGS_OF_A_NIGHT, work / "findings.parquet")
    return Flagged(file, not_run(load_rules(), facts))


def _tonight(inputs: FlagInputs) -> pl.LazyFrame:
    facts = pl.scan_parquet(inputs.claims).select("claim", "hospital_level", "birth_day")
    return pl.scan_parquet(inputs.settled).join(facts, on="claim", how="left")


def _standing(settled: pl.LazyFrame, earlier: pl.LazyFrame | None) -> pl.DataFrame:
    """Return what stands after tonight, of tonight and before, as SETTLEMENT."""
    tonight = settled.select(*SETTLEMENT, *CANCELS)
    if earlier is None:
        return standing(tonight).select(*SETTLEMENT).collect()
    before = earlier.select(
        pl.lit(None, dtype=SETTLEMENT[name]).alias(name) if name in OF_TONIGHT else pl.col(name)
        for name in (*SETTLEMENT, *CANCELS)
    )
    return standing(pl.concat([before, tonight])).select(*SETTLEMENT).collect()


def _with_settlements(found: pl.DataFrame, settled: pl.LazyFrame) -> pl.DataFrame:
    """Return what was found with all columns of its settlements; only those are read whole."""
    wanted = found.lazy().select("settlement_id").unique()
    whole = settled.join(wanted, on="settlement_id", how="semi").collect()
    rows = found.join(whole, on="settlement_id", how="inner", maintain_order="left")
    ensure(len(rows) == len(found), "a finding is of no settlement", rows=len(rows))
    return rows


def _paid(flagged: pl.DataFrame) -> Paid:
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
        facts=flagged.select(pl.col(name).cast(pl.Int64) for name in _FACTS).to_numpy(),
    )


def _moved(flagged: pl.DataFrame, items: pl.DataFrame, book: CompiledBook) -> Ints:
    """Return what is wrong in each claim's SPLIT, row by row; nothing but of lines off the list.

    Of a line that is wrong in part it is what its split loses when only the rest is charged. A
    bucket that the rounding of both would let gain a fen gives it to what is covered.
    """
    priced = pl.when(pl.col("correction") == "off_list").then("lines")
    flagged = flagged.with_columns(lines=priced.otherwise(pl.col("lines").list.head(0)))
    excess, quantity = pl.col("excess_e4"), pl.col("quantity_e4")
    rest = (
        quantity - excess,
        pl.col("amount_fen") - mul_div_expr(pl.col("amount_fen"), excess, quantity),
    )
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
