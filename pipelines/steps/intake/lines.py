"""Bill lines: from the records of a file to integers that know their claim."""

from dataclasses import dataclass

import polars as pl

from engine.claims.codes import Code
from engine.periods import day_number_expr
from engine.wire.fields import by_english
from engine.wire.translate import to_english
from pipelines.steps.intake.faults import (
    RAW,
    Check,
    check,
    find_faults,
    id_check,
    missing,
    value_check,
)
from pipelines.steps.intake.layout import Layout

_VALUES = ("amount_fen", "quantity_e4", "price_e6", "charged_at")
_IDS = ("settlement_id", "line_id", "item_code")

WANTED = {
    **dict.fromkeys(_IDS, True),
    **dict.fromkeys(_VALUES, True),
    "original_line_id": False,
    "hospital_approved": False,
}
"""The fields that are read, and whether a file must have a column for each."""

ORPHAN = -1
FALLEN = -2
"""Claim of a line whose settlement is not in the input, or is and was rejected."""

UNKNOWN_ITEM = -1
"""Item of a line whose code the catalogue does not hold."""

READ = {
    "claim": pl.Int32,
    "item": pl.Int32,
    "quantity_e4": pl.Int64,
    "price_e6": pl.Int64,
    "amount_fen": pl.Int64,
    "day": pl.Int32,
    "approved": pl.Int8,
    "row": pl.Int64,
    "line_id": pl.String,
    "takes_back": pl.String,
    "print": pl.UInt64,
}
"""Columns of the lines of one file, before they are gathered by claim."""

APPROVED = {"1": 1, "2": 0}
UNSAID = -1
"""What a hospital says of a limited use; where none is asked for it says 0 or nothing."""

_UNITS_PER_FEN = 10**8
"""Price (1e-6 yuan) times quantity (1e-4) counts 1e-10 yuan, of which a fen holds so many."""

_PRINT_SEED = 1


@dataclass(frozen=True, slots=True)
class Claims:
    """What lines need to know of the claims.

    Attributes:
        by_id: `settlement_id` and `claim`, its position or FALLEN.
        refund: whether the claim is a refund, by position.
    """

    by_id: pl.DataFrame
    refund: pl.Series


@dataclass(frozen=True, slots=True)
class LineBatch:
    """A batch of lines.

    Attributes:
        read: READ columns of the sound records.
        fallen: positions of the claims of the others, one for each record.
        faults: FAULTS of the batch.
    """

    read: pl.DataFrame
    fallen: pl.Series
    faults: pl.DataFrame


def read_lines(
    batch: pl.DataFrame, layout: Layout, first_row: int, claims: Claims, items: pl.DataFrame
) -> LineBatch:
    """Return the lines of a batch of records, the first of which has the number `first_row`.

    Args:
        items: `item` and `item_code` of the catalogue.
    """
    national = layout.national(batch)
    fields = by_english(*layout.tables)
    sent = national.select(pl.col(fields[english].code).alias(RAW + english) for english in WANTED)
    records = to_english(national, *layout.tables).hstack(sent)
    records = records.with_row_index("row", first_row).with_columns(pl.col("row").cast(pl.Int64))
    records = _find_claims(records, claims)
    failed, faults = find_faults(records, _checks(layout, sent))
    return LineBatch(
        read=_integers(records.filter(~failed), items),
        fallen=records["claim"].filter(failed & (records["claim"] >= 0)),
        faults=faults,
    )


def _find_claims(records: pl.DataFrame, claims: Claims) -> pl.DataFrame:
    found = records.join(claims.by_id, on="settlement_id", how="left", maintain_order="left")
    claim = found["claim"].fill_null(ORPHAN)
    refund = claims.refund.gather(claim.clip(0)) if len(claims.refund) else claim > 0
    return found.with_columns(claim=claim, refund=refund & (claim >= 0))


def _checks(layout: Layout, sent: pl.DataFrame) -> list[Check]:
    fields = by_english(*layout.tables)
    amount, quantity, price = (pl.col(name) for name in ("amount_fen", "quantity_e4", "price_e6"))
    negative = (amount < 0) | (quantity < 0) | (price < 0)
    refund = pl.col("refund")
    takes_back = ~missing("original_line_id") & (amount < 0) & (quantity < 0) & (price >= 0)
    product = price.cast(pl.Int128) * quantity.cast(pl.Int128)
    apart = (product - amount.cast(pl.Int128) * _UNITS_PER_FEN).abs() > _UNITS_PER_FEN
    orphan = (pl.col("claim") == ORPHAN) & ~missing("settlement_id")
    return [
        *(id_check(fields[name], required=True) for name in _IDS),
        *(value_check(fields[name], sent.schema[RAW + name], required=True) for name in _VALUES),
        id_check(fields["original_line_id"], required=False),
        check("original_line_id", refund & missing("original_line_id"), Code.MISSING_VALUE),
        check("amount_fen", negative & ~refund & ~takes_back, Code.NEGATIVE_AMOUNT),
        check("amount_fen", refund & (amount > 0), Code.REFUND_NOT_NEGATIVE),
        check("amount_fen", apart, Code.AMOUNT_MISMATCH),
        check("settlement_id", orphan, Code.ORPHAN_LINE),
        check("", pl.col("claim") == FALLEN, Code.CLAIM_REJECTED),
    ]


def _integers(records: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    undone = pl.when(pl.col("refund")).then(pl.col("original_line_id"))
    named = pl.coalesce(undone, pl.col("line_id"))
    # Sums of these over a claim and over its refund are equal, whatever the order of lines.
    size = pl.col("amount_fen").abs().cast(pl.UInt64)
    print_ = (named.hash(_PRINT_SEED) + size.hash(_PRINT_SEED)).hash(_PRINT_SEED)
    return (
        records.join(items, on="item_code", how="left", maintain_order="left")
        .with_columns(
            item=pl.col("item").fill_null(UNKNOWN_ITEM),
            day=day_number_expr(pl.col("charged_at").dt.date()),
            approved=pl.col("hospital_approved").replace_strict(APPROVED, default=UNSAID),
            takes_back=pl.when(~pl.col("refund") & (pl.col("amount_fen") < 0)).then(
                pl.col("original_line_id")
            ),
            print=print_,
        )
        .select(pl.col(name).cast(dtype) for name, dtype in READ.items())
    )
