"""Filings that institutions declare, their statements of account, files and settlement lists."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

ID = sa.String(64)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "filings",
        sa.Column("filing_id", ID, primary_key=True),
        sa.Column("declared_by", ID, nullable=False),
        sa.Column("transaction", sa.String(16), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("region", sa.String(6), nullable=False),
        sa.Column("insurance", sa.SmallInteger, nullable=False),
        sa.Column("care_region", sa.String(6), nullable=False),
        sa.Column("institution_id", ID, nullable=True),
        sa.Column("disease_code", ID, nullable=True),
        sa.Column("valid_from", sa.Integer, nullable=False),
        sa.Column("valid_to", sa.Integer, nullable=False),
        sa.Column("cancelled", sa.Boolean, nullable=False),
    )
    op.create_index("ix_filings_person_id", "filings", ["person_id"])
    op.create_table(
        "institution_files",
        sa.Column("file_id", ID, primary_key=True),
        sa.Column("institution_id", ID, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("stored_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "clearing_applications",
        sa.Column("application_id", ID, primary_key=True),
        sa.Column("institution_id", ID, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("status", sa.String(2), nullable=False),
        sa.Column("applied_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "settlement_lists",
        sa.Column("institution_id", ID, primary_key=True),
        sa.Column("settlement_id", ID, primary_key=True),
        sa.Column("list_id", ID, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("stored_at", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["settlement_id"], ["settlements.settlement_id"]),
    )
