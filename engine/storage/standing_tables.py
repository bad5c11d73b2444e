"""What a night reads from the ledger before it settles, declared column by column."""

from engine.claims.amounts import AMOUNT_COLUMNS
from engine.storage.lake_tables import ACCUMULATORS, LAYER_COLUMNS
from engine.storage.tables import Column, Table

HOLDER = "settled "
"""What stands before a settlement's id where it is a holder of state; no person's id has blanks."""

_HOLDER = Column("person_id", "id", "the person, or one claim posted online as if it were one")
_COUNTER = tuple(
    column
    for column in ACCUMULATORS.columns
    if column.name not in {"night", "person_id", "region", "scheme"}
)
_SCHEME = (
    Column("region", "code", "region of the scheme"),
    Column("scheme", "code", "the scheme"),
)

STANDING_COUNTERS = Table("standing_counters", (_HOLDER, *_SCHEME, *_COUNTER))

STANDING_YEARS = Table(
    "standing_years",
    (
        Column("person_id", "id", "the person", key=True),
        *(Column(column.name, "code", column.meaning, key=True) for column in _SCHEME),
        Column("year", "int32", "insurance year, 0 for all that outlasts one", key=True),
        Column("version", "int64", "number of the last settlement"),
    ),
)

POSTED_ONLINE = Table(
    "posted_online",
    (
        Column("settlement_id", "id", "a claim of tonight that the ledger has settled", key=True),
        Column("holder", "text", "under what name its state stands among the counters"),
    ),
)

SENT_BEFORE = Table(
    "sent_before",
    (
        Column("institution_id", "id", "who sent the message", key=True),
        Column("message_id", "id", "its id, which a claim of tonight bears too", key=True),
        Column("next_number", "int64", "number of the next settlement under it"),
        Column("online", "bool", "whether it came online"),
    ),
)

RECALLED = Table(
    "recalled",
    (
        _HOLDER,
        Column("settlement_id", "id", "a live settlement that may be undone tonight", key=True),
        Column("institution_id", "id", "the institution"),
        Column("visit_id", "id", "the visit"),
        Column("segment", "int32", "segment of the visit"),
        *_SCHEME,
        Column("year", "int32", "insurance year"),
        Column("version", "int64", "its place among those of the person and scheme"),
        Column("settled_at", "int64", "when it was settled, local time", "second"),
        Column("ordinal", "int32", "how many stays the year had before"),
        Column("policy_hash", "text", "hash of the policy book that settled it"),
        Column("benefit", "code", "the benefit", optional=True),
        Column("begins_day", "int64", "first day of the dated entry", "day", optional=True),
        Column("cell", "text", "combination of dimensions", optional=True),
        *(Column(name, "int64", "amount", "fen") for name in (*AMOUNT_COLUMNS, *LAYER_COLUMNS)),
    ),
)

RECALLED_FEEDS = Table(
    "recalled_feeds",
    (
        Column("settlement_id", "id", "the settlement", key=True),
        *(column for column in _COUNTER if column.name != "value"),
        Column("gain", "int64", "what it added to the counter", "ufen"),
    ),
)

DECLARED = Table(
    "declared",
    (
        Column("person_id", "id", "the person"),
        Column("region", "code", "region that insures"),
        Column("insurance", "int8", "engine.codes.enums.Insurance"),
        Column("filing", "int8", "Filing.TRANSFER of a referral, else null", optional=True),
        Column("care_region", "code", "region of care that it is for, * for any"),
        Column("institution_id", "id", "hospital that it is for", optional=True),
        Column("disease_code", "code", "disease that it is for", optional=True),
        Column("valid_from", "int32", "first day", "day"),
        Column("valid_to", "int32", "first day after", "day"),
    ),
)
"""What institutions have declared of the night's persons and have not taken back."""
