"""Audit: every identity on every row, what became of each record, and the sums."""

from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.claims.amounts import AMOUNT_COLUMNS
from engine.claims.codes import Code
from engine.codes.enums import Fund
from engine.errors import ensure
from engine.storage.lake_tables import TOTALS
from engine.storage.tables import PENDING, REJECTS, Table
from pipelines.staged.staging import read_staged, write_staged
from pipelines.staged.tally import Count

IDENTITY_SIGN = pl.when("refund").then(-1).otherwise(1)
SIGNED = frozenset({"hospital_part_fen"})
"""Amounts of either sign: under a fixed price the hospital bears the excess or keeps the rest."""


@dataclass(frozen=True, slots=True)
class AuditInputs:
    """The files that audit reads, which check and settle have left.

    claims: CLAIMS_CHECKED; lines: LINES; rejects, pending: those of check; settled, fallen: those
    of settle; names: names of the delivery's files, by position.
    """

    claims: Path
    lines: Path
    rejects: Path
    pending: Path
    settled: Path
    fallen: Path
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts of records; `sent` is the sum of the three after it."""

    sent: Count
    settled: Count
    rejected: Count
    pending: Count
    by_code: dict[str, Count]


@dataclass(frozen=True, slots=True)
class Audited:
    """What audit leaves: REJECTS, PENDING, TOTALS less its night, and the counts.

    files_used: positions of the files of which something was settled.
    """

    rejects: Path
    pending: Path
    totals: Path
    outcome: Outcome
    files_used: tuple[int, ...]


def audit(inputs: AuditInputs, checked: Outcome, work: Path) -> Audited:
    """Assert every identity, put together what check and settle decided, and sum up.

    Args:
        inputs: their files.
        checked: the counts of check, `settled` being what it let through.
        work: an empty folder.

    Raises:
        InvariantError: an identity does not hold on some row, or a record was lost.
    """
    fallen = pl.read_parquet(inputs.fallen)
    lines, fallen_lines = _lines_of(inputs.lines, fallen)
    lost = fallen.with_columns(lines=pl.Series(lines[fallen["claim"].to_numpy()], dtype=pl.Int64))
    outcome = _moved(checked, lost)
    settled = pl.scan_parquet(inputs.settled)
    _assert_identities(settled)
    _assert_counts(settled, outcome)
    claims = pl.read_parquet(inputs.claims, columns=["claim", "file", "row", "settlement_id"])
    named = lost.join(claims, on="claim")
    names = dict(enumerate(inputs.names))
    rejects = pl.concat([pl.read_parquet(inputs.rejects), _rejects(named, fallen_lines, names)])
    waits = named.filter("pending").select(PENDING.names)
    pending = pl.concat([pl.read_parquet(inputs.pending), waits]).sort("settlement_id")
    return Audited(
        rejects=write_staged(
            rejects.sort("file", "row", maintain_order=True), REJECTS, work / "rejects.parquet"
        ),
        pending=write_staged(pending, PENDING, work / "pending.parquet"),
        totals=write_staged(_totals(settled), _TOTALS, work / "totals.parquet"),
        outcome=outcome,
        files_used=_files_used(inputs),
    )


def _files_used(inputs: AuditInputs) -> tuple[int, ...]:
    settled = pl.scan_parquet(inputs.settled).select("claim")
    used = [
        pl.scan_parquet(path).join(settled, on="claim", how="semi").select("file").unique()
        for path in (inputs.claims, inputs.lines)
    ]
    return tuple(sorted(pl.concat(used).collect()["file"]))


def _lines_of(path: Path, fallen: pl.DataFrame) -> tuple[NDArray[np.int64], pl.DataFrame]:
    """Return how many lines each claim has, and `file` and `row` of those of rejected claims."""
    rejected = fallen.filter(~pl.col("pending"))["claim"].implode()
    counts = np.zeros(int(fallen["claim"].max() or 0) + 1, dtype=np.int64)  # type: ignore[arg-type]
    taken = [pl.DataFrame(schema={"file": pl.Int32, "row": pl.Int64})]
    if fallen.is_empty():
        return counts, taken[0]
    for part in read_staged(path):
        claim = part["claim"].to_numpy()
        counts += np.bincount(claim[claim < len(counts)], minlength=len(counts))
        taken.append(part.filter(pl.col("claim").is_in(rejected)).select("file", "row"))
    return counts, pl.concat(taken)


def _moved(checked: Outcome, lost: pl.DataFrame) -> Outcome:
    """Return the counts with the claims that fell in settlement moved to where they fell."""
    by_code = dict(checked.by_code)
    rejected = pending = Count()
    for code, waits, claims, lines in (
        lost.group_by("code", "pending").agg(pl.len(), pl.col("lines").sum()).iter_rows()
    ):
        count = Count(claims, lines)
        if waits:
            pending += count
            by_code[code] = by_code.get(code, Count()) + count
        else:
            rejected += count
            taken = Code.CLAIM_REJECTED.value
            by_code[code] = by_code.get(code, Count()) + Count(claims=claims)
            by_code[taken] = by_code.get(taken, Count()) + Count(lines=lines)
    fell = rejected + pending
    return Outcome(
        sent=checked.sent,
        settled=Count(checked.settled.claims - fell.claims, checked.settled.lines - fell.lines),
        rejected=checked.rejected + rejected,
        pending=checked.pending + pending,
        by_code=dict(sorted((code, count) for code, count in by_code.items() if count != Count())),
    )


def _rejects(named: pl.DataFrame, lines: pl.DataFrame, names: dict[int, str]) -> pl.DataFrame:
    claims = named.filter(~pl.col("pending")).select("file", "row", "code")
    taken = lines.with_columns(code=pl.lit(Code.CLAIM_REJECTED.value))
    return pl.concat([claims, taken]).select(
        pl.col("file").replace_strict(names, return_dtype=pl.String),
        "row",
        pl.lit("").alias("column"),
        "code",
        pl.lit("").alias("value_hash"),
    )


def _assert_identities(settled: pl.LazyFrame) -> None:
    """Check every row once more, from the file that was written rather than from memory."""
    total, person = pl.col("total_fen"), pl.col("person_total_fen")
    funds = pl.sum_horizontal(f"{fund.name.lower()}_paid_fen" for fund in Fund)
    buckets = pl.sum_horizontal(
        "self_pay_off_list_fen",
        "self_pay_over_price_fen",
        "self_pay_first_share_fen",
        "covered_fen",
    )
    identities = {
        "total = buckets": total == buckets,
        "fund total = funds": pl.col("fund_total_fen") == funds,
        "total = funds + person + hospital": total == funds + person + pl.col("hospital_part_fen"),
        "person = account + cash": person == pl.col("account_paid_fen") + pl.col("cash_paid_fen"),
        "no amount of the wrong sign": pl.all_horizontal(
            pl.col([name for name in AMOUNT_COLUMNS if name not in SIGNED]) * IDENTITY_SIGN >= 0
        ),
    }
    broken = settled.select(
        (~holds).sum().alias(identity) for identity, holds in identities.items()
    ).collect()
    for identity in identities:
        ensure(broken[identity][0] == 0, f"broken identity: {identity}", rows=broken[identity][0])


def _assert_counts(settled: pl.LazyFrame, outcome: Outcome) -> None:
    rows = settled.select(pl.len()).collect().item()
    ensure(rows == outcome.settled.claims, "settled rows differ from the count", rows=rows)
    whole = reduce(add, (outcome.settled, outcome.rejected, outcome.pending))
    ensure(whole == outcome.sent, "records were lost", sent=outcome.sent.claims)


_TOTALS = Table("totals", tuple(column for column in TOTALS.columns if column.name != "night"))


def _totals(settled: pl.LazyFrame) -> pl.DataFrame:
    key = ["region", "institution_id", "insurance", "origin"]
    return (
        settled.rename({"home_region": "region"})
        .group_by(key)
        .agg(pl.len().cast(pl.Int64).alias("claims"), pl.col(list(AMOUNT_COLUMNS)).sum())
        .sort(key)
        .select(_TOTALS.names)
        .collect()
    )
