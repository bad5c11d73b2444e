"""A file of reference data: read as text, and held to its declaration value by value."""

from pathlib import Path

import polars as pl

from engine.codes.lookup import CodeTable
from engine.errors import ClaimError
from engine.periods import NO_END_DAY, day_number_expr
from engine.storage.tables import Column, Table
from pipelines.files import tabular

_DATE = r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}$"


def is_brought(folder: Path, table: Table) -> bool:
    """Return whether a folder holds a table that it need not hold."""
    return _file(folder, table) is not None


def read_reference_file(folder: Path, table: Table) -> pl.DataFrame:
    """Return a reference file as text, empty values as null, dates as such.

    Raises:
        ClaimError: `bad_reference`; the file, a column or a value cannot be used.
    """
    path = _file(folder, table)
    if path is None:
        raise _error(table, "没有该文件", "the file is not there")
    opened = tabular.open_table(path)
    absent = [column for column in table.columns if column.name not in opened.columns]
    wanted = [column.name for column in absent if not column.may_lack]
    if wanted:
        raise _error(table, f"缺少列 {wanted}", f"the columns {wanted} are missing")
    there = [name for name in table.names if name in opened.columns]
    typed = [name for name in there if opened.types[name] not in (pl.String, pl.Null)]
    if typed:
        raise _error(table, f"列 {typed} 不是文本", f"the columns {typed} are not text")
    frame = tabular.read_whole(opened, there).select(
        pl.when(pl.col(name).cast(pl.String) != "").then(pl.col(name).cast(pl.String))
        for name in there
    )
    lacking = (pl.lit(None, dtype=pl.String).alias(column.name) for column in absent)
    frame = frame.with_columns(lacking).select(table.names)
    for column in table.columns:
        if not column.optional:
            all_sound(table, column.name, frame[column.name].is_not_null())
    return frame.with_columns(
        _dates(table, column, frame) for column in table.columns if column.type == "date"
    )


def _file(folder: Path, table: Table) -> Path | None:
    found = [folder / f"{table.name}{suffix}" for suffix in (".parquet", ".csv")]
    return next((path for path in found if path.is_file()), None)


def _dates(table: Table, column: Column, frame: pl.DataFrame) -> pl.Series:
    text = frame[column.name]
    dates = text.str.to_date("%Y-%m-%d", strict=False)
    sound = text.is_null() | (text.str.contains(_DATE) & dates.is_not_null())
    all_sound(table, column.name, sound)
    return dates


def decoded(
    table: Table, frame: pl.DataFrame, name: str, code_table: str, on: pl.Expr
) -> pl.Series:
    """Return a column's codes by their meaning in the record's region on a day.

    Raises:
        ClaimError: `bad_reference`; a code has none.
    """
    meaning = CodeTable.load(code_table).decode_expr(pl.col("region"), pl.col(name), on)
    return parsed(table, frame, name, meaning).cast(pl.Int8).alias(name)


def parsed(table: Table, frame: pl.DataFrame, name: str, value: pl.Expr) -> pl.Series:
    """Return the values of a column, once each that was sent has one.

    Raises:
        ClaimError: `bad_reference`; one has none.
    """
    values = frame.select(value.alias(name)).to_series()
    all_sound(table, name, values.is_not_null() | frame[name].is_null())
    return values


def period(start: str, end: str) -> list[pl.Expr]:
    """Return the days of a half-open period; one without an end has NO_END_DAY."""
    days = [day_number_expr(pl.col(name)).cast(pl.Int32) for name in (start, end)]
    return [days[0].alias(start), days[1].fill_null(NO_END_DAY).alias(end)]


def no_overlap(table: Table, frame: pl.DataFrame, key: list[str], period: tuple[str, str]) -> None:
    """Check that periods are not empty, and that those of one key lie apart.

    Raises:
        ClaimError: `bad_reference`.
    """
    start, end = period
    all_sound(table, end, frame[start] < frame[end])
    ordered = frame.with_row_index("row").sort(*key, start)
    before = pl.col(end).shift(1).over(key) > pl.col(start)
    sound = ordered.select("row", sound=~before.fill_null(value=False)).sort("row")["sound"]
    all_sound(table, start, sound)


def all_sound(table: Table, column: str, sound: pl.Series) -> None:
    """Check a column, given which of its values are sound.

    Raises:
        ClaimError: `bad_reference`, which names the first record that is not.
    """
    if not sound.all():
        row = int((~sound).arg_max() or 0) + 1
        count = int((~sound).sum())
        raise _error(
            table,
            f"列 {column} 有 {count} 个值为空、不合规定或相互重叠，首个在第 {row} 条记录",
            f"{count} values of column {column} are empty, malformed or overlap, "
            f"the first in record {row}",
        )


def _error(table: Table, zh: str, en: str) -> ClaimError:
    return ClaimError(
        "bad_reference",
        f"参考数据 {table.name}：{zh}。各步骤都依赖参考数据，本次不能结算；请改正后重新运行",
        f"reference data {table.name}: {en}. Every step relies on it, so that nothing can be "
        "settled; correct it and run the night again",
        table=table.name,
    )
