"""Reference: catalogue, institutions and insured persons, read once and checked in full.

The bureau's own data is trusted by every later step, so one bad value stops the night here.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from engine.codes.lookup import CodeTable
from engine.errors import ClaimError
from engine.money import PPM, fen_from_text, scaled_from_text
from engine.periods import NO_END_DAY, day_number_expr
from engine.rules.forms.interval import REGISTER_NAMES
from engine.storage import tables
from engine.storage.tables import Column, Table
from pipelines import tabular
from pipelines.staging import write_staged

_DATE = r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}$"
_FIRST_SHARE_PLACES = 4
_PRICE_PLACES = 6
_LEVELS = ("1", "2", "3")


@dataclass(frozen=True, slots=True)
class Reference:
    """What the step leaves: files of ITEMS and, as read, of the four tables that others bring."""

    items: Path
    catalogue: Path
    institutions: Path
    persons: Path
    registers: Path


def read_reference(folder: Path, work: Path, night: date) -> Reference:
    """Read the reference files of a folder and write them, checked, into another that exists.

    Args:
        folder: `catalogue`, `institutions`, `persons` and, where there are any, `registers`, each
            as .parquet or .csv.
        night: the day on which undated codes are read.

    Raises:
        ClaimError: `bad_reference`; a file, a column or a value cannot be used.
    """
    catalogue = _catalogue(_read(folder, tables.CATALOGUE))
    items = catalogue.select("item_code").unique().sort("item_code").with_row_index("item")
    items = items.with_columns(pl.col("item").cast(pl.Int32))
    institutions = _institutions(_read(folder, tables.INSTITUTIONS), night)
    persons = _persons(_read(folder, tables.PERSONS))
    registers = _registers(folder)
    return Reference(
        items=write_staged(items, tables.ITEMS, work / "items.parquet"),
        catalogue=write_staged(
            catalogue.join(items, on="item_code", maintain_order="left").sort(
                "item", "region", "valid_from"
            ),
            tables.CATALOGUE_READ,
            work / "catalogue.parquet",
        ),
        institutions=write_staged(
            institutions, tables.INSTITUTIONS_READ, work / "institutions.parquet"
        ),
        persons=write_staged(persons, tables.PERSONS_READ, work / "persons.parquet"),
        registers=write_staged(registers, tables.REGISTERS_READ, work / "registers.parquet"),
    )


def _read(folder: Path, table: Table) -> pl.DataFrame:
    """Return a reference file as text, empty values as null, dates as such."""
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
            _all_sound(table, column.name, frame[column.name].is_not_null())
    return frame.with_columns(
        _dates(table, column, frame) for column in table.columns if column.type == "date"
    )


def _file(folder: Path, table: Table) -> Path | None:
    found = [folder / f"{table.name}{suffix}" for suffix in (".parquet", ".csv")]
    return next((path for path in found if path.is_file()), None)


def _registers(folder: Path) -> pl.DataFrame:
    source = tables.REGISTERS
    if _file(folder, source) is None:
        return pl.DataFrame(schema=tables.REGISTERS_READ.schema)
    frame = _read(folder, source)
    _all_sound(source, "register", frame["register"].is_in(REGISTER_NAMES))
    read = frame.with_columns(_period("begins", "ends"))
    _all_sound(source, "ends", read["begins"] < read["ends"])
    return read.sort("register", "subject", "begins", "ends", "source")


def _dates(table: Table, column: Column, frame: pl.DataFrame) -> pl.Series:
    text = frame[column.name]
    dates = text.str.to_date("%Y-%m-%d", strict=False)
    sound = text.is_null() | (text.str.contains(_DATE) & dates.is_not_null())
    _all_sound(table, column.name, sound)
    return dates


def _catalogue(frame: pl.DataFrame) -> pl.DataFrame:
    source = tables.CATALOGUE
    price = {
        f"ceiling_price_{level}": scaled_from_text(pl.col(f"ceiling_price_{level}"), _PRICE_PLACES)
        for level in _LEVELS
    }
    share = scaled_from_text(pl.col("first_share"), _FIRST_SHARE_PLACES)
    share_ppm = share * (PPM // 10**_FIRST_SHARE_PLACES)
    _parsed(source, frame, "first_share", pl.when(share_ppm.is_between(0, PPM)).then(share_ppm))
    for name, value in price.items():
        _parsed(source, frame, name, pl.when(value >= 0).then(value))
    start = pl.col("valid_from")
    decoded = {
        "category": _decoded(source, frame, "category", "item_category", start),
        "item_class": _decoded(source, frame, "item_class", "item_class", start),
        "sex_limit": _decoded(source, frame, "sex_limit", "sex", start),
    }
    read = frame.with_columns(
        first_share_ppm=share_ppm.cast(pl.Int32),
        **{f"{name}_e6": value for name, value in price.items()},
        **decoded,
    ).with_columns(pl.col("sex_limit").fill_null(0), *_period("valid_from", "valid_to"))
    _no_overlap(source, read, ["item_code", "region"], ("valid_from", "valid_to"))
    return read


def _institutions(frame: pl.DataFrame, night: date) -> pl.DataFrame:
    source = tables.INSTITUTIONS
    level = pl.col("price_level")
    _parsed(source, frame, "price_level", pl.when(level.is_in(_LEVELS)).then(level))
    _all_sound(source, "institution_id", frame["institution_id"].is_first_distinct())
    on = pl.lit(night)
    hospital_level = _decoded(source, frame, "hospital_level", "hospital_level", on)
    return frame.with_columns(level.cast(pl.Int8), hospital_level)


def _persons(frame: pl.DataFrame) -> pl.DataFrame:
    source = tables.PERSONS
    balance = fen_from_text(pl.col("account_balance"))
    _parsed(source, frame, "account_balance", pl.when(balance >= 0).then(balance))
    start = pl.col("cover_from")
    read = frame.with_columns(
        *(
            _decoded(source, frame, name, name, start)
            for name in ("sex", "insurance", "person_type")
        ),
        account_balance_fen=balance.fill_null(0),
        birth_day=day_number_expr(pl.col("birth_date")).cast(pl.Int32),
    ).with_columns(_period("cover_from", "cover_to"))
    _no_overlap(source, read, ["person_id", "insurance"], ("cover_from", "cover_to"))
    return read


def _decoded(
    table: Table, frame: pl.DataFrame, name: str, code_table: str, on: pl.Expr
) -> pl.Series:
    meaning = CodeTable.load(code_table).decode_expr(pl.col("region"), pl.col(name), on)
    return _parsed(table, frame, name, meaning).cast(pl.Int8).alias(name)


def _parsed(table: Table, frame: pl.DataFrame, name: str, value: pl.Expr) -> pl.Series:
    """Return the values of a column, once each that was sent has one."""
    values = frame.select(value.alias(name)).to_series()
    _all_sound(table, name, values.is_not_null() | frame[name].is_null())
    return values


def _period(start: str, end: str) -> list[pl.Expr]:
    days = [day_number_expr(pl.col(name)).cast(pl.Int32) for name in (start, end)]
    return [days[0].alias(start), days[1].fill_null(NO_END_DAY).alias(end)]


def _no_overlap(table: Table, frame: pl.DataFrame, key: list[str], period: tuple[str, str]) -> None:
    start, end = period
    _all_sound(table, end, frame[start] < frame[end])
    ordered = frame.with_row_index("row").sort(*key, start)
    before = pl.col(end).shift(1).over(key) > pl.col(start)
    sound = ordered.select("row", sound=~before.fill_null(value=False)).sort("row")["sound"]
    _all_sound(table, start, sound)


def _all_sound(table: Table, column: str, sound: pl.Series) -> None:
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
