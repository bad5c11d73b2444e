"""Claims on other regions as the region of care holds them, and what is cleared between regions."""

import sqlalchemy as sa
from alembic import op

from engine.storage.migrations.triggers import keep_rows

revision = "0010"
down_revision = "0009"

ID, CODE = sa.String(64), sa.String(32)


def upgrade() -> None:
    """Make the tables and the triggers that keep their rows."""
    _claims()
    _items()
    keep_rows(
        "cross_claims",
        unless="OLD.claim_id = NEW.claim_id AND OLD.ask = NEW.ask AND OLD.home_region ="
        " NEW.home_region AND OLD.message_id = NEW.message_id AND OLD.state <> 'reversed'",
    )
    keep_rows(
        "clearing_items",
        unless="OLD.statement IS NULL AND OLD.item_id = NEW.item_id AND OLD.purse = NEW.purse"
        " AND OLD.other = NEW.other AND OLD.day = NEW.day AND OLD.amount_fen = NEW.amount_fen",
    )


def _claims() -> None:
    op.create_table(
        "cross_claims",
        sa.Column("claim_id", ID, primary_key=True),
        sa.Column("region", CODE, nullable=False),
        sa.Column("home_region", CODE, nullable=False),
        sa.Column("institution_id", ID, nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("body_hash", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("visit_id", ID, nullable=False),
        sa.Column("segment", sa.Integer, nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("live", sa.String(160), nullable=True),
        sa.Column("ask", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=True),
        sa.Column("settled_day", sa.Integer, nullable=False),
        sa.Column("reversal_id", ID, nullable=True),
        sa.Column("reversal", sa.LargeBinary, nullable=True),
        sa.Column("reversed_day", sa.Integer, nullable=True),
        sa.UniqueConstraint("institution_id", "message_id", name="uq_cross_claims_institution_id"),
        sa.UniqueConstraint("live", name="uq_cross_claims_live"),
        sa.UniqueConstraint("reversal_id", name="uq_cross_claims_reversal_id"),
        sa.CheckConstraint(
            "state IN ('asked', 'settled', 'reversing', 'reversed')", name="ck_cross_claims_state"
        ),
        sa.CheckConstraint(
            "state <> 'settled' OR answer IS NOT NULL", name="ck_cross_claims_settled_has_split"
        ),
        sa.CheckConstraint(
            "state <> 'reversing' OR reversal IS NOT NULL", name="ck_cross_claims_reversing_has_ask"
        ),
        sa.CheckConstraint(
            "(live IS NULL) = (state = 'reversed')", name="ck_cross_claims_live_till_undone"
        ),
    )
    op.create_index("ix_cross_claims_state", "cross_claims", ["state"])
    op.create_index(
        "ix_cross_claims_visit", "cross_claims", ["institution_id", "visit_id", "segment"]
    )


def _items() -> None:
    op.create_table(
        "clearing_items",
        sa.Column("region", CODE, primary_key=True),
        sa.Column("role", CODE, primary_key=True),
        sa.Column("item_id", ID, primary_key=True),
        sa.Column("purse", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("other", CODE, nullable=False),
        sa.Column("claim_id", ID, nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("statement", ID, nullable=True),
        sa.CheckConstraint("role IN ('care', 'home')", name="ck_clearing_items_role"),
        sa.CheckConstraint(
            "kind IN ('claim', 'reversal', 'deduction')", name="ck_clearing_items_kind"
        ),
        sa.CheckConstraint(
            "amount_fen <> 0 AND ((kind = 'claim') = (amount_fen > 0))",
            name="ck_clearing_items_sign_of_its_kind",
        ),
    )
    op.create_index("ix_clearing_items_claim_id", "clearing_items", ["claim_id"])
    op.create_index("ix_clearing_items_statement", "clearing_items", ["statement"])
    op.create_index("ix_clearing_items_pair", "clearing_items", ["region", "role", "other", "day"])
