"""Closed months: their postings are refused, settlements that come late go to the open month."""

import sqlalchemy as sa
from alembic import op

from engine.storage.migrations.triggers import keep_rows, refuse_insert

revision = "0012"
down_revision = "0011"

ID, DAY = sa.String(64), sa.String(10)
BOOK_LATE = """CREATE TRIGGER book_late AFTER INSERT ON settlements
WHEN NEW.settled_at < (SELECT max(open_second) FROM closed_months)
BEGIN
    INSERT INTO late_settlements (settlement_id, booked_on)
    SELECT NEW.settlement_id, max(open_from) FROM closed_months;
END"""
BOOK_ALL_LATE = """CREATE FUNCTION book_late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO late_settlements (settlement_id, booked_on)
    SELECT n.settlement_id, max(c.open_from) FROM new_settlements n CROSS JOIN closed_months c
    WHERE c.open_second > n.settled_at GROUP BY n.settlement_id;
    RETURN NULL;
END $$"""
AFTER_STATEMENT = """CREATE TRIGGER book_late AFTER INSERT ON settlements
REFERENCING NEW TABLE AS new_settlements FOR EACH STATEMENT EXECUTE FUNCTION book_late()"""


def upgrade() -> None:
    """Make the tables and what fills and guards them."""
    op.create_table(
        "closed_months",
        sa.Column("month", sa.String(7), primary_key=True),
        sa.Column("open_from", DAY, nullable=False),
        sa.Column("open_second", sa.BigInteger, nullable=False),
        sa.Column("closed_by", ID, nullable=False),
        sa.Column("closed_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "late_settlements",
        sa.Column("settlement_id", ID, primary_key=True),
        sa.Column("booked_on", DAY, nullable=False),
        sa.ForeignKeyConstraint(["settlement_id"], ["settlements.settlement_id"]),
    )
    keep_rows("closed_months")
    keep_rows("late_settlements")
    _book_late()
    closed = "NEW.night < (SELECT max(open_from) FROM closed_months)"
    refuse_insert("postings", closed, "the month is closed", name="closed_month")


def _book_late() -> None:
    if op.get_context().dialect.name == "sqlite":
        op.execute(BOOK_LATE)
        return
    # PostgreSQL asks once for each statement: a night writes its settlements by the ten thousand.
    op.execute(BOOK_ALL_LATE)
    op.execute(AFTER_STATEMENT)
