"""The tables of the ledger: years, counters, settlements, legs, messages.

The database repeats the identities of a settlement, so that a bug in Python cannot break them.
Rows are never changed: a correction is an opposite row that names its original. What is live now
is an index of its own (`LIVE`), and so are the years and counters that settlements add up to.
"""

import sqlalchemy as sa

from engine.claims.amounts import AMOUNT_COLUMNS
from engine.claims.columns import LAYERS_MAX, EventKind, Result
from engine.codes.enums import Fund
from engine.storage.metadata import METADATA

ID, CODE = sa.String(64), sa.String(32)
FAMILY = "account_family_paid_fen"
AMOUNTS = {**AMOUNT_COLUMNS, FAMILY: int(Result.FAMILY)}
"""Amount column of a settlement -> column of a result."""

LAYER_PAID = {f"layer_{k + 1}_paid_fen": Result.LAYER_PAID + k for k in range(LAYERS_MAX)}
CAP_LEFT = {f"layer_{k + 1}_cap_left_fen": Result.CAP_LEFT + k for k in range(LAYERS_MAX)}
FUNDS = tuple(f"{fund.name.lower()}_paid_fen" for fund in Fund)
BUCKETS = (
    "self_pay_off_list_fen",
    "self_pay_over_price_fen",
    "self_pay_first_share_fen",
    "covered_fen",
)


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


PERSON_YEARS = sa.Table(
    "person_years",
    METADATA,
    *_year_key(primary=True),
    sa.Column("version", sa.BigInteger, nullable=False),
)
"""What a settlement locks: the patient's insurance years; year 0 stands for the account and for all
that outlasts a year. `version` is the number of the last settlement, in the order of all years."""

