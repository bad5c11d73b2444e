"""Settles the buckets of a night side by side, and writes what they come to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.claims.amounts import AMOUNT_COLUMNS
from engine.claims.columns import (
    COUNTER_ID,
    COUNTER_YEAR,
    NONE,
    Event,
    EventKind,
    Ints,
    Result,
    State,
    Status,
)
from engine.claims.origin import Origin
from engine.policy.compiler import CompiledBook
from engine.settlement.columns import columns_of
from engine.settlement.settle import Settled
from engine.storage.lake_tables import LAYER_COLUMNS
from engine.storage.settled_events import EVENT_COLUMNS, EVENTS, FAMILY, REGISTERED
from engine.storage.standing_tables import HOLDER
from engine.storage.tables import ONLINE_PREFIX
from pipelines.staged.staging import StagedWriter, write_staged
from pipelines.steps.settle.bucket import Bucket, Night, settle_bucket
from pipelines.steps.settle.claims import CODED
from pipelines.steps.settle.tables import (
    CLOSING,
    DIFFERING,
    ROWS_USED,
    SETTLED,
    SettledNight,
)
from pipelines.threads import in_order

TRACE = "trace"
_WHOLE = {"year": Result.YEAR, "policy_row": Result.POLICY_ROW, "ordinal": Result.ORDINAL}
_AMOUNTS = {
    **AMOUNT_COLUMNS,
    **{name: Result.LAYER_PAID + k for k, name in enumerate(LAYER_COLUMNS)},
}
_FACTS = ("line_rule", "age", "contribution_years", "flags")
"""What settling a claim once more, or pricing its lines, asks for; its event tells them too."""

_COMPUTED = {*_FACTS, *_AMOUNTS, *_WHOLE, TRACE}
_CARRIED = [name for name in SETTLED.names if name not in _COMPUTED]
"""What a settlement says as its claim does."""

_COMPARED = ["claim", "settlement_id", *AMOUNT_COLUMNS]
_SETTLED_CODED = [name for name in CODED if name in SETTLED.names]
_COUNTER_WORDS = ("region", "scheme", "counter")


@dataclass(frozen=True)
class _Told:
    """What a bucket came to, ready to be written.

    Attributes:
        settled: SETTLED.
        events: EVENTS.
        registered: REGISTERED.
        closing: the accumulators.
        rows: positions of its claims, and `status`, what became of each.
        online: what is compared of those that were settled online.
        policy_rows: numbers of the policy rows used.
    """

    settled: pa.Table
    events: pa.Table
    registered: pl.DataFrame
    closing: pa.Table
    rows: Ints
    status: NDArray[np.int8]
    online: pl.DataFrame
    policy_rows: Ints


def settle_and_write(night: Night, claims: Path, files: SettledNight) -> NDArray[np.int8]:
    """Settle every bucket, write all files but the fallen, and return each claim's status.

    Raises:
        InvariantError: an identity does not hold on some row.
    """
    counters = _Counters(night.book)
    status = np.zeros(night.table.num_rows, dtype=np.int8)
    online, used = [_online(_nothing())], [np.zeros(0, dtype=np.int64)]

    def work(number: int) -> _Told:
        return _told(night, settle_bucket(night, number), counters)

    with (
        StagedWriter(SETTLED, files.settled, _SETTLED_CODED) as settled_file,
        StagedWriter(EVENTS, files.events) as events_file,
        StagedWriter(REGISTERED, files.registered) as registered_file,
        StagedWriter(CLOSING, files.accumulators, _COUNTER_WORDS) as closing_file,
    ):
        for told in in_order(work, range(night.shards.count)):
            settled_file.append_table(told.settled)
            events_file.append_table(told.events)
            registered_file.append(told.registered)
            closing_file.append_table(told.closing)
            status[told.rows] = told.status
            online.append(told.online)
            used.append(told.policy_rows)
    held = night.status != Status.SETTLED
    status[held] = night.status[held]
    write_staged(_differences(pl.concat(online), claims), DIFFERING, files.differences)
    write_staged(_policy_rows(np.concatenate(used), night.book), ROWS_USED, files.policy_rows)
    return status


def _told(night: Night, bucket: Bucket, counters: "_Counters") -> _Told:
    results = bucket.settled.results
    mine = results[:, Result.EVENT] < len(bucket.rows)
    kept = mine & (results[:, Result.STATUS] == Status.SETTLED)
    columns = _computed(bucket, np.flatnonzero(kept))
    settled = _settled(night.table, bucket, kept, columns)
    status = np.zeros(len(bucket.rows), dtype=np.int8)
    status[results[mine, Result.EVENT]] = results[mine, Result.STATUS]
    rows = np.unique(results[kept, Result.POLICY_ROW])
    return _Told(
        settled=settled,
        events=pa.table({name: columns[name] for name in EVENTS.names}),
        registered=_registered(bucket),
        closing=counters.told(bucket.persons, bucket.settled.closing),
        rows=bucket.rows,
        status=status,
        online=_online(settled),
        policy_rows=rows[rows >= 0],
    )


def _settled(
    claims: pa.Table,
    bucket: Bucket,
    kept: NDArray[np.bool_],
    columns: Mapping[str, pa.Array],
) -> pa.Table:
    """Return the settled claims with their amounts and traces, by person and time."""
    at = bucket.settled.results[kept, Result.EVENT]
    carried = claims.select(_CARRIED).take(pa.array(bucket.rows[at]))
    told = {name: _wide(carried.column(name)) for name in _CARRIED}
    told |= {name: columns[name] for name in _AMOUNTS}
    told |= {name: columns[name].cast(pa.int32()) for name in (*_FACTS, *_WHOLE)}
    told[TRACE] = _traces(bucket.settled, kept)
    return pa.table({name: told[name] for name in SETTLED.names})


def _wide(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column as the file has it, texts with offsets of 8 bytes."""
    return column.cast(pa.large_string()) if pa.types.is_string(column.type) else column


