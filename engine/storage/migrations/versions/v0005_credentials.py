"""The keys of institutions, and the signed requests that were seen."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "institution_keys",
        sa.Column("access_key", sa.String(64), primary_key=True),
        sa.Column("institution_id", sa.String(64), nullable=False),
        sa.Column("secret", sa.String(128), nullable=False),
        sa.Column("issued_at", sa.BigInteger, nullable=False),
        sa.Column("revoked_at", sa.BigInteger, nullable=True),
    )
    op.create_index("ix_institution_keys_institution_id", "institution_keys", ["institution_id"])
    op.create_table(
        "requests_seen",
        sa.Column("access_key", sa.String(64), primary_key=True),
        sa.Column("signature", sa.String(128), primary_key=True),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_requests_seen_seen_at", "requests_seen", ["seen_at"])
