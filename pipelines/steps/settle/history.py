"""What the ledger held before the night: the opening state, and what a refund may cancel."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

from engine.claims.amounts import AMOUNT_COLUMNS
from engine.claims.columns import (
    COUNTER_ID,
    COUNTER_YEAR,
    EVENT_WIDTH,
    NONE,
    RESULT_WIDTH,
    STATE_WIDTH,
    UFEN,
    Event,
    EventKind,
    Ints,
    Result,
    State,
)
from engine.policy.book import cell_text
from engine.policy.compiler import CompiledBook
from engine.policy.packer import BALANCE, packed
from engine.settlement.settle import Earlier
from engine.storage.lake_tables import LAYER_COLUMNS
from engine.storage.standing_tables import (
    POSTED_ONLINE,
    RECALLED,
    RECALLED_FEEDS,
    STANDING_COUNTERS,
)
from engine.storage.tables import KNOWN
from pipelines.register_credits import register_credits
from pipelines.steps.settle.claims import frame_of
from pipelines.steps.settle.events import person_key, person_keys, stay_keys
from pipelines.steps.settle.shards import KEY_BITS


@dataclass(frozen=True)
class Past:
    """What the ledger held before the night, each as `engine.storage.standing_tables` has it.

    Attributes:
        counters: STANDING_COUNTERS.
        known: KNOWN.
        posted: POSTED_ONLINE.
        recalled: RECALLED.
        feeds: RECALLED_FEEDS.
    """

    counters: pl.LazyFrame
    known: pl.LazyFrame
    posted: pl.LazyFrame
    recalled: pl.LazyFrame
    feeds: pl.LazyFrame

    @classmethod
    def of(cls, **held: pl.LazyFrame) -> "Past":
        """Return a past that holds nothing but the tables that are given."""
        empty = {name: pl.LazyFrame(schema=table.schema) for name, table in _TABLES.items()}
        return cls(**(empty | held))


_SEEN_BITS = 26
_CREDITED = ("region", "cover_from", "account_balance_fen")
_STATE = {
    "person_id": State.PERSON,
    "key": State.COUNTER,
    "scope": State.SCOPE,
    "value": State.VALUE,
}
_TABLES = {
    "counters": STANDING_COUNTERS,
    "known": KNOWN,
    "posted": POSTED_ONLINE,
    "recalled": RECALLED,
    "feeds": RECALLED_FEEDS,
}


def holders_of(claims: pa.Table, past: Past) -> pa.ChunkedArray:
    """Return by claim whose state it is settled from.

    It is the person; a claim that the ledger has settled itself, online, stands apart with the
    state that it found there. It is compared, and adds nothing to the person's state.
    """
    posted = past.posted.collect()
    if posted.is_empty():
        return claims.column("person_id")
    named = frame_of(claims, ("settlement_id", "person_id"))
    joined = named.join(posted, on="settlement_id", how="left", maintain_order="left")
    holders = joined.select(pl.coalesce("holder", "person_id")).to_series()
    return pa.chunked_array([holders.to_arrow(compat_level=pl.CompatLevel.oldest())])


def opening_state(past: Past, holders: Ints, persons: pl.LazyFrame, book: CompiledBook) -> Ints:
    """Return the state of the claims' holders, shape (k, STATE_WIDTH); few others may be among it.

    A person without a balance in the ledger has that of the register.

    Args:
        past: earlier nights.
        holders: by claim, the number of its holder.
        persons: PERSONS_READ.
        book: the policies.
    """
    counters = pl.LazyFrame(
        [
            (*book.book.schemes[at].key, name, number)
            for number, (at, name) in book.counter_names.items()
        ],
        schema={"region": pl.String, "scheme": pl.String, "counter": pl.String, "id": pl.Int64},
        orient="row",
    )
    # By numbers, as the fold tells persons apart: their texts are hashed once, and never held.
    held = past.counters.with_columns(person_key("person_id").alias("person_id"))
    ours = persons.select(person_key("person_id").alias("person_id"), *_CREDITED)
    balances = register_credits(_of_holders(ours, holders), held, book).select(
        "person_id",
        "region",
        "scheme",
        counter=pl.lit(BALANCE),
        year=pl.lit(0, dtype=pl.Int32),
        month=pl.lit(0, dtype=pl.Int32),
        scope=pl.lit(0, dtype=pl.Int64),
        value=pl.col("account_balance_fen") * UFEN,
    )
    parts = [_numbered(frame, counters) for frame in (held, balances.lazy())]
    state = np.empty((sum(map(len, parts)), STATE_WIDTH), dtype=np.int64)
    for name, column in _STATE.items():
        np.concatenate([part[name].to_numpy() for part in parts], out=state[:, column])
    return state


def _of_holders(persons: pl.LazyFrame, holders: Ints) -> pl.LazyFrame:
    """Return the credited persons of tonight, by the upper bits of their numbers.

    A stranger who shares these with one of them stays: the fold leaves out whoever has no claim.
    """
    seen = np.zeros(1 << _SEEN_BITS, dtype=np.bool_)
    seen[holders >> (KEY_BITS - _SEEN_BITS)] = True
    found = persons.filter(pl.col("account_balance_fen") > 0).collect()
    ours = seen[found["person_id"].to_numpy() >> (KEY_BITS - _SEEN_BITS)]
    return found.lazy().filter(pl.Series(ours))


def _numbered(frame: pl.LazyFrame, counters: pl.LazyFrame) -> pl.DataFrame:
    """Return counters as numbers, those of the book; columns of _STATE."""
    period = pl.col("year").cast(pl.Int64) * COUNTER_YEAR + pl.col("month").cast(pl.Int64)
    return (
        frame.join(counters, on=["region", "scheme", "counter"], maintain_order="left")
        .select("person_id", "scope", "value", key=pl.col("id") * COUNTER_ID + period)
        .collect(engine="streaming")
    )


@dataclass(frozen=True)
class Recalled:
    """Settlements of the ledger that refunds of tonight may cancel.

    events: (n, EVENT_WIDTH) of kind SETTLED_BEFORE; earlier: what they point to; rows: the row of
    each by the holder who may cancel it and its settlement_id.
    """

    events: Ints
    earlier: Earlier
    rows: dict[tuple[str, str], int]


def recall(past: Past, book: CompiledBook) -> Recalled:
    """Return the settlements that refunds of tonight may cancel, before all that is of tonight."""
    found = past.recalled.collect()
    feeds = _feeds(past, found, book)
    events = np.full((len(found), EVENT_WIDTH), NONE, dtype=np.int64)
    events[:, Event.AMOUNT :] = 0
    events[:, Event.KIND] = EventKind.SETTLED_BEFORE
    events[:, Event.PERSON] = person_keys(found["person_id"])
    # As they were posted, not as they were dated: a late claim stands where it was settled.
    events[:, Event.ORDER_TIME] = 0
    events[:, Event.ORDER_TIE] = np.arange(len(found))
    events[:, Event.REF] = np.arange(len(found))
    events[:, Event.YEAR] = found["year"].to_numpy()
    events[:, Event.VISIT] = stay_keys(found)
    events[:, Event.SETTLED_DAY] = found["settled_at"].to_numpy() // 86_400
    events[:, Event.SCHEME] = _schemes(found, book)
    of = feeds[:, 0]
    events[:, Event.ARG] = np.searchsorted(of, np.arange(len(found)))
    events[:, Event.AMOUNT] = np.bincount(of, minlength=len(found))
    rows = {key: k for k, key in enumerate(found.select("person_id", "settlement_id").iter_rows())}
    return Recalled(
        events, Earlier(_results(found, book), np.ascontiguousarray(feeds[:, 1:])), rows
    )


def _schemes(found: pl.DataFrame, book: CompiledBook) -> Ints:
    position = {scheme.key: at for at, scheme in enumerate(book.book.schemes)}
    keys = found.select("region", "scheme").iter_rows()
    return np.array([position.get(key, NONE) for key in keys], dtype=np.int64)


def _feeds(past: Past, found: pl.DataFrame, book: CompiledBook) -> Ints:
    """Return row of `found`, counter, scope and gain of what each settlement has fed."""
    fed = (
        found.select("settlement_id", "region", "scheme")
        .with_row_index("of")
        .lazy()
        .join(past.feeds, on="settlement_id")
        .sort("of", "counter", "year", "month", "scope")
        .collect()
    )
    rows = [
        (of, packed(region, scheme, name, year, month), scope, gain)
        for of, region, scheme, name, year, month, scope, gain in fed.select(
            "of", "region", "scheme", "counter", "year", "month", "scope", "gain"
        ).iter_rows()
        if book.book.index(region, scheme) is not None
    ]
    return np.array(rows, dtype=np.int64).reshape(-1, 4)


def _results(found: pl.DataFrame, book: CompiledBook) -> Ints:
    """Return recalled settlements as results; a row of another book has no number in this one."""
    results = np.zeros((len(found), RESULT_WIDTH), dtype=np.int64)
    for name, column in AMOUNT_COLUMNS.items():
        results[:, column] = found[name].to_numpy()
    for k, name in enumerate(LAYER_COLUMNS):
        results[:, Result.LAYER_PAID + k] = found[name].to_numpy()
    results[:, Result.YEAR] = found["year"].to_numpy()
    results[:, Result.POLICY_ROW] = _policy_rows(found, book)
    results[:, Result.ORDINAL] = found["ordinal"].to_numpy()
    return results


def _policy_rows(found: pl.DataFrame, book: CompiledBook) -> Ints:
    numbers = {
        (*book.book.schemes[info.scheme].key, info.entry.benefit, info.entry.begins, cell): number
        for number, info in enumerate(book.infos if len(found) else ())
        for cell in [cell_text(info.row.cell)]
    }
    names = ("region", "scheme", "benefit", "begins_day", "cell")
    ours = (found["policy_hash"] == book.book.hash).to_list()
    rows = zip(ours, found.select(names).iter_rows(), strict=True)
    return np.array([numbers.get(row, NONE) if same else NONE for same, row in rows], np.int64)
