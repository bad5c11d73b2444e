"""Exact translation between the national interface's fields and ours, by frame and by record.

Amounts travel as decimal text in yuan and become fen; no value passes through a float.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias, TypeVar

import polars as pl

from engine import money
from engine.claims.codes import Code
from engine.errors import ClaimError, ensure
from engine.wire.fields import DECIMALS, Field, by_code, by_english

National: TypeAlias = str | int | Decimal | None
English: TypeAlias = str | int | date | datetime | None
_Frame = TypeVar("_Frame", pl.DataFrame, pl.LazyFrame)

_DAY = r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_FORMS = {"D": rf"^{_DAY}$", "T": rf"^{_DAY} {_CLOCK}$"}
_COUNT = r"^[0-9]{1,9}$"
_RATIO_PPM = money.PPM // 10 ** DECIMALS["ppm"]
_TEXT_TYPES = (pl.String, pl.Categorical, pl.Enum, pl.Null)


def to_english(frame: _Frame, *tables: str) -> _Frame:
    """Return a frame with English names and our units: money Int64 fen, days Date, times Datetime.

    A value is null exactly where read_record would refuse it, so that intake can name the row.
    Numbers may come as text or as Decimal, counts also as integers; a number column of any other
    type is null throughout. Of a code that several tables hold, the table named first decides.

    Args:
        frame: columns named by code.
        tables: tables of the dictionary that the columns may come from.

    Raises:
        ClaimError: `unknown_column` where no table knows a name; `id_column_type` where a column
            of text, `date_column_type` where one of days or times, has another type.
    """
    known = by_code(*tables)
    schema = frame.collect_schema()
    _known_only([name for name in schema if name not in known], tables)
    return frame.select(
        _read_column(known[name], dtype).alias(known[name].english)
        for name, dtype in schema.items()
    )


def to_national(frame: pl.DataFrame, *tables: str) -> pl.DataFrame:
    """Return a frame named by code in which every value is text as the interface writes it.

    Raises:
        InvariantError: a name is in no table, or a value has more decimals than its field.
    """
    known = by_english(*tables)
    unknown = tuple(name for name in frame.columns if name not in known)
    ensure(not unknown, "no such field", names=unknown, tables=tables)
    for name in frame.columns:
        lost = frame.select(_inexact(known[name]).any()).item()
        ensure(not lost, "the field cannot hold the value exactly", field=name)
    return frame.select(
        _write_column(known[name]).alias(known[name].code) for name in frame.columns
    )


def read_record(record: Mapping[str, National], *tables: str) -> dict[str, English]:
    """Return one record with English names and our units; an absent value stays None.

    Args:
        record: values by code; numbers as text or Decimal, counts also as int, the rest as text.
        tables: tables of the dictionary that the codes may come from, the first deciding.

    Raises:
        ClaimError: a name that no table knows, or a value that its field cannot hold, with the
            codes of the night's rejects.

    Example:
        >>> read_record({"hifp_pay": "12.30", "setl_id": "S1"}, "settlement")
        {'pool_paid_fen': 1230, 'settlement_id': 'S1'}
    """
    known = by_code(*tables)
    _known_only([name for name in record if name not in known], tables)
    return {known[name].english: _read_value(known[name], value) for name, value in record.items()}


def write_record(record: Mapping[str, English], *tables: str) -> dict[str, str | None]:
    """Return one record named by code, every value as the interface writes it; None stays None.

    Raises:
        InvariantError: a name is in no table, or its field cannot hold the value.

    Example:
        >>> write_record({"pool_paid_fen": 1230, "settlement_id": "S1"}, "settlement")
        {'hifp_pay': '12.30', 'setl_id': 'S1'}
    """
    known = by_english(*tables)
    unknown = tuple(name for name in record if name not in known)
    ensure(not unknown, "no such field", names=unknown, tables=tables)
    return {known[name].code: _write_value(known[name], value) for name, value in record.items()}


def _read_column(field: Field, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(field.code)
    if field.unit == "count":
        return _read_count_column(column, dtype)
    if field.unit:
        return _read_number_column(field, column, dtype)
    if field.type in _FORMS:
        return _read_time_column(field, column, dtype)
    if not isinstance(dtype, _TEXT_TYPES):
        raise _column_error(Code.ID_COLUMN_TYPE, field, dtype)
    return column.cast(pl.String)


def _read_number_column(field: Field, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    places = DECIMALS[field.unit]
    is_text = isinstance(dtype, pl.String)
    if not is_text and not isinstance(dtype, pl.Decimal):
        return pl.lit(None, dtype=pl.Int64)
    if field.unit == "fen":
        return money.fen_from_text(column) if is_text else money.fen_from_decimal(column)
    read = money.scaled_from_text if is_text else money.scaled_from_decimal
    scaled = read(column, places)
    return scaled * _RATIO_PPM if field.unit == "ppm" else scaled


def _read_count_column(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if not dtype.is_integer() and not isinstance(dtype, pl.String):
        return pl.lit(None, dtype=pl.Int64)
    text = column.cast(pl.String)
    return pl.when(text.str.contains(_COUNT)).then(text).cast(pl.Int64)


def _read_time_column(field: Field, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    is_day = field.type == "D"
    if isinstance(dtype, pl.String):
        text = pl.when(column.str.contains(_FORMS[field.type])).then(column)
        if is_day:
            return text.str.to_date("%Y-%m-%d", strict=False)
        return text.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
    if isinstance(dtype, pl.Null):
        return column.cast(pl.Date if is_day else pl.Datetime("us"))
    if is_day and isinstance(dtype, pl.Date):
        return column
    if not is_day and isinstance(dtype, pl.Datetime) and dtype.time_zone is None:
        whole = column.dt.truncate("1s").eq(column)
        return pl.when(whole).then(column).cast(pl.Datetime("us"))
    raise _column_error(Code.DATE_COLUMN_TYPE, field, dtype)


def _inexact(field: Field) -> pl.Expr:
    column = pl.col(field.english)
    if field.unit == "ppm":
        return column.mod(_RATIO_PPM).ne(0)
    if field.type == "T":
        return column.dt.truncate("1s").ne(column)
    return pl.lit(value=False)


def _write_column(field: Field) -> pl.Expr:
    column = pl.col(field.english)
    if field.unit == "ppm":
        return money.text_from_scaled(column // _RATIO_PPM, DECIMALS["ppm"])
    if field.unit in DECIMALS:
        return money.text_from_scaled(column, DECIMALS[field.unit])
    if field.type == "D":
        return column.dt.strftime("%Y-%m-%d")
    if field.type == "T":
        return column.dt.strftime("%Y-%m-%d %H:%M:%S")
    return column.cast(pl.String)


def _read_value(field: Field, value: National) -> English:
    if value is None:
        return None
    if field.unit == "count":
        return _read_count(field, value)
    if field.unit:
        return _read_number(field, value)
    if not isinstance(value, str):
        code = Code.DATE_COLUMN_TYPE if field.type in _FORMS else Code.ID_COLUMN_TYPE
        raise _value_error(code, field, value)
    return _read_time(field, value) if field.type in _FORMS else value


def _read_number(field: Field, value: str | int | Decimal) -> int:
    text = _plain(value) if isinstance(value, Decimal) else value
    if not isinstance(text, str):
        raise _value_error(Code.MONEY_COLUMN_TYPE, field, value)
    try:
        if field.unit == "fen":
            return money.parse_fen(text)
        scaled = money.parse_scaled(text, DECIMALS[field.unit])
    except ClaimError as error:
        raise ClaimError(
            code=error.code,
            message_zh=f"字段 {field.code}（{field.label_zh}）：{error.message_zh}",
            message_en=f"{field.code} ({field.english}): {error.message_en}",
            field=field.code,
        ) from error
    return scaled * _RATIO_PPM if field.unit == "ppm" else scaled


def _plain(value: Decimal) -> str:
    # A Decimal is taken by its value, as a Decimal column is: 1.230 is whole fen.
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _read_count(field: Field, value: str | int | Decimal) -> int:
    text = str(value)
    if isinstance(value, bool | Decimal) or not re.fullmatch(_COUNT, text):
        raise _value_error(Code.NUMBER_FORMAT, field, value)
    return int(text)


def _read_time(field: Field, text: str) -> date | datetime:
    if not re.fullmatch(_FORMS[field.type], text):
        raise _value_error(Code.DATE_FORMAT, field, text)
    try:
        return date.fromisoformat(text) if field.type == "D" else datetime.fromisoformat(text)
    except ValueError as error:
        raise _value_error(Code.DATE_FORMAT, field, text) from error


def _write_value(field: Field, value: English) -> str | None:
    if value is None:
        return None
    if field.unit:
        return _write_number(field, value)
    if field.type == "T" and isinstance(value, datetime):
        ensure(value.microsecond == 0, "a time has parts of a second", field=field.english)
        return value.isoformat(sep=" ")
    if field.type == "D" and isinstance(value, date):
        return value.isoformat()
    ensure(isinstance(value, str) and field.type not in _FORMS, "wrong type", field=field.english)
    return str(value)


def _write_number(field: Field, value: English) -> str:
    ensure(isinstance(value, int), "a number is expected", field=field.english)
    number = int(str(value))
    if field.unit == "count":
        return str(number)
    if field.unit == "ppm":
        ensure(number % _RATIO_PPM == 0, "the field cannot hold the value exactly", ppm=number)
        number //= _RATIO_PPM
    return money.format_scaled(number, DECIMALS[field.unit])


def _known_only(unknown: list[str], tables: tuple[str, ...]) -> None:
    if unknown:
        raise ClaimError(
            code=Code.UNKNOWN_COLUMN,
            message_zh=f"字段 {unknown} 不在接口字段表 {tables} 中，无法判断其含义；请更正字段名",
            message_en=f"the fields {unknown} are in none of the interface tables {tables}, so "
            "their meaning is unknown; correct the names",
            names=tuple(unknown),
        )


def _column_error(code: Code, field: Field, dtype: pl.DataType) -> ClaimError:
    return ClaimError(
        code=code,
        message_zh=f"字段 {field.code}（{field.label_zh}）的列类型是 {dtype}，原值可能已经改变；"
        "请按文本重新导出",
        message_en=f"the column {field.code} ({field.english}) has type {dtype}, in which the "
        "original may be lost; export it again as text",
        field=field.code,
    )


def _value_error(code: Code, field: Field, value: National) -> ClaimError:
    return ClaimError(
        code=code,
        message_zh=f"字段 {field.code}（{field.label_zh}）的值“{value}”不合 {field.type} 的写法，"
        "无法使用；请更正",
        message_en=f"the field {field.code} ({field.english}) cannot hold {value!r}, which is not "
        f"written as {field.type}; correct it",
        field=field.code,
    )
