"""The ledger: years, counters, settlements with what they fed, legs, messages, variances."""

import sqlalchemy as sa
from alembic import op

from engine.storage.migrations.triggers import keep_rows, make_functions, refuse_insert

revision = "0002"
down_revision = "0001"

ID, CODE = sa.String(64), sa.String(32)
LAYERS = range(1, 9)
APPLICATION = 7
BUCKETS = (
    "self_pay_off_list_fen",
    "self_pay_over_price_fen",
    "self_pay_first_share_fen",
    "covered_fen",
)
FUNDS = (
    "pool_paid_fen",
    "large_amount_paid_fen",
    "serious_illness_paid_fen",
    "civil_servant_paid_fen",
    "enterprise_paid_fen",
    "assistance_paid_fen",
    "injury_paid_fen",
    "maternity_paid_fen",
    "other_paid_fen",
)
AMOUNTS = (
    "total_fen",
    *BUCKETS,
    "deductible_paid_fen",
    *FUNDS,
    "fund_total_fen",
    "account_paid_fen",
    "cash_paid_fen",
    "person_total_fen",
    "hospital_part_fen",
    "account_family_paid_fen",
)
LAYER_PAID = tuple(f"layer_{k}_paid_fen" for k in LAYERS)
CAP_LEFT = tuple(f"layer_{k}_cap_left_fen" for k in LAYERS)


def upgrade() -> None:
    """Make the tables and the triggers that keep their rows."""
    _years_and_counters()
    _settlements()
    _contributions_and_legs()
    _live_and_variances()
    _messages()
    make_functions()
    for table in ("settlements", "contributions", "variances", "legs"):
        keep_rows(table)
    # An answer may be forgotten after its time; the hash and the settlement stay.
    keep_rows(
        "messages",
        unless="NEW.answer IS NULL AND NEW.sender_id = OLD.sender_id"
        " AND NEW.message_id = OLD.message_id AND NEW.body_hash = OLD.body_hash"
        " AND NEW.verb = OLD.verb AND NEW.person_id = OLD.person_id"
        " AND NEW.posted_at = OLD.posted_at",
    )
    unbalanced = (
        "EXISTS (SELECT 1 FROM legs WHERE legs.settlement_id = NEW.settlement_id"
        " GROUP BY legs.purse HAVING sum(legs.amount_fen) <> 0)"
    )
    refuse_insert("settlements", unbalanced, "the legs of a settlement do not sum to zero")
    late = "EXISTS (SELECT 1 FROM settlements s WHERE s.settlement_id = NEW.settlement_id)"
    refuse_insert("legs", late, "a settlement that is posted takes no more legs")


