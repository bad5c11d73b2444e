"""How each key signs, secrets of the service's own, and settlements by the time of posting."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns, the table and the index."""
    gateway = sa.Column("scheme", sa.String(32), nullable=False, server_default="gateway-hmac-sha1")
    op.add_column("institution_keys", gateway)
    for name, length in (
        ("public_key", 128),
        ("platform_public_key", 128),
        ("platform_private_key", 64),
    ):
        column = sa.Column(name, sa.String(length), nullable=False, server_default="")
        op.add_column("institution_keys", column)
    sandbox = sa.Column("sandbox", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("institution_keys", sandbox)
    op.create_table(
        "service_secrets",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("secret", sa.String(128), nullable=False),
    )
    op.create_index(
        "ix_settlements_institution_posted",
        "settlements",
        ["institution_id", "posted_at", "settlement_id"],
    )
