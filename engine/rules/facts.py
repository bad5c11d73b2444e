"""What rules look at, and what they find: the columns of both."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, TypeAlias

import polars as pl
from pydantic import AfterValidator, BaseModel, ConfigDict

Schema: TypeAlias = dict[str, pl.DataType | type[pl.DataType]]

SETTLEMENT: Schema = {
    "settlement_id": pl.String,
    "message_id": pl.String,
    "visit_id": pl.String,
    "person_id": pl.String,
    "institution_id": pl.String,
    "care_region": pl.String,
    "disease_code": pl.String,
    "visit_kind": pl.Int8,
    "sex": pl.Int8,
    "begin_day": pl.Int32,
    "end_day": pl.Int32,
    "settled_at": pl.Int64,
    "total_fen": pl.Int64,
    "claim": pl.Int32,
}
"""A settlement. `claim` is the position that its lines name, null for one of an earlier night."""

LINE: Schema = {
    "file": pl.Int32,
    "row": pl.Int64,
    "item": pl.Int32,
    "quantity_e4": pl.Int64,
    "price_e6": pl.Int64,
    "amount_fen": pl.Int64,
    "day": pl.Int32,
}

CANDIDATES: Schema = {
    "settlement_id": pl.String,
    "other_settlement_id": pl.String,
    "lines": pl.List(pl.Struct(LINE)),
}
"""What a form finds: a settlement of tonight, the one it collides with if any, and the lines that
are wrong in it, none where the whole claim is."""

TONIGHT = pl.col("claim").is_not_null()
IN_ORDER = ("settled_at", "message_id", "settlement_id")


@dataclass(frozen=True)
class Facts:
    """What one night's rules look at.

    Attributes:
        settlements: SETTLEMENT of tonight and of earlier nights, those that stand.
        catalogue: rows with item, region, valid_from, valid_to and the limits, by item and region.
        lines: opens the lines of tonight in parts: LINE and their `claim`.
    """

    settlements: pl.DataFrame
    catalogue: pl.DataFrame
    lines: Callable[[], Iterable[pl.DataFrame]]


class Parameters(BaseModel):
    """The parameters of a form."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _fact(name: str) -> str:
    if name not in SETTLEMENT:
        message = f"{name!r} is no column of a settlement; there are {', '.join(SETTLEMENT)}"
        raise ValueError(message)
    return name


FactName = Annotated[str, AfterValidator(_fact)]


def standing(settlements: pl.LazyFrame) -> pl.LazyFrame:
    """Return the settlements that stand: neither refunds nor cancelled by one.

    Args:
        settlements: with `refund` and `original_settlement_id`.
    """
    cancelled = settlements.filter("refund").select(settlement_id="original_settlement_id")
    return settlements.filter(~pl.col("refund")).join(cancelled, on="settlement_id", how="anti")


def candidates(found: pl.DataFrame) -> pl.DataFrame:
    """Return settlement and other settlement as CANDIDATES of whole claims."""
    nothing = pl.lit([], dtype=CANDIDATES["lines"]).alias("lines")
    return found.select("settlement_id", "other_settlement_id", nothing)
