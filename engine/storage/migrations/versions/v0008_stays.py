"""Stays beside out-patient visits; lines name the bill that they are part of."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

ID = sa.String(64)


def upgrade() -> None:
    """Add what stays tell, and let lines name their bill instead of their settlement."""
    for column in (
        sa.Column("end_day", sa.Integer, nullable=True),
        sa.Column("presence", sa.String(32), nullable=False, server_default="registered"),
        sa.Column("final_segment", sa.Integer, nullable=True),
        sa.Column("told", sa.Text, nullable=False, server_default="{}"),
    ):
        op.add_column("visits", column)
    op.execute("UPDATE visits SET presence = 'cancelled' WHERE cancelled")
    op.drop_column("visits", "cancelled")
    op.create_index("ix_visits_person_id", "visits", ["person_id"])
    op.add_column("visit_lines", sa.Column("bill_id", ID, nullable=True))
    op.add_column("visit_lines", sa.Column("segment", sa.Integer, nullable=True))
    op.execute(
        "UPDATE visit_lines SET bill_id = visit_id || '.' || batch, segment = 1"
        " WHERE settlement_id IS NOT NULL"
    )
    op.drop_index("ix_visit_lines_settlement_id", "visit_lines")
    op.drop_column("visit_lines", "settlement_id")
    op.create_index("ix_visit_lines_bill", "visit_lines", ["institution_id", "bill_id", "segment"])
