"""Reads a night's claims, lines and past into what its buckets are settled from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from engine.claims.columns import NONE, Event, Ints
from engine.policy.compiler import CompiledBook
from engine.settlement.line_book import Groups, LineBook, groups_of
from engine.settlement.price_lines import Catalogue
from engine.settlement.sum_lines import price_index, slots_of
from pipelines.pricing.lines import price_catalogue
from pipelines.steps.settle.bucket import Night
from pipelines.steps.settle.claims import IDENTITY, Integers, frame_of, read_claims
from pipelines.steps.settle.events import Coded, events_of, person_prints
from pipelines.steps.settle.history import (
    Past,
    Recalled,
    opening_state,
    recall,
    with_holders,
)
from pipelines.steps.settle.pricing import Pricing, price_all
from pipelines.steps.settle.record import Records
from pipelines.steps.settle.registers import RegisterInputs, read_registers_into, registered
from pipelines.steps.settle.shards import Shards
from pipelines.threads import beside, in_order

CHUNK_CLAIMS = 1 << 16
_SAMPLE, _RARE = 10_000, 0.01


@dataclass(frozen=True, slots=True)
class SettleInputs:
    """The files that settle reads: CLAIMS_CHECKED, LINES, CATALOGUE_READ, PERSONS_READ.

    Beside them the registers, if the bureau keeps any.
    """

    claims: Path
    lines: Path
    catalogue: Path
    persons: Path
    registers: RegisterInputs | None = field(default=None, kw_only=True)


def prepare(inputs: SettleInputs, past: Past, book: CompiledBook, buckets: int | None) -> Night:
    """Return a night ready to be settled, its lines priced.

    Args:
        inputs: the files.
        past: earlier nights.
        book: the policies.
        buckets: into how many parts its persons are put; None for parts of a good size.
    """
    covers = pl.scan_parquet(inputs.persons)
    with beside(lambda: _catalogue(inputs.catalogue, book)) as prices:
        table = read_claims(inputs.claims)
        claims = with_holders(frame_of(table, IDENTITY), past)
        catalogue, group_sets = prices()
    with beside(lambda: opening_state(past, claims, covers, book)) as opened:
        coded = Coded.of(table)
        records = _records(table, claims, coded, book)
        registers = read_registers_into(inputs.registers, table, book, records)
        line_book = LineBook(book, group_sets)
        index = price_index(catalogue, *_usual_days(claims))
        slots = slots_of(index, coded.care_region.keys())
        status = price_all(inputs.lines, Pricing(book, line_book, catalogue, index, slots), records)
        opening = opened()
    known = registered(registers, covers, claims, opening, book)
    original, recalled = _originals(claims, past, book)
    persons = records.column(Event.PERSON, slice(None))
    shards = Shards(persons, opening, recalled.events, known.events, buckets)
    return Night(
        book=book,
        line_book=line_book,
        claims=claims,
        table=table,
        records=records,
        status=status,
        original=original,
        shards=shards,
        opening=opening,
        recalled=recalled,
        registered=known,
        prints=person_prints(claims["holder"]),
    )


def _catalogue(path: Path, book: CompiledBook) -> tuple[Catalogue, list[Groups]]:
    """Return the catalogue and the sets of groups that its rows have."""
    return price_catalogue(pl.read_parquet(path), groups_of(book))


def _records(table: pa.Table, claims: pl.DataFrame, coded: Coded, book: CompiledBook) -> Records:
    """Return the claims' events."""
    records = Records(len(claims))

    def read(first: int) -> Mapping[int, Integers]:
        part = slice(first, first + CHUNK_CLAIMS)
        own = table.slice(first, CHUNK_CLAIMS)
        return events_of(own, claims["holder"][part], coded.part(part), book)

    firsts = range(0, len(claims), CHUNK_CLAIMS)
    for first, columns in zip(firsts, in_order(read, firsts), strict=True):
        records.put(first, columns)
    return records


def _usual_days(claims: pl.DataFrame) -> tuple[int, int]:
    """Return the span of days, half-open, on which nearly all care of the night was given."""
    some = claims.select("begin_day", "end_day").gather_every(-(-len(claims) // _SAMPLE) or 1)
    if some.is_empty():
        return 0, 0
    first = np.quantile(some["begin_day"].to_numpy(), _RARE, method="lower")
    last = np.quantile(some["end_day"].to_numpy(), 1 - _RARE, method="higher")
    return int(first), int(last) + 1


def _originals(claims: pl.DataFrame, past: Past, book: CompiledBook) -> tuple[Ints, Recalled]:
    """Return by claim what a refund undoes, and the settlements of the ledger among that.

    What is of tonight is its position; row k of what is recalled is NONE - 1 - k; else NONE.
    """
    original = np.full(len(claims), NONE, dtype=np.int64)
    refunds = claims.filter("refund").select("claim", "holder", "original_settlement_id")
    names = refunds["original_settlement_id"].drop_nulls().unique()
    tonight = (
        claims.lazy()
        .filter(pl.col("settlement_id").is_in(names.implode()))
        # What the ledger has settled itself is undone there, and not where it is compared.
        .filter(pl.col("holder") == pl.col("person_id"))
        .select(pl.col("claim").alias("undone"), original_settlement_id="settlement_id")
        .collect()
    )
    found = refunds.join(tonight, on="original_settlement_id")
    original[found["claim"].to_numpy()] = found["undone"].to_numpy()
    recalled = recall(past, book)
    waiting = refunds.join(tonight, on="original_settlement_id", how="anti")
    for claim, *key in waiting.iter_rows():
        row = recalled.rows.get((key[0], key[1]))
        original[claim] = NONE if row is None else NONE - 1 - row
    return original, recalled
