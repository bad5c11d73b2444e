"""The tables of cases and of postings that no settlement makes; their rows are never changed.

Only `cases`, where each case stands, follows its events. Its `person_id` is the person or the
institution whose case it is.
"""

import sqlalchemy as sa

from engine.storage.metadata import METADATA

ID, CODE = sa.String(64), sa.String(32)

CASES = sa.Table(
    "cases",
    METADATA,
    sa.Column("kind", CODE, primary_key=True),
    sa.Column("case_id", ID, primary_key=True),
    sa.Column("person_id", ID, nullable=False),
    sa.Column("region", CODE, nullable=False),
    sa.Column("opened_on", sa.String(10), nullable=False),
    sa.Column("events", sa.Integer, nullable=False),
    sa.Column("last", CODE, nullable=False),
)

CASE_EVENTS = sa.Table(
    "case_events",
    METADATA,
    sa.Column("kind", CODE, primary_key=True),
    sa.Column("case_id", ID, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("event", CODE, nullable=False),
    sa.Column("on", sa.String(10), nullable=False),
    sa.Column("actor", ID, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.ForeignKeyConstraint(["kind", "case_id"], ["cases.kind", "cases.case_id"]),
)

CASE_INVOICES = sa.Table(
    "case_invoices",
    METADATA,
    sa.Column("invoice", ID, primary_key=True),
    sa.Column("kind", CODE, primary_key=True),
    sa.Column("case_id", ID, primary_key=True),
    sa.ForeignKeyConstraint(["kind", "case_id"], ["cases.kind", "cases.case_id"]),
)
"""Which invoices a case was entered with; one invoice in two open cases is a finding."""

POSTINGS = sa.Table(
    "postings",
    METADATA,
    sa.Column("authority", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("region", CODE, primary_key=True),
    sa.Column("posting_id", sa.String(128), primary_key=True),
    sa.Column("night", sa.String(10), nullable=False),
    sa.Column("cause", ID, nullable=False),
)
"""Postings that follow a case: payment orders, dues between agencies."""

POSTING_LEGS = sa.Table(
    "posting_legs",
    METADATA,
    sa.Column("authority", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("region", CODE, primary_key=True),
    sa.Column("posting_id", sa.String(128), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("account", sa.SmallInteger, nullable=False),
    sa.Column("purse", sa.SmallInteger, nullable=False),
    sa.Column("party", ID, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(
        ["authority", "region", "posting_id"],
        ["postings.authority", "postings.region", "postings.posting_id"],
        deferrable=True,
        initially="DEFERRED",
    ),
    sa.CheckConstraint("amount_fen <> 0", name="not_zero"),
    sa.CheckConstraint("(authority = 2) = (purse = 6)", name="one_authority"),
)
"""Written before their posting: a trigger lets no posting in whose legs do not sum to zero purse
by purse, and no leg after it. The injury authority's ledger holds the injury fund alone."""
