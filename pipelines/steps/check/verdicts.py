"""What is wrong with a claim in itself, against its lines, dates, reference data and original."""

from dataclasses import dataclass

import polars as pl

from engine.claims.codes import Code
from engine.claims.origin import Origin
from engine.codes.enums import Insurance
from engine.money import MAX_FEN
from engine.periods import day_number
from engine.storage.tables import ONLINE_PREFIX
from pipelines.steps.check.facts import ORIGINAL, REGISTERED, Nights

_DAY_SECONDS = 86_400
_LINES_MAX = 2**63 // MAX_FEN
"""The most lines whose sum cannot have passed 64 bits."""

VERDICTS = {
    "claim": pl.Int32,
    "rank": pl.Int32,
    "field": pl.String,
    "code": pl.String,
    "value": pl.String,
}
"""Columns of verdicts: `rank` orders those of a claim, `field` is empty where none is to blame."""

_LAST = 99

_SENT_TEXTS = frozenset(
    {
        "settlement_id",
        "visit_id",
        "person_id",
        "institution_id",
        "original_settlement_id",
    }
)
"""Fields that are still as they were sent; only of these can the value be hashed.

Identity numbers are not among them: there are so few that a hash would give the number away.
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A reason to refuse a claim: the field to blame, the code, and whether it applies."""

    field: str
    code: Code
    applies: pl.Expr


def reject_verdicts(nights: Nights) -> list[Verdict]:
    """Return the reasons to reject a claim, in the order in which they are told."""
    total, refund = pl.col("total_fen"), pl.col("refund")
    settled_day = pl.col("settled_at") // _DAY_SECONDS
    identity = pl.col(REGISTERED + "identity_no")
    unknown_person = identity.is_null()
    # A refund undoes what was covered when it was settled; cover may have been lost since.
    uncovered = ~refund & ~pl.col("covered")
    return [
        Verdict("end_date", Code.END_BEFORE_BEGIN, pl.col("end_day") < pl.col("begin_day")),
        Verdict("settled_at", Code.SETTLED_AFTER_NIGHT, settled_day > day_number(nights.run)),
        Verdict("settlement_id", Code.DUPLICATE_SETTLEMENT_ID, pl.col("settled_before")),
        Verdict("message_id", Code.MESSAGE_USED, pl.col("message_used")),
        Verdict("total_fen", Code.NEGATIVE_AMOUNT, ~refund & (total < 0)),
        Verdict("person_id", Code.UNKNOWN_PERSON, unknown_person),
        Verdict("identity_no", Code.IDENTITY_MISMATCH, pl.col("identity_no") != identity),
        Verdict("insurance", Code.NOT_COVERED, uncovered),
        Verdict("person_id", Code.ENTITLEMENT_ENDED, ~refund & pl.col("ended")),
        Verdict("fund_total_fen", Code.MISSING_VALUE, _untold_online()),
        Verdict(
            "institution_id",
            Code.UNKNOWN_INSTITUTION,
            pl.col(REGISTERED + "hospital_level").is_null(),
        ),
        *(
            Verdict("institution_id", code, ~refund & (pl.col("agreement") == code.value))
            for code in (Code.NO_AGREEMENT, Code.AGREEMENT_SUSPENDED)
        ),
        *_refund_verdicts(),
        *_line_verdicts(),
    ]


def pending_verdicts(nights: Nights) -> list[Verdict]:
    """Return the reasons for which a claim has to wait."""
    injured = pl.col("insurance") == int(Insurance.WORK_INJURY)
    unproven = injured & ~pl.col("refund") & ~pl.col("recognised")
    recognition = Verdict("insurance", Code.NOT_RECOGNISED, unproven)
    if nights.published is None:
        return [recognition]
    settled_day = pl.col("settled_at") // _DAY_SECONDS
    late = settled_day <= day_number(nights.published)
    return [Verdict("settled_at", Code.LATE, late & ~pl.col("posted")), recognition]


def judge(claims: pl.DataFrame, verdicts: list[Verdict]) -> pl.DataFrame:
    """Return the VERDICTS that apply to claims, which have the columns of gather_facts."""
    applies = claims.select(
        verdict.applies.fill_null(value=False).alias(str(rank))
        for rank, verdict in enumerate(verdicts)
    )
    found = [pl.DataFrame(schema=VERDICTS)]
    for rank, verdict in enumerate(verdicts):
        found.append(_told(claims.filter(applies[str(rank)]), verdict, rank))
    return pl.concat(found)


def tell(claims: pl.DataFrame, field: str, code: Code) -> pl.DataFrame:
    """Return VERDICTS that give each of some claims the same code, told after all others."""
    return _told(claims, Verdict(field, code, pl.lit(value=True)), _LAST)


def _told(claims: pl.DataFrame, verdict: Verdict, rank: int) -> pl.DataFrame:
    value = pl.col(verdict.field).cast(pl.String) if verdict.field in _SENT_TEXTS else pl.lit("")
    return claims.select(
        "claim",
        rank=pl.lit(rank, dtype=pl.Int32),
        field=pl.lit(verdict.field),
        code=pl.lit(verdict.code.value),
        value=value.fill_null(""),
    )


def _untold_online() -> pl.Expr:
    """Return whether a claim was settled online but does not say what the funds have paid."""
    online = pl.col("origin") == int(Origin.SETTLED_ONLINE)
    return online & pl.col(ONLINE_PREFIX + "fund_total_fen").is_null()


def _refund_verdicts() -> list[Verdict]:
    refund, total = pl.col("refund"), pl.col("total_fen")
    original_total = pl.col(ORIGINAL + "total_fen")
    original_claim = pl.col(ORIGINAL + "claim")
    undoes_nothing = (
        original_total.is_null()
        | (original_total < 0)
        | (original_claim.is_not_null() & ~pl.col(ORIGINAL + "live"))
    )
    undone_before = original_claim.is_null() & ~pl.col(ORIGINAL + "live") & (original_total >= 0)
    differs = (total != -original_total) | (pl.col("print") != pl.col(ORIGINAL + "print"))
    # Where a line fell, the comparison says nothing that the line does not say better.
    whole = pl.col("fallen") + pl.col(ORIGINAL + "fallen").fill_null(0) == 0
    original = "original_settlement_id"
    other_person = pl.col("person_id") != pl.col(ORIGINAL + "person_id")
    return [
        Verdict("total_fen", Code.REFUND_NOT_NEGATIVE, refund & (total > 0)),
        Verdict(original, Code.REFUND_WITHOUT_ORIGINAL, refund & undoes_nothing),
        Verdict(original, Code.REVERSED_TWICE, refund & undone_before),
        Verdict("person_id", Code.PERSON_MISMATCH, refund & other_person),
        Verdict("total_fen", Code.REFUND_DIFFERS, refund & whole & differs),
    ]


def _line_verdicts() -> list[Verdict]:
    lines, fallen = pl.col("lines"), pl.col("fallen")
    sums = (pl.col("lines_fen") == pl.col("total_fen")) & (lines <= _LINES_MAX)
    return [
        Verdict("", Code.CLAIM_WITHOUT_LINES, lines + fallen == 0),
        Verdict("total_fen", Code.LINES_DO_NOT_SUM, (fallen == 0) & (lines > 0) & ~sums),
        Verdict("", Code.LINE_REJECTED, fallen > 0),
    ]
