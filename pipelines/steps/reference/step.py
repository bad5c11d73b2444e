"""Reference: catalogue, institutions and insured persons, read once and checked in full.

The bureau's own data is trusted by every later step, so one bad value stops the night here.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from engine.money import PPM, fen_from_text, scaled_from_text
from engine.periods import day_number_expr
from engine.rules.forms.interval import REGISTERS_KEPT
from engine.storage import tables
from engine.storage.beside_tables import ITEM_TERMS_READ, RECORDS_READ
from pipelines.staged.staging import write_staged
from pipelines.steps.reference.beside import read_item_terms, read_records
from pipelines.steps.reference.files import (
    all_sound,
    decoded,
    is_brought,
    no_overlap,
    parsed,
    period,
    read_reference_file,
)
from pipelines.steps.reference.registers import read_registers, terms_of_covers

_FIRST_SHARE_PLACES = 4
_PRICE_PLACES = 6
_LEVELS = ("1", "2", "3")


@dataclass(frozen=True, slots=True)
class Reference:
    """What the step leaves: files of ITEMS and, as read, of the tables that others bring.

    Beside them, in `folder`, are the registers of engine/storage/register_tables.py: what persons
    tell of covers always, the others only where they were brought.
    """

    items: Path
    catalogue: Path
    institutions: Path
    persons: Path
    registers: Path
    item_terms: Path
    records: Path

    @property
    def folder(self) -> Path:
        """The folder of them all."""
        return self.items.parent


def read_reference(folder: Path, work: Path, night: date) -> Reference:
    """Read the reference files of a folder and write them, checked, into another that exists.

    Args:
        folder: `catalogue`, `institutions`, `persons` and, where there are any, `registers`,
            `item_terms`, `records` and those of engine/storage/register_tables.py, each as
            .parquet or .csv.
        night: the day on which undated codes are read.

    Raises:
        ClaimError: `bad_reference`; a file, a column or a value cannot be used.
    """
    catalogue = _catalogue(read_reference_file(folder, tables.CATALOGUE))
    items = catalogue.select("item_code").unique().sort("item_code").with_row_index("item")
    items = items.with_columns(pl.col("item").cast(pl.Int32))
    institutions = _institutions(read_reference_file(folder, tables.INSTITUTIONS), night)
    persons = _persons(read_reference_file(folder, tables.PERSONS))
    read_registers(folder, work, persons)
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
        item_terms=write_staged(
            read_item_terms(folder, items), ITEM_TERMS_READ, work / "item_terms.parquet"
        ),
        records=write_staged(read_records(folder, items), RECORDS_READ, work / "records.parquet"),
    )


def _registers(folder: Path) -> pl.DataFrame:
    source = tables.REGISTERS
    if not is_brought(folder, source):
        return pl.DataFrame(schema=tables.REGISTERS_READ.schema)
    frame = read_reference_file(folder, source)
    all_sound(source, "register", frame["register"].is_in(REGISTERS_KEPT))
    read = frame.with_columns(period("begins", "ends"))
    all_sound(source, "ends", read["begins"] < read["ends"])
    return read.sort("register", "subject", "begins", "ends", "source")


def _catalogue(frame: pl.DataFrame) -> pl.DataFrame:
    source = tables.CATALOGUE
    price = {
        f"ceiling_price_{level}": scaled_from_text(pl.col(f"ceiling_price_{level}"), _PRICE_PLACES)
        for level in _LEVELS
    }
    share = scaled_from_text(pl.col("first_share"), _FIRST_SHARE_PLACES)
    share_ppm = share * (PPM // 10**_FIRST_SHARE_PLACES)
    parsed(source, frame, "first_share", pl.when(share_ppm.is_between(0, PPM)).then(share_ppm))
    for name, value in price.items():
        parsed(source, frame, name, pl.when(value >= 0).then(value))
    start = pl.col("valid_from")
    meanings = {
        "category": decoded(source, frame, "category", "item_category", start),
        "item_class": decoded(source, frame, "item_class", "item_class", start),
        "sex_limit": decoded(source, frame, "sex_limit", "sex", start),
    }
    read = frame.with_columns(
        first_share_ppm=share_ppm.cast(pl.Int32),
        **{f"{name}_e6": value for name, value in price.items()},
        **meanings,
    ).with_columns(pl.col("sex_limit").fill_null(0), *period("valid_from", "valid_to"))
    no_overlap(source, read, ["item_code", "region"], ("valid_from", "valid_to"))
    return read


def _institutions(frame: pl.DataFrame, night: date) -> pl.DataFrame:
    source = tables.INSTITUTIONS
    level = pl.col("price_level")
    parsed(source, frame, "price_level", pl.when(level.is_in(_LEVELS)).then(level))
    all_sound(source, "institution_id", frame["institution_id"].is_first_distinct())
    on = pl.lit(night)
    hospital_level = decoded(source, frame, "hospital_level", "hospital_level", on)
    return frame.with_columns(level.cast(pl.Int8), hospital_level)


def _persons(frame: pl.DataFrame) -> pl.DataFrame:
    source = tables.PERSONS
    balance = fen_from_text(pl.col("account_balance"))
    parsed(source, frame, "account_balance", pl.when(balance >= 0).then(balance))
    start = pl.col("cover_from")
    read = (
        frame.with_columns(
            *(
                decoded(source, frame, name, name, start)
                for name in ("sex", "insurance", "person_type")
            ),
            account_balance_fen=balance.fill_null(0),
            birth_day=day_number_expr(pl.col("birth_date")).cast(pl.Int32),
        )
        .with_columns(terms_of_covers(frame))
        .with_columns(period("cover_from", "cover_to"))
    )
    no_overlap(source, read, ["person_id", "insurance"], ("cover_from", "cover_to"))
    return read
