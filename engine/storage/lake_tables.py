"""The tables of the lake: what a night publishes. Enumerations are stored as their integers."""

from engine.claims.amounts import AMOUNT_COLUMNS
from engine.claims.columns import LAYERS_MAX
from engine.codes.enums import Fund
from engine.storage.tables import PENDING, REJECTS, Column, Table

_NIGHT = Column("night", "date", "night that published the row, yyyy-MM-dd", key=True)

_RESULT = (
    Column("year", "int32", "insurance year"),
    Column("policy_row", "int32", "row of `policy_rows` under the night's policy hash"),
    Column("ordinal", "int32", "how many stays the year had before, -1 where none are counted"),
    *(Column(name, "int64", "amount", "fen") for name in AMOUNT_COLUMNS),
    *(
        Column(f"layer_{k + 1}_paid_fen", "int64", "payment of the benefit's layer", "fen")
        for k in range(LAYERS_MAX)
    ),
    *(
        Column(f"layer_{k + 1}_cap_left_fen", "int64", "cap left before, -1 without cap", "fen")
        for k in range(LAYERS_MAX)
    ),
)

LAYER_COLUMNS = tuple(column.name for column in _RESULT if column.name.startswith("layer_"))

SETTLEMENTS = Table(
    "settlements",
    (
        _NIGHT,
        Column("settlement_id", "id", "the settlement", key=True),
        Column("message_id", "id", "the message that brought it"),
        Column("visit_id", "id", "the visit"),
        Column("segment", "int32", "segment of the visit"),
        Column("person_id", "id", "the patient"),
        Column("institution_id", "id", "the institution"),
        Column("physician_id", "id", "code of the attending physician", optional=True),
        Column("original_settlement_id", "id", "the settlement that it cancels", optional=True),
        Column("home_region", "code", "region that insures"),
        Column("care_region", "code", "region that treats"),
        Column("disease_code", "code", "disease of the visit", optional=True),
        Column("insurance", "int8", "engine.codes.enums.Insurance"),
        Column("visit_kind", "int8", "engine.codes.enums.VisitKind"),
        Column("person_type", "int8", "engine.codes.enums.PersonType"),
        Column("sex", "int8", "engine.codes.enums.Sex"),
        Column("deductible_level", "code", "level that picked the deductible"),
        Column("origin", "int8", "engine.claims.origin.Origin"),
        Column("refund", "bool", "whether it cancels another settlement"),
        Column("begin_day", "int32", "first day of the visit", "day"),
        Column("end_day", "int32", "last day of the visit", "day"),
        Column("settled_at", "int64", "when it was settled, local time", "second"),
        *_RESULT,
        Column("trace", "int64s", "steps as triples, engine.claims.columns.Step"),
    ),
)

ACCUMULATORS = Table(
    "accumulators",
    (
        _NIGHT,
        Column("person_id", "id", "the person", key=True),
        Column("region", "code", "region of the scheme", key=True),
        Column("scheme", "code", "the scheme", key=True),
        Column("counter", "text", "name of the counter in the scheme", key=True),
        Column("year", "int32", "insurance year, or year of the month, 0 for life", key=True),
        Column("month", "int32", "month of a counter kept by month, else 0", key=True),
        Column("scope", "int64", "level, disease or institution of a counter kept so, else 0"),
        Column("value", "int64", "1e-6 fen for money, else a count", "ufen"),
    ),
)

TOTALS = Table(
    "totals",
    (
        _NIGHT,
        Column("region", "code", "region that insures", key=True),
        Column("institution_id", "id", "the institution", key=True),
        Column("insurance", "int8", "engine.codes.enums.Insurance", key=True),
        Column("origin", "int8", "engine.claims.origin.Origin", key=True),
        Column("claims", "int64", "settlements, refunds among them"),
        *(Column(name, "int64", "sum of the amounts", "fen") for name in AMOUNT_COLUMNS),
    ),
)

FINDINGS = Table(
    "findings",
    (
        _NIGHT,
        Column("rule_id", "code", "rule of engine/rules/catalogue.yaml", key=True),
        Column("level", "code", "definite or suspicious"),
        Column("settlement_id", "id", "the settlement that is flagged", key=True),
        Column("other_settlement_id", "id", "the settlement it collides with", optional=True),
        Column("lines", "int64s", "numbers of its lines in their file, empty for the whole claim"),
        Column("amount_fen", "int64", "what the funds would not have paid", "fen"),
        *(
            Column(f"{fund.name.lower()}_fen", "int64", "of that, this fund", "fen")
            for fund in Fund
        ),
        Column("account_fen", "int64", "what the personal account would not have paid", "fen"),
        Column("cash_fen", "int64", "what the patient would not have paid in cash", "fen"),
    ),
)

LEADS = Table(
    "leads",
    (
        _NIGHT,
        Column("kind", "code", "institution, physician or person", key=True),
        Column("place", "int32", "place in the queue of its kind, from 1", key=True),
        Column("institution_id", "id", "the institution, or that of most settlements"),
        Column("physician_id", "id", "the physician, of that kind", optional=True),
        Column("person_id", "id", "the person, of that kind", optional=True),
        Column("by_chance", "bool", "drawn by chance, whatever its score"),
        Column("claims", "int64", "settlements of the window"),
        Column("probability_ppm", "int32", "that a finding would be sustained", "ppm"),
        Column("recoverable_fen", "int64", "fund money beyond the peers' median", "fen"),
        Column("expected_fen", "int64", "probability x recoverable, less the cost", "fen"),
        Column("reasons", "int64s", "for each figure five numbers, models.unit_reasons"),
    ),
)
"""Whom to look at first. A lead pays nothing, takes nothing and names no breach."""

DIFFERENCES = Table(
    "differences",
    (
        _NIGHT,
        Column("settlement_id", "id", "a claim settled online", key=True),
        Column("amount", "text", "amount key that differs", key=True),
        Column("online_fen", "int64", "as settled online", "fen"),
        Column("recomputed_fen", "int64", "as the night finds it", "fen"),
    ),
)

POLICY_ROWS = Table(
    "policy_rows",
    (
        _NIGHT,
        Column("policy_hash", "text", "hash of the policy book", key=True),
        Column("policy_row", "int32", "row in the compiled book", key=True),
        Column("region", "code", "region of the scheme"),
        Column("scheme", "code", "the scheme"),
        Column("benefit", "text", "the benefit"),
        Column("begins", "int32", "first day of the dated entry", "day"),
        Column("cell", "text", "dimension=member, joined by commas"),
        Column("counters", "text", "counters of the row's slots, joined by commas"),
    ),
)

LAKE_TABLES = {
    table.name: table
    for table in (
        SETTLEMENTS,
        ACCUMULATORS,
        TOTALS,
        FINDINGS,
        LEADS,
        DIFFERENCES,
        POLICY_ROWS,
        Table("rejects", (_NIGHT, *REJECTS.columns)),
        Table("pending", (_NIGHT, *PENDING.columns)),
    )
}
"""Every table of the lake by name."""
