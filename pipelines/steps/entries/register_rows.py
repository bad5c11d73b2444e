"""What registers bring into the ledger with a night, as settlements of their own.

Those are the opening balances of accounts, entries in them, and changes of cover.
"""

import polars as pl

from engine.claims.columns import STREAMS_COUNT, Bucket, EventKind
from engine.policy.compiler import CompiledBook
from engine.storage import ledger_tables as t
from engine.storage.audit import canonical
from engine.storage.ledger_rows import named_settlement

REGISTER = "register"
"""Sender of what the registers bring in, here as in the service."""

DAY_SECONDS = 86_400
FACT = {
    "person_id": pl.String,
    "region": pl.String,
    "scheme": pl.String,
    "kind": pl.Int64,
    "seconds": pl.Int64,
    "day": pl.Int64,
    "amount_fen": pl.Int64,
    "message_id": pl.String,
}
"""Columns of the facts of a night."""


def opening_facts(balances: pl.DataFrame, day: int) -> pl.DataFrame:
    """Return opening balances as facts, before all others; each enters once for ever."""
    name = pl.concat_str("region", "scheme", "person_id", separator=".")
    return balances.select(
        "person_id",
        "region",
        "scheme",
        kind=pl.lit(int(EventKind.ACCOUNT_CREDIT), dtype=pl.Int64),
        seconds=pl.lit(-1, dtype=pl.Int64),
        day=pl.lit(day, dtype=pl.Int64),
        amount_fen="account_balance_fen",
        message_id=name,
    )


def register_facts(registered: pl.DataFrame, night: str, book: CompiledBook) -> pl.DataFrame:
    """Return the night's register facts; their names tell night, person and place among these."""
    keys = dict(enumerate(scheme.key for scheme in book.book.schemes))
    at = registered["at"].to_list()
    places = registered.select(pl.int_range(0, pl.len()).over("person_id")).to_series()
    names = [
        named_settlement((night, person), place)
        for person, place in zip(registered["person_id"], places, strict=True)
    ]
    return registered.with_columns(
        region=pl.Series([keys[one][0] for one in at], dtype=pl.String),
        scheme=pl.Series([keys[one][1] for one in at], dtype=pl.String),
        message_id=pl.Series(names, dtype=pl.String),
    ).select(*FACT)


def fact_id(message_id: str) -> str:
    """Return the id of the settlement that a fact makes."""
    return named_settlement((REGISTER, message_id), 0)


def fact_rows(facts: pl.DataFrame, book: CompiledBook) -> pl.DataFrame:
    """Return rows of the table `settlements`, less when they are posted.

    Args:
        facts: columns FACT, `settlement_id` and `version`.
        book: the policies.
    """
    buckets = canonical({"buckets": [0] * (STREAMS_COUNT * len(Bucket))}).strip("{}")
    inner = pl.format(
        '"amount":{},{},"kind":{},"settled_day":{}',
        "amount_fen",
        pl.lit(buckets),
        "kind",
        "day",
    )
    constants = {
        "institution_id": "",
        "sender_id": REGISTER,
        "number": 0,
        "policy_hash": book.book.hash,
        "ordinal": -1,
        "year": 0,
        "trace": b"",
        **dict.fromkeys((*t.AMOUNTS, *t.LAYER_PAID, *t.CAP_LEFT), 0),
    }
    absent = {
        "visit_id": pl.String,
        "segment": pl.Int32,
        "reverses": pl.String,
        "cause": pl.String,
        "benefit": pl.String,
        "begins_day": pl.Int64,
        "cell": pl.String,
    }
    return facts.with_columns(
        *(pl.lit(value).alias(name) for name, value in constants.items()),
        *(pl.lit(None, dtype=kind).alias(name) for name, kind in absent.items()),
        facts=pl.concat_str(pl.lit("{"), inner, pl.lit("}")),
        settled_at=pl.col("day") * DAY_SECONDS,
    ).select(column.name for column in t.SETTLEMENTS.columns if column.name != "posted_at")
