"""Flag: what the rules find among a night's settlements, and what the funds overpaid for it."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from engine.codes.enums import Fund
from engine.policy.compiler import CompiledBook
from engine.rules.catalogue import SHIPPED, load_rules
from engine.rules.detect import detect, not_run
from engine.rules.facts import (
    CLAIM_LINE,
    PERSON,
    RECORD,
    REGISTER,
    SETTLEMENT,
    Facts,
    standing,
)
from engine.rules.limits import limits_of, limits_of_terms
from engine.storage.lake_tables import FINDINGS
from engine.storage.tables import LINES, Column, Table
from pipelines.pricing.findings import priced
from pipelines.staged.staging import StagedWriter, read_staged

FINDINGS_OF_A_NIGHT = Table(
    FINDINGS.name, tuple(column for column in FINDINGS.columns if column.name != "night")
)
NOT_IN_LAKE = ("hospital_level", "birth_day")
"""Facts that the lake does not hold of an earlier night's settlements."""

EARLIER_LINES = Table(
    "earlier_lines",
    (Column("settlement_id", "id", "the settlement that holds it"), *LINES.columns[1:]),
)
"""Lines of earlier nights. `item` is as tonight's catalogue has it; `file` stands for night and
file, below zero."""

LINES_AT_ONCE = 8_000_000
SETTLEMENTS_AT_ONCE = 2_000_000
FOUND_AT_ONCE = 500_000
"""What has room in memory together: a share of persons, and findings that are priced."""

CANCELS = ("refund", "original_settlement_id")


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
        item_terms: ITEM_TERMS_READ.
        records: RECORDS_READ.
        points: the knowledge points that hold, not a file.
        rules: the catalogue of rules.
        earlier_lines: EARLIER_LINES; None where no line of an earlier night is looked at.
    """

    settled: Path
    claims: Path
    lines: Path
    catalogue: Path
    items: Path
    registers: Path
    item_terms: Path
    records: Path
    points: pl.DataFrame
    rules: Path = SHIPPED
    earlier_lines: Path | None = None


@dataclass(frozen=True)
class Flagged:
    """What the step leaves.

    Attributes:
        findings: file of FINDINGS less their night.
        beside: file of rule, settlement, and the lines of other settlements that make it wrong.
        not_run: the rules that could find nothing, and the facts that they lacked.
    """

    findings: Path
    beside: Path
    not_run: dict[str, list[str]]


def flag(
    inputs: FlagInputs,
    earlier: pl.LazyFrame | None,
    book: CompiledBook,
    work: Path,
    only: str | None = None,
) -> Flagged:
    """Write FINDINGS less their night, and return the file with the rules that did not run.

    Each finding is priced by itself: of a claim that two rules flag, both amounts hold, and they
    are not to be added up.

    Args:
        inputs: the files.
        earlier: SETTLEMENTS of earlier nights that tonight's may collide with. A finding among
            them alone has been told before, and is not told again.
        book: the book that the night was settled by.
        work: an empty folder.
        only: the one rule to run; None for all.

    Raises:
        InvariantError: a settlement does not give its own amounts when it is settled again.
    """
    rules = [rule for rule in load_rules(inputs.rules) if only in (None, rule.id)]
    settlements = work / "standing"
    facts = laid_down(facts_of_night(inputs, earlier), settlements, inputs.lines)
    found, idle = detect(rules, facts), not_run(rules, facts)
    shutil.rmtree(settlements)
    items = pl.read_parquet(inputs.catalogue)
    file = work / "findings.parquet"
    with StagedWriter(FINDINGS_OF_A_NIGHT, file) as writer:
        for part in found.iter_slices(FOUND_AT_ONCE) if len(found) else [found]:
            writer.append(_findings(part, inputs.settled, items, book))
    beside = work / "beside.parquet"
    found.select("rule_id", "settlement_id", "beside").write_parquet(beside)
    return Flagged(file, beside, idle)


def _findings(
    found: pl.DataFrame, settled: Path, items: pl.DataFrame, book: CompiledBook
) -> pl.DataFrame:
    flagged, difference, _ = priced(found, settled, items, book)
    return flagged.select(
        "rule_id",
        "level",
        "settlement_id",
        "other_settlement_id",
        found["lines"].list.eval(pl.element().struct.field("row")),
        pl.Series("amount_fen", -difference.funds.sum(axis=1)),
        *(pl.Series(f"{fund.name.lower()}_fen", -difference.funds[:, fund]) for fund in Fund),
        pl.Series("account_fen", -difference.account),
        pl.Series("cash_fen", -difference.cash),
    )


def facts_of_night(inputs: FlagInputs, earlier: pl.LazyFrame | None) -> Facts:
    """Return what the rules look at: a night's files, and earlier settlements of its persons."""
    kept = _kept_lines(inputs)
    numbers = kept.select("settlement_id").unique().sort("settlement_id").with_row_index("at")
    claims = numbers.select("settlement_id", claim=(-1 - pl.col("at").cast(pl.Int32)))
    return Facts(
        settlements=_standing(_tonight(inputs), earlier, claims),
        limits=limits_of_night(inputs),
        registers=pl.read_parquet(inputs.registers).select(*REGISTER),
        records=pl.scan_parquet(inputs.records).select(*RECORD),
        lines=lambda: read_staged(inputs.lines),
        earlier_lines=kept.join(claims, on="settlement_id").select(*CLAIM_LINE),
    )


