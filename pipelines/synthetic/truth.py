"""What is planted in a synthetic city, and the record of it that a run can be judged by."""

from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from engine.claims.codes import Code


class Group(StrEnum):
    """What ought to become of a planted row.

    A finding settles and is found by a rule; a refused row passes intake and is refused when it
    is settled; a bad row falls at intake, save where its code is empty: then it settles.
    """

    FINDING = "finding"
    REFUSED = "refused"
    BAD_ROW = "bad_row"


class Plant(StrEnum):
    """Every kind of planted row."""

    DUPLICATE_SETTLEMENT = "duplicate_settlement"
    OVERLAPPING_STAYS = "overlapping_stays"
    OTHER_SEX_ITEM = "other_sex_item"
    REFUND_NOT_LAST = "refund_not_last"
    EXPONENT_MONEY = "exponent_money"
    COMMA_MONEY = "comma_money"
    THIRD_DECIMAL = "third_decimal"
    END_BEFORE_BEGIN = "end_before_begin"
    SETTLED_AFTER_NIGHT = "settled_after_night"
    UNKNOWN_PERSON = "unknown_person"
    UNKNOWN_ITEM = "unknown_item"
    NEGATIVE_AMOUNT = "negative_amount"
    REPEATED_SETTLEMENT_ID = "repeated_settlement_id"
    ORPHAN_LINE = "orphan_line"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a kind of planted row means, and the code that it should get."""

    group: Group
    code: Code | None
    note: str


MEANINGS = {
    Plant.DUPLICATE_SETTLEMENT: Meaning(
        Group.FINDING, None, "the last bills the first again: all is equal but the identifiers"
    ),
    Plant.OVERLAPPING_STAYS: Meaning(
        Group.FINDING, None, "the last lies within the first, at another hospital"
    ),
    Plant.OTHER_SEX_ITEM: Meaning(
        Group.FINDING, None, "the line bills an item that the catalogue limits to the other sex"
    ),
    Plant.REFUND_NOT_LAST: Meaning(
        Group.REFUSED,
        Code.REVERSAL_NOT_LAST,
        "the last refunds the first although a later settlement of the person stands",
    ),
    Plant.EXPONENT_MONEY: Meaning(
        Group.BAD_ROW, Code.MONEY_FORMAT, "the total is written with an exponent"
    ),
    Plant.COMMA_MONEY: Meaning(
        Group.BAD_ROW, Code.MONEY_FORMAT, "the total is written with a comma"
    ),
    Plant.THIRD_DECIMAL: Meaning(
        Group.BAD_ROW, Code.MONEY_FORMAT, "the amount of the line has a third decimal"
    ),
    Plant.END_BEFORE_BEGIN: Meaning(
        Group.BAD_ROW, Code.END_BEFORE_BEGIN, "the visit ends the day before it begins"
    ),
    Plant.SETTLED_AFTER_NIGHT: Meaning(
        Group.BAD_ROW, Code.SETTLED_AFTER_NIGHT, "settled on a day after the night"
    ),
    Plant.UNKNOWN_PERSON: Meaning(
        Group.BAD_ROW, Code.UNKNOWN_PERSON, "the person is not in the register"
    ),
    Plant.UNKNOWN_ITEM: Meaning(
        Group.BAD_ROW, None, "the item of the line is in no catalogue: the person pays it in full"
    ),
    Plant.NEGATIVE_AMOUNT: Meaning(
        Group.BAD_ROW, Code.NEGATIVE_AMOUNT, "total and lines are negative, but it is no refund"
    ),
    Plant.REPEATED_SETTLEMENT_ID: Meaning(
        Group.BAD_ROW,
        Code.DUPLICATE_SETTLEMENT_ID,
        "the claim row stands twice in its file, its lines once",
    ),
    Plant.ORPHAN_LINE: Meaning(
        Group.BAD_ROW, Code.ORPHAN_LINE, "the settlement that the line names is not in the input"
    ),
}
BAD_ROWS = tuple(plant for plant in Plant if MEANINGS[plant].group is Group.BAD_ROW)

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "group": pl.String,
    "kind": pl.String,
    "code": pl.String,
    "settlement_ids": pl.List(pl.String),
    "line_ids": pl.List(pl.String),
    "note": pl.String,
}


def truth_rows(plants: pl.DataFrame) -> pl.DataFrame:
    """Return planted rows in the form of the truth file, by kind and settlement.

    Args:
        plants: columns kind, settlement_ids and line_ids.
    """
    meanings = pl.DataFrame(
        {
            "kind": [str(plant) for plant in MEANINGS],
            "group": [str(meaning.group) for meaning in MEANINGS.values()],
            "code": [meaning.code and str(meaning.code) for meaning in MEANINGS.values()],
            "note": [meaning.note for meaning in MEANINGS.values()],
        },
        schema_overrides={"code": pl.String},
    )
    rows = plants.join(meanings, on="kind", how="left")
    return rows.select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items()).sort(
        "group", "kind", "settlement_ids"
    )
