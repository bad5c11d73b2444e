"""The optional tables that rules read beside claims: terms of items, and records."""

from pathlib import Path

import polars as pl

from engine.money import scaled_from_text
from engine.rules.records import OF_SETTLEMENTS, RECORD_NAMES, TERM_NAMES
from engine.storage.beside_tables import ITEM_TERMS, ITEM_TERMS_READ, RECORDS, RECORDS_READ
from pipelines.steps.reference.files import (
    all_sound,
    is_brought,
    parsed,
    period,
    read_reference_file,
)

PRICES = "legal_price"
NO_ITEM = -1
LAST_MINUTE = 24 * 60 - 1
_PLACES_OF_A_PRICE, _PLACES = 6, 4
_NUMBER = r"^[0-9]{1,6}$"


def read_item_terms(folder: Path, items: pl.DataFrame) -> pl.DataFrame:
    """Return ITEM_TERMS_READ of the items that the catalogue lists; empty where none are brought.

    Raises:
        ClaimError: `bad_reference`.
    """
    source = ITEM_TERMS
    if not is_brought(folder, source):
        return pl.DataFrame(schema=ITEM_TERMS_READ.schema)
    frame = read_reference_file(folder, source)
    all_sound(source, "kind", frame["kind"].is_in(TERM_NAMES))
    price = scaled_from_text(pl.col("high"), _PLACES_OF_A_PRICE)
    other = scaled_from_text(pl.col("high"), _PLACES)
    high = pl.when(pl.col("kind") == PRICES).then(price).otherwise(other)
    read = frame.with_columns(
        parsed(source, frame, "low", _whole("low")),
        parsed(source, frame, "high", pl.when(high >= 0).then(high)),
        parsed(source, frame, "window", _whole("window")),
        *period("valid_from", "valid_to"),
        point=pl.format("terms/{}", pl.int_range(1, pl.len() + 1)),
        unit=pl.col("unit").fill_null(""),
    )
    all_sound(source, "valid_to", read["valid_from"] < read["valid_to"])
    listed = read.join(items, on="item_code", maintain_order="left")
    return listed.select(ITEM_TERMS_READ.names)


def read_records(folder: Path, items: pl.DataFrame) -> pl.DataFrame:
    """Return RECORDS_READ; empty where none are brought.

    Raises:
        ClaimError: `bad_reference`.
    """
    source = RECORDS
    if not is_brought(folder, source):
        return pl.DataFrame(schema=RECORDS_READ.schema)
    frame = read_reference_file(folder, source)
    all_sound(source, "record", frame["record"].is_in(RECORD_NAMES))
    of_settlement = pl.col("record").is_in(sorted(OF_SETTLEMENTS))
    named = pl.when(of_settlement).then("settlement_id").otherwise("subject").is_not_null()
    all_sound(source, "settlement_id", frame.select(named).to_series())
    minute = pl.when(_whole("minute") <= LAST_MINUTE).then(_whole("minute"))
    quantity = scaled_from_text(pl.col("quantity"), _PLACES)
    read = frame.with_columns(
        parsed(source, frame, "minute", minute).cast(pl.Int32),
        parsed(source, frame, "quantity", quantity).alias("quantity_e4"),
        pl.col("day").dt.epoch("d").cast(pl.Int32),
    ).join(items, on="item_code", how="left", maintain_order="left")
    unlisted = pl.when(pl.col("item_code").is_not_null()).then(pl.lit(NO_ITEM, dtype=pl.Int32))
    return read.with_columns(pl.col("item").fill_null(unlisted)).select(RECORDS_READ.names)


def _whole(name: str) -> pl.Expr:
    number = pl.col(name).cast(pl.Int64, strict=False)
    return pl.when(pl.col(name).str.contains(_NUMBER)).then(number)
