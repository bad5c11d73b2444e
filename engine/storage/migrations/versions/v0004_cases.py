"""Cases, their events and invoices; postings that follow from cases."""

import sqlalchemy as sa
from alembic import op

from engine.storage.migrations.triggers import keep_rows, refuse_insert

revision = "0004"
down_revision = "0003"

ID, CODE = sa.String(64), sa.String(32)


def upgrade() -> None:
    """Make the tables and the triggers that keep their rows."""
    _cases()
    _postings()
    for table in ("case_events", "case_invoices", "postings", "posting_legs"):
        keep_rows(table)
    unbalanced = (
        "EXISTS (SELECT 1 FROM posting_legs l WHERE l.authority = NEW.authority"
        " AND l.region = NEW.region AND l.posting_id = NEW.posting_id"
        " GROUP BY l.purse HAVING sum(l.amount_fen) <> 0)"
    )
    refuse_insert("postings", unbalanced, "the legs of a posting do not sum to zero")
    late = (
        "EXISTS (SELECT 1 FROM postings p WHERE p.authority = NEW.authority"
        " AND p.region = NEW.region AND p.posting_id = NEW.posting_id)"
    )
    refuse_insert("posting_legs", late, "a posting takes no more legs")


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("kind", CODE, primary_key=True),
        sa.Column("case_id", ID, primary_key=True),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("region", CODE, nullable=False),
        sa.Column("opened_on", sa.String(10), nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("last", CODE, nullable=False),
    )
    op.create_table(
        "case_events",
        sa.Column("kind", CODE, primary_key=True),
        sa.Column("case_id", ID, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("event", CODE, nullable=False),
        sa.Column("on", sa.String(10), nullable=False),
        sa.Column("actor", ID, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["kind", "case_id"], ["cases.kind", "cases.case_id"]),
    )
    op.create_table(
        "case_invoices",
        sa.Column("invoice", ID, primary_key=True),
        sa.Column("kind", CODE, primary_key=True),
        sa.Column("case_id", ID, primary_key=True),
        sa.ForeignKeyConstraint(["kind", "case_id"], ["cases.kind", "cases.case_id"]),
    )


def _posting_key() -> tuple[sa.Column[int] | sa.Column[str], ...]:
    return (
        sa.Column("authority", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("region", CODE, primary_key=True),
        sa.Column("posting_id", sa.String(128), primary_key=True),
    )


def _postings() -> None:
    op.create_table(
        "postings",
        *_posting_key(),
        sa.Column("night", sa.String(10), nullable=False),
        sa.Column("cause", ID, nullable=False),
    )
    op.create_table(
        "posting_legs",
        *_posting_key(),
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