COUNTERS = sa.Table(
    "counters",
    METADATA,
    sa.Column("person_id", ID, primary_key=True),
    sa.Column("region", CODE, primary_key=True),
    sa.Column("scheme", CODE, primary_key=True),
    *_counter_key(),
    sa.Column("value", sa.BigInteger, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.CheckConstraint("value >= 0", name="not_negative"),
)
"""What settlements add up to, in ufen or stays; `version` counts the settlements that fed it."""


def _sum(names: tuple[str, ...]) -> str:
    return " + ".join(names)


def _signs() -> str:
    """Return that a settlement has no part below zero, and its reversal none above.

    Only an application pays a negative cash amount; the hospital's part has either sign.
    """
    parts = [*BUCKETS, *FUNDS, "account_paid_fen", FAMILY, "deductible_paid_fen"]
    positive = " AND ".join(f"{name} >= 0" for name in parts)
    negative = " AND ".join(f"{name} <= 0" for name in parts)
    application = int(EventKind.APPLICATION)
    return (
        f"(reverses IS NULL AND {positive} AND (cash_paid_fen >= 0 OR kind = {application}))"
        f" OR (reverses IS NOT NULL AND {negative} AND (cash_paid_fen <= 0 OR total_fen = 0))"
    )


def _caps() -> str:
    pairs = zip(LAYER_PAID, CAP_LEFT, strict=True)
    return " AND ".join(f"({left} < 0 OR {paid} <= {left})" for paid, left in pairs)


def _fen(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


SETTLEMENTS = sa.Table(
    "settlements",
    METADATA,
    sa.Column("settlement_id", ID, primary_key=True),
    sa.Column("institution_id", ID, nullable=False),
    sa.Column("sender_id", ID, nullable=False),
    sa.Column("message_id", ID, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("kind", sa.SmallInteger, nullable=False),
    *_year_key(primary=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("visit_id", ID),
    sa.Column("segment", sa.Integer),
    sa.Column("reverses", ID, sa.ForeignKey("settlements.settlement_id"), unique=True),
    sa.Column("cause", ID),
    sa.Column("settled_at", sa.BigInteger, nullable=False),
    sa.Column("posted_at", sa.BigInteger, nullable=False),
    sa.Column("policy_hash", sa.String(64), nullable=False),
    sa.Column("benefit", CODE),
    sa.Column("begins_day", sa.Integer),
    sa.Column("cell", sa.Text),
    sa.Column("ordinal", sa.Integer, nullable=False),
    *(_fen(name) for name in AMOUNTS),
    *(_fen(name) for name in LAYER_PAID),
    *(_fen(name) for name in CAP_LEFT),
    sa.Column("facts", sa.Text),
    sa.Column("trace", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("person_id", "region", "scheme", "year", "version"),
    sa.UniqueConstraint("sender_id", "message_id", "number"),
    sa.CheckConstraint(f"total_fen = {_sum(BUCKETS)}", name="buckets"),
    sa.CheckConstraint(
        f"fund_total_fen = {_sum(FUNDS)} AND fund_total_fen = {_sum(tuple(LAYER_PAID))}",
        name="funds",
    ),
    sa.CheckConstraint(
        "total_fen = fund_total_fen + account_paid_fen + cash_paid_fen + hospital_part_fen"
        " AND person_total_fen = account_paid_fen + cash_paid_fen",
        name="payers",
    ),
    sa.CheckConstraint(_caps(), name="caps"),
    sa.CheckConstraint(_signs(), name="signs"),
    sa.Index("ix_settlements_institution_posted", "institution_id", "posted_at", "settlement_id"),
)
"""Every posted event with its amounts, stated facts and trace. `reverses` names what a reversal
undoes, `cause` the reversal for whose sake a later claim was settled anew, `facts` the event in
words that outlast the policy book."""

CONTRIBUTIONS = sa.Table(
    "contributions",
    METADATA,
    sa.Column("settlement_id", ID, sa.ForeignKey("settlements.settlement_id"), primary_key=True),
    *_counter_key(),
    sa.Column("before", sa.BigInteger, nullable=False),
    sa.Column("gain", sa.BigInteger, nullable=False),
)
"""What a settlement found in a counter and added to it: counters are the sums of these."""

LIVE = sa.Table(
    "live_settlements",
    METADATA,
    sa.Column("institution_id", ID, primary_key=True),
    sa.Column("visit_id", ID, primary_key=True),
    sa.Column("segment", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column(
        "settlement_id", ID, sa.ForeignKey("settlements.settlement_id"), nullable=False, unique=True
    ),
)
"""The one live settlement of each visit's segment; a reversal takes the row away."""

MESSAGES = sa.Table(
    "messages",
    METADATA,
    sa.Column("sender_id", ID, primary_key=True),
    sa.Column("message_id", ID, primary_key=True),
    sa.Column("verb", CODE, nullable=False),
    sa.Column("person_id", ID, nullable=False),
    sa.Column("body_hash", sa.String(64), nullable=False),
    sa.Column("answer", sa.LargeBinary),
    sa.Column("posted_at", sa.BigInteger, nullable=False),
)
"""Every message that changed something, with the bytes that answered it; null when forgotten."""

VARIANCES = sa.Table(
    "variances",
    METADATA,
    sa.Column("settlement_id", ID, sa.ForeignKey("settlements.settlement_id"), primary_key=True),
    sa.Column("cause", ID, sa.ForeignKey("settlements.settlement_id"), primary_key=True),
    sa.Column("amount", CODE, primary_key=True),
    _fen("paid_fen"),
    _fen("would_be_fen"),
)
"""Later settlements that stand although `cause` undid one before them, amount by amount."""

LEGS = sa.Table(
    "legs",
    METADATA,
    sa.Column(
        "settlement_id",
        ID,
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
"""Double entry of a settlement. They are written before it: a trigger lets no settlement in whose
legs do not sum to zero purse by purse, and no leg after its settlement."""

IMMUTABLE = ("settlements", "contributions", "variances", "legs", "messages")
"""Tables whose rows a trigger keeps as they were written."""
