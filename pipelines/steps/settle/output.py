"""Settles the buckets of a night side by side, and writes what they come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
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
from engine.settlement.settle import Settled
from engine.storage.lake_tables import LAYER_COLUMNS
from engine.storage.tables import ONLINE_PREFIX
from pipelines.staging import StagedWriter, write_staged
from pipelines.steps.settle.bucket import Bucket, Night, settle_bucket
from pipelines.steps.settle.tables import (
    CLOSING,
    DIFFERING,
    ROWS_USED,
    SETTLED,
    SettledNight,
)
from pipelines.threads import in_order

_WHOLE = {"year": Result.YEAR, "policy_row": Result.POLICY_ROW, "ordinal": Result.ORDINAL}
_AMOUNTS = {
    **AMOUNT_COLUMNS,
    **{name: Result.LAYER_PAID + k for k, name in enumerate(LAYER_COLUMNS)},
}
_FACTS = {
    "line_rule": Event.LINE_RULE,
    "age": Event.AGE,
    "contribution_years": Event.CONTRIBUTION_YEARS,
    "flags": Event.FLAGS,
}
"""What settling a claim once more, or pricing its lines, asks for."""

_ONLINE = pl.col("origin") == int(Origin.SETTLED_ONLINE)


@dataclass(frozen=True)
class _Told:
    """What a bucket came to, ready to be written.

    Attributes:
        settled: SETTLED.
        closing: the accumulators.
        rows: positions of its claims, and `status`, what became of each.
        online: SETTLED of those that were settled online.
        policy_rows: numbers of the policy rows used.
    """

    settled: pl.DataFrame
    closing: pl.DataFrame
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
    status = np.zeros(len(night.claims), dtype=np.int8)
    online, used = [pl.DataFrame(schema=SETTLED.schema)], [np.zeros(0, dtype=np.int64)]

    def work(number: int) -> _Told:
        return _told(night, settle_bucket(night, number), counters)

    with (
        StagedWriter(SETTLED, files.settled) as settled_file,
        StagedWriter(CLOSING, files.accumulators) as closing_file,
    ):
        for told in in_order(work, range(night.shards.count)):
            settled_file.append(told.settled)
            closing_file.append(told.closing)
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
    settled = _settled(night.claims, bucket, kept)
    status = np.zeros(len(bucket.rows), dtype=np.int8)
    status[results[mine, Result.EVENT]] = results[mine, Result.STATUS]
    rows = np.unique(results[kept, Result.POLICY_ROW])
    return _Told(
        settled=settled,
        closing=counters.told(bucket.persons, bucket.settled.closing),
        rows=bucket.rows,
        status=status,
        online=settled.filter(_ONLINE),
        policy_rows=rows[rows >= 0],
    )


def _settled(claims: pl.DataFrame, bucket: Bucket, kept: NDArray[np.bool_]) -> pl.DataFrame:
    """Return the settled claims with their amounts and traces, by person and time."""
    results = bucket.settled.results[kept]
    columns = np.ascontiguousarray(results.T)
    told: pl.DataFrame = claims[bucket.rows[columns[Result.EVENT]]]
    facts = bucket.events[columns[Result.EVENT]]
    return told.with_columns(
        *(pl.Series(name, facts[:, column].astype(np.int32)) for name, column in _FACTS.items()),
        *(pl.Series(name, columns[column]) for name, column in _AMOUNTS.items()),
        *(pl.Series(name, columns[column].astype(np.int32)) for name, column in _WHOLE.items()),
        _traces(bucket.settled, kept),
    ).select(SETTLED.names)


def _traces(settled: Settled, kept: NDArray[np.bool_]) -> pl.Series:
    # A reversal notes where among these results its original stood, which tells a reader nothing.
    reversals = kept & (settled.results[:, Result.KIND] == EventKind.REVERSAL)
    settled.trace[settled.trace_first[:-1][reversals] + 1] = NONE
    lists = pa.LargeListArray.from_arrays(settled.trace_first, settled.trace)
    return pl.Series("trace", lists if kept.all() else lists.filter(pa.array(kept)))


class _Counters:
    """The counters of a book, to tell a closing state in words."""

    def __init__(self, book: CompiledBook) -> None:
        known = sorted(book.counter_names.items())
        self._ids = np.array([number for number, _ in known], dtype=np.int64)
        schemes = [book.book.schemes[at].key for _, (at, _) in known]
        self._words = pl.DataFrame(
            {
                "region": [region for region, _ in schemes],
                "scheme": [scheme for _, scheme in schemes],
                "counter": [name for _, (_, name) in known],
            },
            schema=dict.fromkeys(("region", "scheme", "counter"), pl.String),
        )

    def told(self, persons: pl.Series, closing: Ints) -> pl.DataFrame:
        """Return the closing state in words; counters of no policy of the book are left out."""
        counter = closing[:, State.COUNTER]
        number = counter // COUNTER_ID
        at = np.searchsorted(self._ids, number)
        known = self._ids[np.minimum(at, len(self._ids) - 1)] == number
        words = self._words[np.where(known, at, 0)].with_columns(
            person_id=persons,
            year=pl.Series((counter % COUNTER_ID // COUNTER_YEAR).astype(np.int32)),
            month=pl.Series((counter % COUNTER_YEAR).astype(np.int32)),
            scope=pl.Series(np.ascontiguousarray(closing[:, State.SCOPE])),
            value=pl.Series(np.ascontiguousarray(closing[:, State.VALUE])),
        )
        told = words.select(CLOSING.names)
        return told if known.all() else told.filter(pl.Series(known))


def _differences(online: pl.DataFrame, claims: Path) -> pl.DataFrame:
    """Return what was settled online otherwise than the night finds it, amount by amount."""
    sent = pl.scan_parquet(claims).filter(_ONLINE)
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
