"""The audit chains, and where each of them stands."""

import sqlalchemy as sa
from alembic import op

from engine.storage.migrations.triggers import keep_rows

revision = "0003"
down_revision = "0002"

CHAINS = 16


def upgrade() -> None:
    """Make the tables; every chain begins empty."""
    op.create_table(
        "audit_records",
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(128), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    keep_rows("audit_records")
    heads = op.create_table(
        "audit_heads",
        sa.Column("chain", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.bulk_insert(
        heads, [{"chain": k, "sequence": k - CHAINS, "hash": "0" * 64} for k in range(CHAINS)]
    )
