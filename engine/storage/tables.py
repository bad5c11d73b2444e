"""Every table that is read or stored, declared as data: columns, types, units, keys, meanings."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

ColumnType = Literal[
    "id", "code", "text", "date", "rate", "price", "money", "count",
    "int8", "int16", "int32", "int64", "uint64", "bool", "int64s",
]  # fmt: skip
"""The first eight are text with a grammar, as files of others hold them; the rest are stored so.

`date` is yyyy-MM-dd, `rate` a decimal from 0 to 1 with at most 4 places, `price` and `money` are
decimals in yuan with at most 6 and 2 places, `count` a whole number from 0.
"""

_STORED: dict[str, pl.DataType | type[pl.DataType]] = {
    "int8": pl.Int8,
    "int16": pl.Int16,
    "int32": pl.Int32,
    "int64": pl.Int64,
    "uint64": pl.UInt64,
    "bool": pl.Boolean,
    "int64s": pl.List(pl.Int64),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: English name, the unit last.
        type: what it holds.
        meaning: what it says, in one line.
        unit: unit of a number, empty where it has none.
        key: whether it belongs to the key of the table.
        optional: whether it may be empty, or null where it is stored.
        may_lack: whether a file may come without the column, which is then empty.
    """

    name: str
    type: ColumnType
    meaning: str
    unit: str = ""
    key: bool = False
    optional: bool = False
    may_lack: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One table and its columns, in order."""

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """The names of its columns, in order."""
        return [column.name for column in self.columns]

    @property
    def key(self) -> list[str]:
        """The names of the columns that tell two rows apart."""
        return [column.name for column in self.columns if column.key]

    @property
    def schema(self) -> dict[str, pl.DataType | type[pl.DataType]]:
        """The columns as polars holds them."""
        return {column.name: _STORED.get(column.type, pl.String) for column in self.columns}


# --- reference data, as the bureau's files hold it

CATALOGUE = Table(
    "catalogue",
    (
        Column("item_code", "id", "national code of the item", key=True),
        Column("region", "code", "care region that the row holds in, * everywhere", key=True),
        Column("name", "text", "name of the item", optional=True),
        Column("category", "code", "category of the charge, two digits"),
        Column("item_class", "code", "class of the item: 1 A, 2 B, 3 C, in one or two digits"),
        Column("first_share", "rate", "first share of the person for class B", "1", optional=True),
        Column("ceiling_price_1", "price", "ceiling in primary care", "yuan", optional=True),
        Column("ceiling_price_2", "price", "ceiling in secondary hospitals", "yuan", optional=True),
        Column("ceiling_price_3", "price", "ceiling in tertiary hospitals", "yuan", optional=True),
        Column("sex_limit", "code", "1 for men alone, 2 for women alone", optional=True),
        Column("valid_from", "date", "first day of the row", key=True),
        Column("valid_to", "date", "day on which the row holds no more", optional=True),
        Column(
            "groups",
            "text",
            "groups that the policies speak of, such as implant, by spaces",
            optional=True,
            may_lack=True,
        ),
    ),
)

INSTITUTIONS = Table(
    "institutions",
    (
        Column("institution_id", "id", "code of the designated institution", key=True),
        Column("name", "text", "name of the institution", optional=True),
        Column("region", "code", "region that it lies in"),
        Column("hospital_level", "code", "accredited level, 01 to 11"),
        Column("price_level", "code", "level that picks ceiling prices, 1 to 3"),
        Column("deductible_level", "code", "level that picks deductibles, as the schemes name it"),
        Column("kind", "code", "hospital, community or pharmacy"),
    ),
)

PERSONS = Table(
    "persons",
    (
        Column("person_id", "id", "number of the insured person", key=True),
        Column("identity_no", "id", "number of the identity document"),
        Column("name", "text", "name of the person", optional=True),
        Column("sex", "code", "1 male, 2 female"),
        Column("birth_date", "date", "date of birth"),
        Column("region", "code", "region that insures the person"),
        Column("insurance", "code", "national code of the insurance", key=True),
        Column("person_type", "code", "national code of the class of person"),
        Column("cover_from", "date", "first day of cover", key=True),
        Column("cover_to", "date", "day on which cover has ended", optional=True),
        Column("account_balance", "money", "opening balance of the account", "yuan", optional=True),
        Column("tier", "code", "tier of the scheme", optional=True, may_lack=True),
        Column(
            "enrolled_from", "date", "first day of unbroken enrolment", optional=True, may_lack=True
        ),
        Column(
            "contribution_years", "count", "full years paid", "year", optional=True, may_lack=True
        ),
    ),
)

REGISTERS = Table(
    "registers",
    (
        Column("register", "code", "which register, as engine/rules/forms/interval.py names it"),
        Column("subject", "id", "number of the person, or code of the physician or institution"),
        Column("begins", "date", "first day of what is registered"),
        Column("ends", "date", "day on which it has ended", optional=True),
        Column("source", "text", "document or feed that says so"),
    ),
)
"""What other offices registered. A bureau that has none of it brings no such file."""

# --- reference data, read

ITEMS = Table(
    "items",
    (
        Column("item", "int32", "position among the item codes in order", key=True),
        Column("item_code", "id", "national code of the item"),
    ),
)

CATALOGUE_READ = Table(
    "catalogue_read",
    (
        Column("item", "int32", "position in `items`", key=True),
        Column("region", "code", "care region, * everywhere", key=True),
        Column("category", "int8", "engine.codes.enums.ItemCategory"),
        Column("item_class", "int8", "engine.codes.enums.ItemClass"),
        Column("first_share_ppm", "int32", "first share of class B", "ppm", optional=True),
        Column(
            "ceiling_price_1_e6", "int64", "ceiling in primary care", "1e-6 yuan", optional=True
        ),
        Column(
            "ceiling_price_2_e6", "int64", "ceiling in secondary care", "1e-6 yuan", optional=True
        ),
        Column(
            "ceiling_price_3_e6", "int64", "ceiling in tertiary care", "1e-6 yuan", optional=True
        ),
        Column("sex_limit", "int8", "engine.codes.enums.Sex, UNKNOWN for no limit"),
        Column("valid_from", "int32", "first day", "day", key=True),
        Column("valid_to", "int32", "first day after, NO_END_DAY for none", "day"),
        Column("name", "text", "name of the item", optional=True),
        Column("groups", "text", "groups that the policies speak of, by spaces", optional=True),
    ),
)

INSTITUTIONS_READ = Table(
    "institutions_read",
    (
        Column("institution_id", "id", "code of the designated institution", key=True),
        Column("name", "text", "name of the institution", optional=True),
        Column("region", "code", "region that it lies in"),
        Column("hospital_level", "int8", "engine.codes.enums.HospitalLevel"),
        Column("price_level", "int8", "level that picks ceiling prices, 1 to 3"),
        Column("deductible_level", "code", "level that picks deductibles"),
        Column("kind", "code", "hospital, community or pharmacy"),
    ),
)

PERSONS_READ = Table(
    "persons_read",
    (
        Column("person_id", "id", "number of the insured person", key=True),
        Column("identity_no", "id", "number of the identity document"),
        Column("name", "text", "name of the person", optional=True),
        Column("sex", "int8", "engine.codes.enums.Sex"),
        Column("birth_day", "int32", "date of birth", "day"),
        Column("region", "code", "region that insures the person"),
        Column("insurance", "int8", "engine.codes.enums.Insurance", key=True),
        Column("person_type", "int8", "engine.codes.enums.PersonType"),
        Column("cover_from", "int32", "first day of cover", "day", key=True),
        Column("cover_to", "int32", "first day without cover, NO_END_DAY for none", "day"),
        Column("account_balance_fen", "int64", "opening balance of the account", "fen"),
    ),
)

REGISTERS_READ = Table(
    "registers_read",
    (
        Column("register", "code", "which register"),
        Column("subject", "id", "number of the person, or code of the physician or institution"),
        Column("begins", "int32", "first day", "day"),
        Column("ends", "int32", "first day after, NO_END_DAY for none", "day"),
        Column("source", "text", "document or feed that says so"),
    ),
)

# --- what one stage of the night leaves to the next

ONLINE_AMOUNTS = (
    "self_pay_off_list_fen",
    "self_pay_over_price_fen",
    "self_pay_first_share_fen",
    "covered_fen",
    "deductible_paid_fen",
    "pool_paid_fen",
    "large_amount_paid_fen",
    "serious_illness_paid_fen",
    "civil_servant_paid_fen",
    "enterprise_paid_fen",
    "assistance_paid_fen",
    "disabled_servicemen_paid_fen",
    "other_paid_fen",
    "fund_total_fen",
    "account_paid_fen",
    "account_family_paid_fen",
    "cash_paid_fen",
    "person_total_fen",
    "hospital_part_fen",
)
"""The amounts that a claim settled online may bring along, by their names in the dictionary."""

ONLINE_PREFIX = "online_"

_PLACE = (
    Column("file", "int32", "position of its file among those sent or promised, by name"),
    Column("row", "int64", "number of the record in its file, from 1"),
)

_CLAIM = (
    Column("claim", "int32", "position of the claim in this table", key=True),
    *_PLACE,
    Column("settlement_id", "id", "the settlement"),
    Column("message_id", "id", "the message that brought it"),
    Column("visit_id", "id", "the visit"),
    Column("segment", "int32", "segment of the visit, from 1"),
    Column("person_id", "id", "the patient"),
    Column("institution_id", "code", "the institution"),
    Column("physician_id", "id", "code of the attending physician", optional=True),
    Column("original_settlement_id", "id", "what a refund or correction undoes", optional=True),
    Column("home_region", "code", "region that insures"),
    Column("care_region", "code", "region that treats"),
    Column("disease_code", "code", "disease of the visit", optional=True),
    Column("insurance", "int8", "engine.codes.enums.Insurance"),
    Column("visit_kind", "int8", "engine.codes.enums.VisitKind"),
    Column("origin", "int8", "engine.claims.origin.Origin"),
    Column("filing", "int8", "engine.claims.columns.Filing, as sent", optional=True),
    Column("refund", "bool", "whether it undoes another settlement"),
    Column("account_used", "bool", "whether the personal account may pay"),
    Column("interim", "bool", "whether it is an interim bill"),
    Column("begin_day", "int32", "first day of the visit", "day"),
    Column("end_day", "int32", "last day of the visit", "day"),
    Column("settled_at", "int64", "when it was settled, local time from 1970-01-01", "second"),
    Column("total_fen", "int64", "total charge", "fen"),
    *(
        Column(ONLINE_PREFIX + name, "int64", "the same, as settled online", "fen", optional=True)
        for name in ONLINE_AMOUNTS
    ),
)

CLAIMS_TAKEN = Table(
    "claims_taken",
    (
        *_CLAIM,
        Column("identity_no", "id", "identity number as sent", optional=True),
        Column("person_type", "int8", "engine.codes.enums.PersonType as sent", optional=True),
        Column("hospital_level", "int8", "engine.codes.enums.HospitalLevel as sent", optional=True),
    ),
)

CLAIM_LINES = Table(
    "claim_lines",
    (
        Column("claim", "int32", "position of the claim in `claims_taken`", key=True),
        Column("lines", "int64", "its lines that were read"),
        Column("fallen", "int64", "its lines that were rejected"),
        Column("lines_fen", "int64", "sum of the lines that were read", "fen"),
        Column("print", "uint64", "equal for a claim and a refund that undoes its very lines"),
    ),
)

CLAIMS_CHECKED = Table(
    "claims_checked",
    (
        *_CLAIM,
        Column("person_type", "int8", "engine.codes.enums.PersonType"),
        Column("sex", "int8", "engine.codes.enums.Sex"),
        Column("birth_day", "int32", "date of birth", "day"),
        Column("hospital_level", "int8", "engine.codes.enums.HospitalLevel"),
        Column("price_level", "int8", "level that picks ceiling prices, 1 to 3"),
        Column("deductible_level", "code", "level that picks deductibles"),
        Column("institution_kind", "code", "hospital, community or pharmacy"),
    ),
)

LINES = Table(
    "lines",
    (
        Column("claim", "int32", "position of its claim; lines lie by claim, in claim order"),
        Column("item", "int32", "position in `items`, -1 for an item code that is not there"),
        Column("quantity_e4", "int64", "quantity", "1e-4"),
        Column("price_e6", "int64", "unit price", "1e-6 yuan"),
        Column("amount_fen", "int64", "charge", "fen"),
        Column("day", "int32", "day of the charge, of a refund line that of its original", "day"),
        Column("approved", "int8", "1 where the hospital approved a limited use, 0 not, -1 unsaid"),
        *_PLACE,
    ),
)

REJECTS = Table(
    "rejects",
    (
        Column("file", "text", "name of the file", key=True),
        Column("row", "int64", "number of the record in its file, from 1", key=True),
        Column("column", "text", "column of the file that is to blame, empty for none"),
        Column("code", "code", "code of reject_codes.yaml", key=True),
        Column("value_hash", "text", "head of the SHA-256 of the value; the value is not kept"),
    ),
)

PENDING = Table(
    "pending",
    (
        *_PLACE,
        Column("settlement_id", "id", "the settlement", key=True),
        Column("lines", "int64", "how many lines wait with it"),
        Column("code", "code", "code of reject_codes.yaml"),
    ),
)

KNOWN = Table(
    "known",
    (
        Column("settlement_id", "id", "a settlement of the ledger", key=True),
        Column("institution_id", "id", "the institution"),
        Column("visit_id", "id", "the visit"),
        Column("segment", "int32", "segment of the visit"),
        Column("person_id", "id", "the patient"),
        Column("total_fen", "int64", "total charge", "fen"),
        Column("live", "bool", "whether no refund has undone it; false for refunds too"),
    ),
)
