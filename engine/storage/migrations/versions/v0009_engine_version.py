"""The version of the engine that settled a night, which its receipts name."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column; nights that are published keep it empty."""
    op.add_column("nights", sa.Column("engine_version", sa.String(32), nullable=True))
