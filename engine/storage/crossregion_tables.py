"""The tables of care in another region: claims of the region of care, and what is cleared.

What the region of insurance settles is in its ledger, under the claim's id as message id.
"""

import sqlalchemy as sa

from engine.storage.metadata import METADATA

ID, CODE = sa.String(64), sa.String(32)

CROSS_CLAIMS = sa.Table(
    "cross_claims",
    METADATA,
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
    sa.Column("live", sa.String(160), nullable=True, unique=True),
    sa.Column("ask", sa.LargeBinary, nullable=False),
    sa.Column("answer", sa.LargeBinary, nullable=True),
    sa.Column("settled_day", sa.Integer, nullable=False),
    sa.Column("reversal_id", ID, nullable=True, unique=True),
    sa.Column("reversal", sa.LargeBinary, nullable=True),
    sa.Column("reversed_day", sa.Integer, nullable=True),
    sa.UniqueConstraint("institution_id", "message_id"),
    sa.Index("ix_cross_claims_state", "state"),
    sa.Index("ix_cross_claims_visit", "institution_id", "visit_id", "segment"),
    sa.CheckConstraint("state IN ('asked', 'settled', 'reversing', 'reversed')", name="state"),
    sa.CheckConstraint("state <> 'settled' OR answer IS NOT NULL", name="settled_has_split"),
    sa.CheckConstraint("state <> 'reversing' OR reversal IS NOT NULL", name="reversing_has_ask"),
    sa.CheckConstraint("(live IS NULL) = (state = 'reversed')", name="live_till_undone"),
)
"""Written before anything is sent, so that no message is ever unaccounted for. `live` names visit
and segment while the claim holds them or may; `ask` and `reversal` are the very bytes sent."""

CLEARING_ITEMS = sa.Table(
    "clearing_items",
    METADATA,
    sa.Column("region", CODE, primary_key=True),
    sa.Column("role", CODE, primary_key=True),
    sa.Column("item_id", ID, primary_key=True),
    sa.Column("purse", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("other", CODE, nullable=False),
    sa.Column("claim_id", ID, nullable=False, index=True),
    sa.Column("kind", CODE, nullable=False),
    sa.Column("day", sa.Integer, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("statement", ID, nullable=True, index=True),
    sa.Index("ix_clearing_items_pair", "region", "role", "other", "day"),
    sa.CheckConstraint("role IN ('care', 'home')", name="role"),
    sa.CheckConstraint("kind IN ('claim', 'reversal', 'deduction')", name="kind"),
    sa.CheckConstraint(
        "amount_fen <> 0 AND ((kind = 'claim') = (amount_fen > 0))", name="sign_of_its_kind"
    ),
)
"""What one region owes another, item by item and purse by purse, above zero where the region of
insurance owes; `statement` names the month's statement that the item went into."""