def _computed(bucket: Bucket, rows: Ints) -> dict[str, pa.Array]:
    """Return what some results and their events say, by name of the column it is written as."""
    results = bucket.settled.results
    told = _named(EVENT_COLUMNS, bucket.events, results[rows, Result.EVENT])
    return told | _named(_AMOUNTS | _WHOLE | {FAMILY: Result.FAMILY}, results, rows)


def _named(columns: Mapping[str, int], table: Ints, rows: Ints) -> dict[str, pa.Array]:
    """Return columns of some rows of a table by name."""
    found = columns_of(table, rows, list(columns.values()))
    return {name: pa.array(column) for name, column in zip(columns, found, strict=True)}


def _registered(bucket: Bucket) -> pl.DataFrame:
    """Return what registers put into the order of events, in each person's order."""
    results = bucket.settled.results
    theirs = (results[:, Result.EVENT] >= len(bucket.rows)) & (
        results[:, Result.KIND] != EventKind.SETTLED_BEFORE
    )
    if not theirs.any():
        return pl.DataFrame(schema=REGISTERED.schema)
    events = bucket.events[results[theirs, Result.EVENT]]
    held, first = np.unique(bucket.settled.closing[:, State.PERSON], return_index=True)
    at = first[np.searchsorted(held, events[:, Event.PERSON])]
    columns = {
        "at": Event.SCHEME,
        "kind": Event.KIND,
        "seconds": Event.ORDER_TIME,
        "day": Event.SETTLED_DAY,
        "amount_fen": Event.AMOUNT,
    }
    told = {name: np.ascontiguousarray(events[:, column]) for name, column in columns.items()}
    return pl.DataFrame({"person_id": bucket.persons.gather(at), **told})


