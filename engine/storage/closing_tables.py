"""The tables of closed months: which are closed, and what came late for one of them."""

from datetime import date

import sqlalchemy as sa

from engine.storage.metadata import METADATA

CLOSED_MONTHS = sa.Table(
    "closed_months",
    METADATA,
    sa.Column("month", sa.String(7), primary_key=True),
    sa.Column("open_from", sa.String(10), nullable=False),
    sa.Column("open_second", sa.BigInteger, nullable=False),
    sa.Column("closed_by", sa.String(64), nullable=False),
    sa.Column("closed_at", sa.BigInteger, nullable=False),
)
"""Months that take nothing more, of all ledgers of the database. `open_from` is the first day after
the month, `open_second` its first second."""

LATE_SETTLEMENTS = sa.Table(
    "late_settlements",
    METADATA,
    sa.Column(
        "settlement_id",
        sa.String(64),
        sa.ForeignKey("settlements.settlement_id"),
        primary_key=True,
    ),
    sa.Column("booked_on", sa.String(10), nullable=False),
)
"""Settlements dated in a month that was closed when they were posted, and the first open day then,
on which the books have them. A trigger on `settlements` writes it, for counter and night alike."""


def open_from(connection: sa.Connection) -> date | None:
    """Return the first day that the books still take; None where no month is closed."""
    found = connection.scalar(sa.select(sa.func.max(CLOSED_MONTHS.c.open_from)))
    return None if found is None else date.fromisoformat(found)
