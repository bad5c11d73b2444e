"""What is wrong with the values of a batch of records: one row per record and code."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from engine.claims.codes import Code
from engine.wire.fields import Field

RAW = "raw."
"""Prefix of a field as it was sent, beside the same as it was understood."""

FAULTS = {
    "row": pl.Int64,
    "rank": pl.Int32,
    "field": pl.String,
    "code": pl.String,
    "value": pl.String,
}
"""Columns of faults: `rank` orders those of a record, `field` is empty where none is to blame."""

FILE_FAULTS = {**FAULTS, "file": pl.Int32}
"""Columns of faults of several files."""

_EXCEL_NUMBER = r"^[0-9]\.[0-9]+[Ee][+-]?[0-9]+$"


@dataclass(frozen=True, slots=True)
class Check:
    """A test of each record of a batch.

    Attributes:
        field: English name of the field to blame, empty for none.
        fails: whether the record fails; null counts as no.
        code: which code it then gets, from the columns of the failing records.
    """

    field: str
    fails: pl.Expr
    code: pl.Expr


def check(field: str, fails: pl.Expr, code: Code) -> Check:
    """Return a test whose every failure has the same code."""
    return Check(field, fails, pl.lit(code.value))


def find_faults(batch: pl.DataFrame, checks: Sequence[Check]) -> tuple[pl.Series, pl.DataFrame]:
    """Return which records fail any test, and the FAULTS of the batch.

    Args:
        batch: column `row`, the columns that the tests read, and each blamed field under RAW.
    """
    failed = batch.select(
        test.fails.fill_null(value=False).alias(str(rank)) for rank, test in enumerate(checks)
    )
    faults = [pl.DataFrame(schema=FAULTS)]
    for rank, test in enumerate(checks):
        mask = failed[str(rank)]
        if mask.any():
            faults.append(_faults_of(batch.filter(mask), test, rank))
    any_failed = failed.select(pl.any_horizontal(pl.all())).to_series()
    # A record gets each code once, whatever the number of columns that share it.
    found = pl.concat(faults).unique(["row", "code"], keep="first", maintain_order=True)
    return any_failed, found


def missing(field: str) -> pl.Expr:
    """Return whether a field was sent empty or not at all."""
    sent = pl.col(RAW + field)
    return sent.is_null() | (sent.cast(pl.String) == "")


def id_check(field: Field, *, required: bool) -> Check:
    """Return the test of an identifier: visible ASCII of the field's width, byte for byte."""
    sent = pl.col(RAW + field.english)
    sound = sent.str.contains(rf"^[!-~]{{1,{field.type[1:]}}}$") & ~(
        sent.str.contains("+", literal=True) & sent.str.contains(_EXCEL_NUMBER)
    )
    fails = missing(field.english) | ~sound if required else ~missing(field.english) & ~sound
    return Check(field.english, fails, _or_missing(field.english, pl.lit(Code.ID_FORMAT.value)))


def value_check(field: Field, dtype: pl.DataType, *, required: bool) -> Check:
    """Return the test of a number, day or time, which is null where it could not be understood.

    Args:
        dtype: type of the column as it was sent.
    """
    fails = pl.col(field.english).is_null()
    if not required:
        fails = fails & ~missing(field.english)
    return Check(field.english, fails, _or_missing(field.english, _value_code(field, dtype)))


def _or_missing(field: str, code: pl.Expr) -> pl.Expr:
    return pl.when(missing(field)).then(pl.lit(Code.MISSING_VALUE.value)).otherwise(code)


def _value_code(field: Field, dtype: pl.DataType) -> pl.Expr:
    if not field.unit:
        return pl.lit(Code.DATE_FORMAT.value)
    if field.unit == "count":
        return pl.lit(Code.NUMBER_FORMAT.value)
    if not isinstance(dtype, pl.String | pl.Decimal):
        return pl.lit(Code.MONEY_COLUMN_TYPE.value)
    places = field.type.rpartition(",")[2]
    padding = "0*" if isinstance(dtype, pl.Decimal) else ""
    form = rf"^-?[0-9]+(?:\.[0-9]{{1,{places}}}{padding})?$"
    # A value of the right form that was still not understood is out of bounds.
    plain = pl.col(RAW + field.english).cast(pl.String).str.contains(form)
    out_of_bounds = pl.lit(Code.MONEY_RANGE.value)
    return pl.when(plain).then(out_of_bounds).otherwise(pl.lit(Code.MONEY_FORMAT.value))


def _faults_of(failing: pl.DataFrame, test: Check, rank: int) -> pl.DataFrame:
    value = pl.col(RAW + test.field).cast(pl.String) if test.field else pl.lit("")
    return failing.select(
        "row",
        rank=pl.lit(rank, dtype=pl.Int32),
        field=pl.lit(test.field),
        code=test.code,
        value=value.fill_null(""),
    )
