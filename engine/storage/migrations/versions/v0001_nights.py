"""Nights and the files that they have read; databases older than migrations have both."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables where they are missing."""
    op.create_table(
        "nights",
        sa.Column("night", sa.String(10), primary_key=True),
        sa.Column("input_hash", sa.String(64), nullable=False),
        sa.Column("policy_hash", sa.String(64), nullable=False),
        sa.Column("result_hash", sa.String(64), nullable=False),
        sa.Column("versions", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "files_taken",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("night", sa.String(10), sa.ForeignKey("nights.night"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        if_not_exists=True,
    )
