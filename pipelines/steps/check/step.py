"""Check: each claim is to be settled, is rejected with a code, or waits with one."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from engine.claims.codes import Code
from engine.storage.tables import KNOWN
from pipelines.staged.tally import FileReport
from pipelines.steps.check.facts import (
    ORIGINAL,
    CheckInputs,
    Nights,
    gather_facts,
    read_or_empty,
)
from pipelines.steps.check.output import Checked, Decision, write_checked
from pipelines.steps.check.verdicts import judge, pending_verdicts, reject_verdicts, tell
from pipelines.steps.check.visits import repeated_visits


def check(inputs: CheckInputs, files: Iterable[FileReport], work: Path, nights: Nights) -> Checked:
    """Decide on each claim that intake read, and write what is to be settled.

    A claim that falls takes its lines, a line that falls takes its claim, and a refund goes the
    way of its original.

    Args:
        files: the reports of intake, in its order.
        work: an empty folder to write to.

    Raises:
        InvariantError: a record is neither kept nor rejected nor pending, or is two of them.
    """
    known = read_or_empty(inputs.known, KNOWN)
    claims = gather_facts(inputs, known)
    return write_checked(inputs, tuple(files), work, decide(claims, known, nights))


def decide(claims: pl.DataFrame, known: pl.DataFrame, nights: Nights) -> Decision:
    """Return what becomes of claims that have the columns of gather_facts."""
    rejected = judge(claims, reject_verdicts(nights))
    pending = judge(claims, pending_verdicts(nights))
    standing = _without(_without(claims, rejected), pending)
    again = pl.Series(repeated_visits(standing, known), dtype=pl.Int32)
    repeated = claims.filter(pl.col("claim").is_in(again.implode()))
    rejected = pl.concat([rejected, tell(repeated, "visit_id", Code.DUPLICATE_VISIT)])
    pending = _without(pending, rejected)

    refunds = _without(claims.filter("refund"), rejected)
    undone = ORIGINAL + "claim"
    for_nothing = refunds.join(rejected, left_on=undone, right_on="claim", how="semi")
    waiting = _without(refunds, pending).join(pending, left_on=undone, right_on="claim", how="semi")
    original = "original_settlement_id"
    told = tell(for_nothing, original, Code.REFUND_WITHOUT_ORIGINAL)
    return Decision(
        claims=claims,
        rejected=pl.concat([rejected, told]),
        pending=pl.concat(
            [_without(pending, told), tell(waiting, original, Code.ORIGINAL_PENDING)]
        ),
    )


def _without(claims: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    return claims.join(others, on="claim", how="anti", maintain_order="left")
