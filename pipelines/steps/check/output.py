"""What check leaves: the claims to settle with their lines, and why the others are not."""

from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.claims.codes import Code
from engine.errors import ensure
from engine.storage.tables import CLAIMS_CHECKED, LINES, PENDING, REJECTS
from engine.wire.fields import by_english
from pipelines.staged.rejects import hashed
from pipelines.staged.staging import StagedWriter, read_staged, write_staged
from pipelines.staged.tally import Count, FileReport
from pipelines.steps.check.facts import REGISTERED, CheckInputs

_KEPT, _REJECTED, _PENDING = range(3)
_IS_CLAIM = pl.col("file").str.starts_with("claims")


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of claims.

    Attributes:
        claims: columns of gather_facts.
        rejected: VERDICTS; a claim may have several.
        pending: VERDICTS of claims that are not rejected.
    """

    claims: pl.DataFrame
    rejected: pl.DataFrame
    pending: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Checked:
    """What check leaves. `input` is the sum of `kept`, `rejected` and `waiting`.

    Attributes:
        claims: file of CLAIMS_CHECKED, the claims to settle.
        lines: file of LINES, theirs.
        rejects: file of REJECTS, those of intake among them.
        pending: file of PENDING.
        by_code: rejected and pending records by the first code of each, and the records of
            refused files by the code of the file.
    """

    claims: Path
    lines: Path
    rejects: Path
    pending: Path
    input: Count
    kept: Count
    rejected: Count
    waiting: Count
    by_code: dict[str, Count]


def write_checked(
    inputs: CheckInputs, files: tuple[FileReport, ...], work: Path, decision: Decision
) -> Checked:
    """Write what was decided into a folder and count it.

    Raises:
        InvariantError: a record is neither kept nor rejected nor pending, or is two of them.
    """
    fate = _fate(decision)
    kept = _kept_claims(decision.claims, fate)
    lines = _split_lines(inputs.lines, fate, work / "lines.parquet")
    rejects = _rejects(inputs.rejects, decision, lines.rejected, files)
    pending = _pending(decision)
    by_code = _by_code(rejects, pending, files)
    sent = reduce(add, (file.count for file in files), Count())
    refused = reduce(add, (file.count for file in files if file.status == "refused"), Count())
    checked = Checked(
        claims=write_staged(kept, CLAIMS_CHECKED, work / "claims.parquet"),
        lines=work / "lines.parquet",
        rejects=write_staged(rejects, REJECTS, work / "rejects.parquet"),
        pending=write_staged(pending, PENDING, work / "pending.parquet"),
        input=sent,
        kept=Count(len(kept), lines.kept),
        rejected=_records(rejects) + refused,
        waiting=Count(len(pending), lines.pending),
        by_code=by_code,
    )
    _conserved(checked)
    return checked


def _fate(decision: Decision) -> NDArray[np.int8]:
    fate = np.full(len(decision.claims), _KEPT, dtype=np.int8)
    fate[decision.pending["claim"].to_numpy()] = _PENDING
    fate[decision.rejected["claim"].to_numpy()] = _REJECTED
    return fate


def _kept_claims(claims: pl.DataFrame, fate: NDArray[np.int8]) -> pl.DataFrame:
    registered = {name: pl.col(REGISTERED + name) for name in ("sex", "birth_day", "price_level")}
    return (
        claims.filter(pl.Series(fate == _KEPT))
        .drop("claim")
        .with_row_index("claim")
        .with_columns(
            pl.col("claim").cast(pl.Int32),
            *(
                pl.coalesce(name, REGISTERED + name).alias(name)
                for name in ("person_type", "hospital_level")
            ),
            deductible_level=pl.col(REGISTERED + "deductible_level"),
            institution_kind=pl.col(REGISTERED + "kind"),
            **registered,
        )
    )


@dataclass(frozen=True, slots=True)
class _SplitLines:
    """How many lines are kept and pending, and the `file` and `row` of those that fall."""

    kept: int
    pending: int
    rejected: pl.DataFrame


def _split_lines(source: Path, fate: NDArray[np.int8], target: Path) -> _SplitLines:
    """Write the lines of the claims that are kept, under their new positions."""
    kept = fate == _KEPT
    positions = np.where(kept, np.cumsum(kept) - 1, -1).astype(np.int32)
    counts = np.zeros(3, dtype=np.int64)
    fallen = [pl.DataFrame(schema={"file": pl.Int32, "row": pl.Int64})]
    with StagedWriter(LINES, target) as writer:
        for part in read_staged(source):
            claim = part["claim"].to_numpy()
            fates = fate[claim]
            counts += np.bincount(fates, minlength=len(counts))
            moved = part.with_columns(claim=pl.Series(positions[claim]))
            writer.append(moved.filter(pl.Series(fates == _KEPT)))
            fallen.append(part.filter(pl.Series(fates == _REJECTED)).select("file", "row"))
    return _SplitLines(int(counts[_KEPT]), int(counts[_PENDING]), pl.concat(fallen))


def _rejects(
    intake: Path, decision: Decision, lines: pl.DataFrame, files: tuple[FileReport, ...]
) -> pl.DataFrame:
    """Return all REJECTS by file and record, the first code of a record first."""
    fields = {**by_english("settlement"), **by_english("claim")}
    codes = {"": "", **{english: field.code for english, field in fields.items()}}
    claims = (
        decision.rejected.join(decision.claims.select("claim", "file", "row"), on="claim")
        .sort("claim", "rank")
        .unique(["claim", "code"], keep="first", maintain_order=True)
    )
    told = claims.select(
        "file",
        "row",
        column=pl.col("field").replace_strict(codes, return_dtype=pl.String),
        code="code",
        value_hash=hashed(claims["value"]),
    )
    taken = lines.with_columns(
        column=pl.lit(""), code=pl.lit(Code.CLAIM_REJECTED.value), value_hash=pl.lit("")
    )
    names = dict(enumerate(file.name for file in files))
    named = pl.concat([told, taken]).with_columns(
        pl.col("file").replace_strict(names, return_dtype=pl.String)
    )
    earlier = pl.read_parquet(intake)
    return pl.concat([earlier, named]).sort("file", "row", maintain_order=True)


def _pending(decision: Decision) -> pl.DataFrame:
    first = decision.pending.sort("claim", "rank").unique("claim", keep="first")
    claims = decision.claims.select("claim", "file", "row", "settlement_id", "lines")
    return first.join(claims, on="claim").sort("claim").select(PENDING.names)


def _records(rejects: pl.DataFrame) -> Count:
    counts = rejects.select(
        claims=pl.struct("file", "row").filter(_IS_CLAIM).n_unique(),
        lines=pl.struct("file", "row").filter(~_IS_CLAIM).n_unique(),
    )
    return Count(*counts.row(0))


def _by_code(
    rejects: pl.DataFrame, pending: pl.DataFrame, files: tuple[FileReport, ...]
) -> dict[str, Count]:
    firsts = rejects.unique(["file", "row"], keep="first", maintain_order=True)
    counted = firsts.group_by("code").agg(claims=_IS_CLAIM.sum(), lines=(~_IS_CLAIM).sum())
    waiting = pending.group_by("code").agg(claims=pl.len(), lines=pl.col("lines").sum())
    counts: dict[str, Count] = {}
    for code, claims, lines in [*counted.iter_rows(), *waiting.iter_rows()]:
        counts[code] = counts.get(code, Count()) + Count(claims, lines)
    for file in files:
        if file.status == "refused":
            counts[file.code] = counts.get(file.code, Count()) + file.count
    return dict(sorted(counts.items()))


def _conserved(checked: Checked) -> None:
    out = checked.kept + checked.rejected + checked.waiting
    told = reduce(add, checked.by_code.values(), Count())
    for subject, came, went, explained in (
        ("claims", checked.input.claims, out.claims, checked.kept.claims + told.claims),
        ("lines", checked.input.lines, out.lines, checked.kept.lines + told.lines),
    ):
        ensure(came == went, f"{subject} were lost or doubled", came=came, went=went)
        ensure(came == explained, f"{subject} without a code", came=came, explained=explained)