def limits_of_night(inputs: FlagInputs) -> pl.DataFrame:
    """Return LIMIT: the catalogue's, the knowledge base's and the bureau's terms."""
    numbers = pl.read_parquet(inputs.items)
    return pl.concat(
        [
            limits_of(pl.read_parquet(inputs.catalogue), inputs.points, numbers),
            limits_of_terms(inputs.item_terms, numbers),
        ]
    )


def _kept_lines(inputs: FlagInputs) -> pl.DataFrame:
    if inputs.earlier_lines is None:
        return pl.DataFrame(schema=EARLIER_LINES.schema)
    return pl.read_parquet(inputs.earlier_lines)


def laid_down(facts: Facts, folder: Path, lines: Path) -> Facts:
    """Return facts whose settlements are written down, in shares of persons that fit into memory.

    Args:
        facts: whose settlements may be any query.
        folder: that is made for them.
        lines: the file of lines; it tells how many there are.
    """
    folder.mkdir()
    rows = facts.settlements.select(pl.len()).collect().item()
    shares = 1 + max(pq.read_metadata(lines).num_rows // LINES_AT_ONCE, rows // SETTLEMENTS_AT_ONCE)
    if shares == 1 or not rows:
        file = folder / "all.parquet"
        facts.settlements.sink_parquet(file, compression="lz4", statistics=False)
        return replace(facts, settlements=pl.scan_parquet(file))
    share = (pl.col(PERSON).hash() % shares).alias("share")
    target = pl.PartitionBy(folder, key=share, include_key=False)
    facts.settlements.sink_parquet(target, compression="lz4", statistics=False)
    persons = tuple(pl.scan_parquet(one) for one in sorted(folder.iterdir()))
    return replace(facts, settlements=pl.concat(persons), persons=persons)


def _tonight(inputs: FlagInputs) -> pl.LazyFrame:
    facts = pl.scan_parquet(inputs.claims).select("claim", "hospital_level", "birth_day")
    return pl.scan_parquet(inputs.settled).join(facts, on="claim", how="left")


def _standing(
    settled: pl.LazyFrame, earlier: pl.LazyFrame | None, claims: pl.DataFrame
) -> pl.LazyFrame:
    """Return what stands after tonight, of tonight and before, as SETTLEMENT.

    Args:
        claims: settlement_id and claim of the earlier ones whose lines are looked at.
    """
    tonight = settled.select(*SETTLEMENT, *CANCELS)
    if earlier is None:
        return standing(tonight).select(*SETTLEMENT)
    unknown = [pl.lit(None, dtype=SETTLEMENT[name]).alias(name) for name in NOT_IN_LAKE]
    numbered = earlier.join(claims.lazy(), on="settlement_id", how="left").with_columns(unknown)
    before = numbered.select(*SETTLEMENT, *CANCELS)
    return standing(pl.concat([before, tonight])).select(*SETTLEMENT)
