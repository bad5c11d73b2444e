"""The insured catalogue by pages: 1312, its price ceilings 1318, its first shares 1319."""

from collections.abc import Callable
from typing import Any

import polars as pl
import sqlalchemy as sa

from api.national.desk import Desk, block, day_of, today, told
from api.national.envelope import Call
from engine.codes.enums import ItemClass
from engine.errors import ClaimError
from engine.periods import NO_END_DAY, date_of_day
from engine.storage.reference import EVERYWHERE
from engine.wire.translate import write_record

PAGE_SIZE, PAGE_SIZE_MAX = 100, 1_000
LEVELS = ("1", "2", "3")
FIRST_SHARE = "10"
VALID = "1"
Row = dict[str, Any]


def items(call: Call, desk: Desk, _connection: sa.Connection) -> dict[str, Any]:
    """1312: the rows of the catalogue that hold, by code."""
    return _paged(call, desk, lambda frame: frame.with_columns(level=pl.lit("")), _item)


def ceilings(call: Call, desk: Desk, _connection: sa.Connection) -> dict[str, Any]:
    """1318: what an item may cost at most, by level of the hospital."""

    def by_level(frame: pl.DataFrame) -> pl.DataFrame:
        each = [
            frame.with_columns(level=pl.lit(level), ceiling=pl.col(f"ceiling_price_{level}_e6"))
            for level in LEVELS
        ]
        return pl.concat(each).filter(pl.col("ceiling").is_not_null())

    return _paged(call, desk, by_level, _ceiling)


def shares(call: Call, desk: Desk, _connection: sa.Connection) -> dict[str, Any]:
    """1319: what a person bears first of an item, where the catalogue says it itself."""

    def stated(frame: pl.DataFrame) -> pl.DataFrame:
        known = frame.filter(pl.col("first_share_ppm").is_not_null())
        return known.with_columns(level=pl.lit(""))

    return _paged(call, desk, stated, _share)


def _paged(
    call: Call,
    desk: Desk,
    of: Callable[[pl.DataFrame], pl.DataFrame],
    written: Callable[[Row], Row],
) -> dict[str, Any]:
    asked = told(block(call, "data"), (), "catalogue")
    page, size = asked.get("page") or 1, asked.get("rows_on_page") or PAGE_SIZE
    if size > PAGE_SIZE_MAX:
        raise ClaimError(
            "page_too_long",
            f"每页至多 {PAGE_SIZE_MAX} 条；请减小每页数据量",
            f"a page holds at most {PAGE_SIZE_MAX} rows; ask for fewer",
        )
    found = of(_rows(call, desk, asked)).sort("item_code", "region", "valid_from", "level")
    rows = found.slice((page - 1) * size, size).to_dicts()
    pages = -(-len(found) // size)
    return {
        "data": [write_record(_head(row) | written(row), "catalogue") for row in rows],
        "recordCounts": len(found),
        "pages": pages,
        "pageNum": page,
        "pageSize": size,
        "size": len(rows),
        "firstPage": page == 1,
        "lastPage": page >= pages,
    }


def _rows(call: Call, desk: Desk, asked: Row) -> pl.DataFrame:
    """Return the rows that are asked for: of the region of care, that hold and have changed.

    A row is taken as changed on the day that it begins, and on the day that it ends.
    """
    region = asked.get("region") or desk.reference.institution(call.institution_id)["region"]
    on = day_of(asked.get("asked_on") or today(call))
    found = desk.reference.items.filter(
        pl.col("region").is_in([region, EVERYWHERE]), pl.col("valid_from") <= on
    )
    since = asked.get("changed_at")
    if since is None:
        found = found.filter(pl.col("valid_to") > on)
    else:
        first = day_of(since)
        ended = pl.col("valid_to").is_between(first, on)
        found = found.filter((pl.col("valid_from") >= first) | ended)
    code = asked.get("item_code")
    return found if code is None else found.filter(pl.col("item_code") == code)


def _head(row: Row) -> Row:
    return {
        "item_code": row["item_code"],
        "region": None if row["region"] == EVERYWHERE else row["region"],
        "begin_date": date_of_day(row["valid_from"]),
        "end_date": None if row["valid_to"] == NO_END_DAY else date_of_day(row["valid_to"]),
        "valid": VALID,
    }


def _item(row: Row) -> Row:
    return {
        "item_name": row["name"],
        "item_category": f"{row['category']:02d}",
        "item_class": f"{ItemClass(row['item_class']):02d}",
    }


def _ceiling(row: Row) -> Row:
    return {"price_limit_kind": row["level"], "price_limit_e6": row["ceiling"]}


def _share(row: Row) -> Row:
    return {"share_kind": FIRST_SHARE, "share_ppm": row["first_share_ppm"]}
