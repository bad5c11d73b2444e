"""Optional tables that rules read beside claims: terms of items, and what was recorded."""

from engine.storage.tables import Column, Table

ITEM_TERMS = Table(
    "item_terms",
    (
        Column("kind", "code", "what the row says of the item, as docs/rules.md lists it"),
        Column("item_code", "id", "national code of the item"),
        Column("region", "code", "care region that the row holds in, * everywhere"),
        Column("valid_from", "date", "first day of the row"),
        Column("valid_to", "date", "day on which the row holds no more", optional=True),
        Column("low", "price", "least value", optional=True),
        Column("high", "price", "greatest value", optional=True),
        Column("window", "text", "days that are counted together", optional=True),
        Column("unit", "code", "day or visit, of an interaction", optional=True),
        Column("words", "text", "heads of diagnosis codes, by spaces", optional=True),
        Column("others", "text", "codes of the other items, by spaces", optional=True),
        Column("source", "text", "document that says so"),
    ),
)
"""What is known of items beside the catalogue. A bureau that knows nothing brings no such file."""

RECORDS = Table(
    "records",
    (
        Column("record", "code", "what was noted, as docs/rules.md lists it"),
        Column("settlement_id", "id", "the settlement", optional=True),
        Column("subject", "id", "the person, or the institution", optional=True),
        Column("item_code", "id", "national code of the item", optional=True),
        Column("day", "date", "day that it is of", optional=True),
        Column("minute", "text", "minute of that day, 0 to 1439", optional=True),
        Column("value", "text", "what it says", optional=True),
        Column("quantity", "text", "how much, with at most 4 places", optional=True),
    ),
)
"""What stands beside claims: trace codes, orders, stock, terminals. Optional as a whole."""

ITEM_TERMS_READ = Table(
    "item_terms_read",
    (
        Column("kind", "code", "what the row says of the item"),
        Column("point", "text", "its place in the file"),
        Column("item", "int32", "position in `items`"),
        Column("region", "code", "care region, * everywhere"),
        Column("valid_from", "int32", "first day", "day"),
        Column("valid_to", "int32", "first day after, NO_END_DAY for none", "day"),
        Column("low", "int64", "least value, whole", optional=True),
        Column("high", "int64", "greatest value: 1e-6 yuan of a price, else 1e-4", optional=True),
        Column("window", "int64", "days that are counted together", optional=True),
        Column("unit", "code", "day or visit, of an interaction"),
        Column("words", "text", "heads of diagnosis codes, by spaces", optional=True),
        Column("others", "text", "codes of the other items, by spaces", optional=True),
    ),
)

RECORDS_READ = Table(
    "records_read",
    (
        Column("record", "code", "what was noted"),
        Column("settlement_id", "id", "the settlement", optional=True),
        Column("subject", "id", "the person, or the institution", optional=True),
        Column("item", "int32", "position in `items`, -1 for a code not there", optional=True),
        Column("day", "int32", "day that it is of", "day", optional=True),
        Column("minute", "int32", "minute of that day", optional=True),
        Column("value", "text", "what it says", optional=True),
        Column("quantity_e4", "int64", "how much", "1e-4", optional=True),
    ),
)
