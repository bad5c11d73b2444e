"""Lines gathered by claim: repeated ones are found, and each claim learns what its lines sum to."""

from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.claims.codes import Code
from engine.storage.tables import CLAIM_LINES, LINES
from pipelines.staged.staging import StagedWriter
from pipelines.steps.intake.faults import FILE_FAULTS
from pipelines.steps.intake.spill import RANGE_CLAIMS, Spill, gather

_CONTENT = ["claim", "line_id", "item", "quantity_e4", "price_e6", "amount_fen", "day", "approved"]
_SEED = 2
_REPEATED = {**FILE_FAULTS, "claim": pl.Int32}
_Integer = TypeVar("_Integer", np.int64, np.uint64)


def gather_lines(
    spills: list[Spill], copies: NDArray[np.int64], fallen: NDArray[np.int64], work: Path
) -> pl.DataFrame:
    """Write `lines.parquet` and `claim_lines.parquet` and return the faults of repeated lines.

    Args:
        copies: how often each claim was sent, by position.
        fallen: how many lines of each claim were rejected so far, by position.

    Returns:
        FILE_FAULTS.
    """
    faults = [pl.DataFrame(schema=_REPEATED)]
    with (
        StagedWriter(LINES, work / "lines.parquet") as lines_file,
        StagedWriter(CLAIM_LINES, work / "claim_lines.parquet") as claims_file,
    ):
        for first in range(0, len(copies), RANGE_CLAIMS):
            last = min(first + RANGE_CLAIMS, len(copies))
            lines, repeated = _drop_repeated(gather(spills, first // RANGE_CLAIMS), copies)
            lines, unpaired = _pair_refunds(lines)
            lines_file.append(lines)
            wrong = pl.concat([repeated, unpaired])
            faults.append(wrong)
            here = _count_fallen(wrong, first, last) + fallen[first:last]
            claims_file.append(_sums(lines, first, here))
    return pl.concat(faults).select(list(FILE_FAULTS))


def _drop_repeated(
    lines: pl.DataFrame, copies: NDArray[np.int64]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the lines without those whose identifier their claim has already, and the latter.

    A claim that was sent twice brings each line twice; its second copies go with the second
    claim. Any other repetition rejects the line, and so its claim.
    """
    # Equal hashes name the few lines whose identifiers are then compared in full.
    marks = lines.select(pl.col("line_id").hash(_SEED) ^ pl.col("claim").cast(pl.UInt64).hash())
    suspect = lines.filter(marks.to_series().is_duplicated())
    key = pl.struct("claim", "line_id")
    repeated = suspect.filter(~key.is_first_distinct())
    if repeated.is_empty():
        return lines, pl.DataFrame(schema=_REPEATED)
    same = pl.struct(_CONTENT)
    nth = pl.int_range(pl.len()).over("claim", "line_id") + 1
    alike = (same == same.first()).over("claim", "line_id")
    sent = pl.Series("sent", copies)
    verdict = (
        suspect.with_columns(nth=nth, alike=alike, sent=sent.gather(suspect["claim"]))
        .filter(~key.is_first_distinct())
        .with_columns(copy=pl.col("alike") & (pl.col("nth") <= pl.col("sent")))
    )
    code = (
        pl.when("copy")
        .then(pl.lit(Code.CLAIM_REJECTED.value))
        .otherwise(pl.lit(Code.DUPLICATE_LINE.value))
    )
    faults = verdict.select(
        "row",
        rank=pl.lit(0, dtype=pl.Int32),
        field=pl.when("copy").then(pl.lit("")).otherwise(pl.lit("line_id")),
        code=code,
        value="line_id",
        file="file",
        claim="claim",
    )
    place = ["file", "row"]
    return lines.join(repeated, on=place, how="anti", maintain_order="left"), faults


def _pair_refunds(lines: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the lines, refund lines dated as what they take back, and those that take back none.

    A refund line takes back one whole line of its claim, which no other takes back: same item and
    price, opposite quantity and amount.
    """
    back = lines.filter(pl.col("takes_back").is_not_null())
    if back.is_empty():
        return lines, pl.DataFrame(schema=_REPEATED)
    same = ["claim", "item", "price_e6"]
    opposite = back.select(
        *same,
        "file",
        "row",
        line_id="takes_back",
        quantity_e4=-pl.col("quantity_e4"),
        amount_fen=-pl.col("amount_fen"),
    )
    key = [*same, "line_id", "quantity_e4", "amount_fen"]
    originals = lines.filter(pl.col("takes_back").is_null()).select(*key, original_day="day")
    found = opposite.join(originals, on=key).unique(["claim", "line_id"], keep="first")
    place = ["file", "row"]
    paired = found.select(*place, "original_day")
    faults = back.join(paired, on=place, how="anti").select(
        "row",
        rank=pl.lit(0, dtype=pl.Int32),
        field=pl.lit("original_line_id"),
        code=pl.lit(Code.REFUND_DIFFERS.value),
        value="takes_back",
        file="file",
        claim="claim",
    )
    kept = lines.join(faults.select(place), on=place, how="anti", maintain_order="left")
    dated = kept.join(paired, on=place, how="left", maintain_order="left")
    return dated.with_columns(day=pl.coalesce("original_day", "day")).drop("original_day"), faults


def _count_fallen(repeated: pl.DataFrame, first: int, last: int) -> NDArray[np.int64]:
    own = repeated.filter(pl.col("code") != Code.CLAIM_REJECTED)["claim"].to_numpy()
    return np.bincount(own - first, minlength=last - first).astype(np.int64)


def _sums(lines: pl.DataFrame, first: int, fallen: NDArray[np.int64]) -> pl.DataFrame:
    edges = np.arange(first, first + len(fallen) + 1, dtype=np.int32)
    bounds = np.searchsorted(lines["claim"].to_numpy(), edges)
    return pl.DataFrame(
        {
            "claim": edges[:-1],
            "lines": np.diff(bounds),
            "fallen": fallen,
            "lines_fen": np.diff(_running(lines["amount_fen"].to_numpy())[bounds]),
            "print": np.diff(_running(lines["print"].to_numpy())[bounds]),
        },
        schema=CLAIM_LINES.schema,
    )


def _running(values: NDArray[_Integer]) -> NDArray[_Integer]:
    # A running sum may pass 64 bits and wrap; its differences over one claim are right again.
    sums = np.zeros(len(values) + 1, dtype=values.dtype)
    np.cumsum(values, out=sums[1:])
    return sums