def _traces(settled: Settled, kept: NDArray[np.bool_]) -> pa.Array:
    # A reversal notes where among these results its original stood, which tells a reader nothing.
    reversals = kept & (settled.results[:, Result.KIND] == EventKind.REVERSAL)
    settled.trace[settled.trace_first[:-1][reversals] + 1] = NONE
    kind = pa.large_list(pa.field("element", pa.int64(), nullable=False))
    lists = pa.LargeListArray.from_arrays(settled.trace_first, settled.trace, type=kind)
    return lists if kept.all() else lists.filter(pa.array(kept))


def _online(settled: pa.Table) -> pl.DataFrame:
    """Return what is compared of the claims that were settled online."""
    online = pc.equal(settled.column("origin"), int(Origin.SETTLED_ONLINE))
    return pl.DataFrame(settled.select(_COMPARED).filter(online))


def _nothing() -> pa.Table:
    return pl.DataFrame(schema=SETTLED.schema).to_arrow(compat_level=pl.CompatLevel.oldest())


class _Counters:
    """The counters of a book, to tell a closing state in words."""

    def __init__(self, book: CompiledBook) -> None:
        known = sorted(book.counter_names.items())
        self._ids = np.array([number for number, _ in known], dtype=np.int64)
        told = [(*book.book.schemes[at].key, name) for _, (at, name) in known]
        self._words = [pa.array([one[k] for one in told]).dictionary_encode() for k in range(3)]

    def told(self, persons: pl.Series, closing: Ints) -> pa.Table:
        """Return the closing state in words; counters of no policy of the book are left out."""
        counter = closing[:, State.COUNTER]
        number = counter // COUNTER_ID
        at = np.searchsorted(self._ids, number)
        known = self._ids[np.minimum(at, len(self._ids) - 1)] == number
        place = pa.array(np.where(known, at, 0))
        columns = {
            "person_id": persons.to_arrow(compat_level=pl.CompatLevel.oldest()),
            "year": pa.array((counter % COUNTER_ID // COUNTER_YEAR).astype(np.int32)),
            "month": pa.array((counter % COUNTER_YEAR).astype(np.int32)),
            "scope": pa.array(np.ascontiguousarray(closing[:, State.SCOPE])),
            "value": pa.array(np.ascontiguousarray(closing[:, State.VALUE])),
        }
        for name, words in zip(_COUNTER_WORDS, self._words, strict=True):
            columns[name] = words.take(place)
        told = pa.table({name: columns[name] for name in CLOSING.names})
        told_here = known & ~persons.str.starts_with(HOLDER).to_numpy()
        return told if told_here.all() else told.filter(pa.array(told_here))


def _differences(online: pl.DataFrame, claims: Path) -> pl.DataFrame:
    """Return what was settled online otherwise than the night finds it, amount by amount."""
    sent = pl.scan_parquet(claims).filter(pl.col("origin") == int(Origin.SETTLED_ONLINE))
    names = [name for name in AMOUNT_COLUMNS if ONLINE_PREFIX + name in sent.collect_schema()]
    both = online.lazy().join(sent.select("claim", f"^{ONLINE_PREFIX}.*$"), on="claim").collect()
    parts: Sequence[pl.DataFrame] = [
        both.select(
            "settlement_id",
            amount=pl.lit(name),
            online_fen=pl.col(ONLINE_PREFIX + name),
            recomputed_fen=pl.col(name),
        ).filter(pl.col("online_fen") != pl.col("recomputed_fen"))
        for name in names
    ]
    empty = pl.DataFrame(schema=DIFFERING.schema)
    return pl.concat([empty, *parts]).sort("settlement_id", "amount")


def _policy_rows(used: Ints, book: CompiledBook) -> pl.DataFrame:
    """Return what the policy rows of these settlements mean, for readers without this book."""
    rows = []
    for number in np.unique(used).tolist():
        info = book.infos[number]
        scheme = book.book.schemes[info.scheme]
        cell = ",".join(f"{name}={member}" for name, member in info.row.cell.items())
        place = (*scheme.key, info.entry.benefit, info.entry.begins)
        rows.append((book.book.hash, number, *place, cell, ",".join(info.slots)))
    return pl.DataFrame(rows, schema=ROWS_USED.schema, orient="row")