def _fen(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _year_key(*, primary: bool) -> tuple[sa.Column[str] | sa.Column[int], ...]:
    return (
        sa.Column("person_id", ID, primary_key=primary, nullable=False),
        sa.Column("region", CODE, primary_key=primary, nullable=False),
        sa.Column("scheme", CODE, primary_key=primary, nullable=False),
        sa.Column("year", sa.Integer, primary_key=primary, nullable=False),
    )


def _counter_key() -> tuple[sa.Column[str] | sa.Column[int], ...]:
    return (
        sa.Column("counter", CODE, primary_key=True),
        sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("month", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("scope", sa.BigInteger, primary_key=True, autoincrement=False),
    )


def _settlement(name: str) -> sa.Column[str]:
    return sa.Column(name, ID, sa.ForeignKey("settlements.settlement_id"), primary_key=True)


def _years_and_counters() -> None:
    op.create_table("person_years", *_year_key(primary=True), _fen("version"))
    op.create_table(
        "counters",
        sa.Column("person_id", ID, primary_key=True),
        sa.Column("region", CODE, primary_key=True),
        sa.Column("scheme", CODE, primary_key=True),
        *_counter_key(),
        _fen("value"),
        _fen("version"),
        sa.CheckConstraint("value >= 0", name="not_negative"),
    )


def _settlements() -> None:
    op.create_table(
        "settlements",
        sa.Column("settlement_id", ID, primary_key=True),
        sa.Column("institution_id", ID, nullable=False),
        sa.Column("sender_id", ID, nullable=False),
        sa.Column("message_id", ID, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        *_year_key(primary=False),
        _fen("version"),
        sa.Column("visit_id", ID),
        sa.Column("segment", sa.Integer),
        sa.Column("reverses", ID, sa.ForeignKey("settlements.settlement_id"), unique=True),
        sa.Column("cause", ID),
        _fen("settled_at"),
        _fen("posted_at"),
        sa.Column("policy_hash", sa.String(64), nullable=False),
        sa.Column("benefit", CODE),
        sa.Column("begins_day", sa.Integer),
        sa.Column("cell", sa.Text),
        sa.Column("ordinal", sa.Integer, nullable=False),
        *(_fen(name) for name in (*AMOUNTS, *LAYER_PAID, *CAP_LEFT)),
        sa.Column("facts", sa.Text),
        sa.Column("trace", sa.LargeBinary, nullable=False),
        *_identities(),
    )


def _identities() -> tuple[sa.Constraint, ...]:
    parts = (*BUCKETS, *FUNDS, "account_paid_fen", "account_family_paid_fen", "deductible_paid_fen")
    positive = " AND ".join(f"{name} >= 0" for name in parts)
    negative = " AND ".join(f"{name} <= 0" for name in parts)
    pairs = zip(LAYER_PAID, CAP_LEFT, strict=True)
    caps = " AND ".join(f"({left} < 0 OR {paid} <= {left})" for paid, left in pairs)
    checks = {
        "buckets": f"total_fen = {' + '.join(BUCKETS)}",
        "funds": f"fund_total_fen = {' + '.join(FUNDS)}"
        f" AND fund_total_fen = {' + '.join(LAYER_PAID)}",
        "payers": "total_fen = fund_total_fen + account_paid_fen + cash_paid_fen"
        " + hospital_part_fen AND person_total_fen = account_paid_fen + cash_paid_fen",
        "caps": caps,
        "signs": f"(reverses IS NULL AND {positive}"
        f" AND (cash_paid_fen >= 0 OR kind = {APPLICATION}))"
        f" OR (reverses IS NOT NULL AND {negative}"
        " AND (cash_paid_fen <= 0 OR total_fen = 0))",
    }
    return (
        sa.UniqueConstraint("person_id", "region", "scheme", "year", "version"),
        sa.UniqueConstraint("sender_id", "message_id", "number"),
        *(sa.CheckConstraint(check, name=name) for name, check in checks.items()),
    )


def _contributions_and_legs() -> None:
    op.create_table(
        "contributions",
        _settlement("settlement_id"),
        *_counter_key(),
        _fen("before"),
        _fen("gain"),
    )
    op.create_table(
        "legs",
        sa.Column(
            "settlement_id",
            ID,
            # Legs are written before the settlement, whose trigger adds them up.
            sa.ForeignKey("settlements.settlement_id", deferrable=True, initially="DEFERRED"),
            primary_key=True,
        ),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("account", sa.SmallInteger, nullable=False),
        sa.Column("purse", sa.SmallInteger, nullable=False),
        sa.Column("party", ID, nullable=False),
        _fen("amount_fen"),
        sa.CheckConstraint("amount_fen <> 0", name="not_zero"),
    )


def _live_and_variances() -> None:
    op.create_table(
        "live_settlements",
        sa.Column("institution_id", ID, primary_key=True),
        sa.Column("visit_id", ID, primary_key=True),
        sa.Column("segment", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column(
            "settlement_id",
            ID,
            sa.ForeignKey("settlements.settlement_id"),
            nullable=False,
            unique=True,
        ),
    )
    op.create_table(
        "variances",
        _settlement("settlement_id"),
        _settlement("cause"),
        sa.Column("amount", CODE, primary_key=True),
        _fen("paid_fen"),
        _fen("would_be_fen"),
    )


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("sender_id", ID, primary_key=True),
        sa.Column("message_id", ID, primary_key=True),
        sa.Column("verb", CODE, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("answer", sa.LargeBinary),
        _fen("posted_at"),
    )
