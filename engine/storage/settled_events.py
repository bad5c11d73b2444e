"""Events of a night's settlements as far as the ledger keeps them, column by column."""

from engine.claims.columns import STREAMS_COUNT, Bucket, Event
from engine.settlement.facts import PLAIN
from engine.storage.tables import Column, Table

EVENT_KEYS = (Event.SCHEME, Event.MONTH, Event.LEVEL, Event.PERSON_CLASS, *PLAIN)
BUCKET_COLUMNS = {f"bucket_{k}": Event.BUCKETS + k for k in range(STREAMS_COUNT * len(Bucket))}
EVENT_COLUMNS = {key.name.lower(): int(key) for key in EVENT_KEYS} | BUCKET_COLUMNS
"""Columns of an event that its settlement is made of, beside what the settlement itself says."""

REGISTERED = Table(
    "registered",
    (
        Column("person_id", "id", "the person"),
        Column("at", "int64", "position of the scheme in the book"),
        Column("kind", "int64", "engine.claims.columns.EventKind"),
        Column("seconds", "int64", "when it stands among the person's claims", "second"),
        Column("day", "int64", "day from which it holds", "day"),
        Column("amount_fen", "int64", "amount of an entry in an account", "fen"),
    ),
)
"""What registers put into the order of a night's events, in each person's order."""

FAMILY = "account_family_paid_fen"

EVENTS = Table(
    "events",
    (
        *(Column(name, "int64", "of the event") for name in EVENT_COLUMNS),
        Column(FAMILY, "int64", "what linked accounts have paid, inside account_paid_fen", "fen"),
    ),
)
"""The events of a night's settlements, row by row and part by part as these."""
