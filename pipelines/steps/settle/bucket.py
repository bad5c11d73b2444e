"""Settles one bucket: the claims of some persons, made wide, in order, through the fold."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from engine.claims.columns import NONE, Event, EventKind, Ints, Result, State, Status
from engine.errors import ensure
from engine.policy.compiler import CompiledBook
from engine.settlement.group import tied_rows
from engine.settlement.line_book import LineBook
from engine.settlement.locate import claim_dates, locate
from engine.settlement.registered import mark_closed, mark_registered
from engine.settlement.settle import Settled, settle_located
from pipelines.steps.settle.claims import frame_of
from pipelines.steps.settle.history import Recalled
from pipelines.steps.settle.record import Records
from pipelines.steps.settle.registers import Registered
from pipelines.steps.settle.shards import Shards


@dataclass(frozen=True)
class Night:
    """What every bucket of a night reads.

    Attributes:
        table: CLAIMS_CHECKED.
        holders: by claim, whose state it is settled from.
        records: their events.
        status: by claim, SETTLED or why it has fallen before it is settled: a Status, or a code
            of the step below zero.
        original: by claim, the position of the claim that a refund undoes, else NONE.
        shards: which claims and which opening state each bucket has.
        opening: shape (k, STATE_WIDTH).
        recalled: settlements of earlier nights.
        registered: what the registers say.
        prints: by claim, `person_prints` of the texts whose keys are in Event.PERSON.
    """

    book: CompiledBook
    line_book: LineBook
    table: pa.Table
    holders: pa.ChunkedArray
    records: Records
    status: NDArray[np.int8]
    original: NDArray[np.int32]
    shards: Shards
    opening: Ints
    recalled: Recalled
    registered: Registered
    prints: NDArray[np.uint64]


@dataclass(frozen=True)
class Bucket:
    """One bucket, settled.

    Attributes:
        rows: positions of its claims among the night's.
        events: theirs, in the same order, then those of earlier nights and of registers.
        settled: what the fold made of them.
        persons: text of each person of the closing state, by row of it.
    """

    rows: Ints
    events: Ints
    settled: Settled
    persons: pl.Series


def settle_bucket(night: Night, number: int) -> Bucket:
    """Return a bucket, settled as `settle` would settle the whole night.

    Raises:
        InvariantError: an identity is broken, or two persons have one number.
    """
    rows = night.shards.claims(number)
    recalled = night.shards.recalled(number)
    registered = night.registered.events[night.shards.registered(number)]
    events = np.vstack([_events(night, rows), night.recalled.events[recalled], registered])
    events[: len(rows), Event.REF] = _originals(night, rows, recalled)
    _break_ties(events, night.table, rows)
    opening = night.opening[night.shards.opening(number)]
    settled = settle_located(night.book, events, opening, night.recalled.earlier)
    _all_taken(settled, len(events) - len(registered))
    return Bucket(rows, events, settled, _persons(night, rows, settled))


def _events(night: Night, rows: Ints) -> Ints:
    """Return the claims' events, located; those that have fallen already have no policy row."""
    events = night.records.take(rows)
    days = claim_dates(night.book, events)
    locate(night.book, events, days)
    events[:, Event.LINE_RULE] = night.line_book.rules_of(events, days)
    mark_registered(night.book, events, night.registered.held)
    mark_closed(events, night.registered.closed)
    status = night.status[rows].astype(np.int64)
    fell = (status != Status.SETTLED) & (events[:, Event.KIND] == EventKind.CLAIM)
    reason = np.where(status[fell] > 0, status[fell], int(Status.NO_POLICY))
    events[fell, Event.POLICY_ROW] = -reason
    return events


def _originals(night: Night, rows: Ints, recalled: Ints) -> Ints:
    """Return the row in the bucket of what each refund undoes, NONE for all else."""
    original = night.original[rows]
    found = np.full(len(rows), NONE, dtype=np.int64)
    tonight = original >= 0
    found[tonight] = np.searchsorted(rows, original[tonight])
    before = original < NONE
    if before.any():
        found[before] = len(rows) + np.searchsorted(recalled, NONE - 1 - original[before])
    return found


def _all_taken(settled: Settled, first: int) -> None:
    """Check that nothing fell of what registers bring, which is from row `first` on."""
    results = settled.results[settled.results[:, Result.EVENT] >= first]
    ensure(not results[:, Result.STATUS].any(), "a fact of a register was not taken")


def _break_ties(events: Ints, claims: pa.Table, rows: Ints) -> None:
    """Give claims of one person and second the order of their message and settlement ids.

    A message's id is the institution's own: two of one second may share it.
    """
    tied = tied_rows(events[: len(rows)])
    if len(tied):
        ids = frame_of(claims, ("message_id", "settlement_id"), rows[tied])
        events[tied, Event.ORDER_TIE] = ids.to_struct().rank("ordinal").to_numpy()


def _persons(night: Night, rows: Ints, settled: Settled) -> pl.Series:
    """Return the holder of each row of the closing state.

    Raises:
        InvariantError: two persons of the bucket have one number.
    """
    results = settled.results[settled.results[:, Result.EVENT] < len(rows)]
    number = results[:, Result.PERSON]
    claims = rows[results[:, Result.EVENT]]
    prints = night.prints[claims]
    alike = number[1:] == number[:-1]
    ensure(bool(((prints[1:] == prints[:-1]) == alike).all()), "two persons, one number")
    first = np.flatnonzero(np.concatenate([[True], ~alike])[: len(number)])
    by_number = first[np.argsort(number[first])]
    at = np.searchsorted(number[by_number], settled.closing[:, State.PERSON])
    return pl.Series(night.holders.take(pa.array(claims[by_number[at]])))
