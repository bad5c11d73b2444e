"""Visits that institutions register, their lines, and the answers of the national form."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

ID = sa.String(64)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "exchanges",
        sa.Column("sender_id", ID, primary_key=True),
        sa.Column("message_id", ID, primary_key=True),
        sa.Column("transaction", sa.String(16), nullable=False),
        sa.Column("body_hash", ID, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.Column("answered_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "visits",
        sa.Column("institution_id", ID, primary_key=True),
        sa.Column("visit_id", ID, primary_key=True),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("home_region", sa.String(6), nullable=False),
        sa.Column("care_region", sa.String(6), nullable=False),
        sa.Column("insurance", sa.SmallInteger, nullable=False),
        sa.Column("visit_kind", sa.SmallInteger, nullable=True),
        sa.Column("begin_day", sa.Integer, nullable=False),
        sa.Column("disease_code", ID, nullable=True),
        sa.Column("cancelled", sa.Boolean, nullable=False),
    )
    op.create_table(
        "visit_lines",
        sa.Column("institution_id", ID, primary_key=True),
        sa.Column("visit_id", ID, primary_key=True),
        sa.Column("line_id", ID, primary_key=True),
        sa.Column("batch", ID, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("settlement_id", ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["institution_id", "visit_id"], ["visits.institution_id", "visits.visit_id"]
        ),
    )
    op.create_index("ix_visit_lines_settlement_id", "visit_lines", ["settlement_id"])
