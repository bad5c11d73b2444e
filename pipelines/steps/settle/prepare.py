"""Reads a night's claims, lines and past into what its buckets are settled from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from engine.claims.columns import NONE, Event
from engine.policy.compiler import CompiledBook
from engine.settlement.line_book import Groups, LineBook, groups_of
from engine.settlement.price_lines import Catalogue
from engine.settlement.sum_lines import price_index, slots_of
from pipelines.pricing.lines import price_catalogue
from pipelines.steps.settle.bucket import Night
from pipelines.steps.settle.claims import (
    ONLY_FACTS,
    Integers,
    frame_of,
    integers_of,
    read_claims,
)
from pipelines.steps.settle.events import Coded, events_of, person_keys, person_prints
from pipelines.steps.settle.history import (
    Past,
    Recalled,
    holders_of,
    opening_state,
    recall,
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
        holders = holders_of(table, past)
        catalogue, group_sets = prices()
    coded = Coded.of(table)
    records, prints = _records(table, holders, coded, book)
    persons = records.column(Event.PERSON, slice(None))
    with beside(lambda: opening_state(past, persons, covers, book)) as opened:
        registers = read_registers_into(inputs.registers, table, book, records)
        table = table.drop_columns(list(ONLY_FACTS))
        line_book = LineBook(book, group_sets)
        index = price_index(catalogue, *_usual_days(table))
        slots = slots_of(index, coded.care_region.keys())
        status = price_all(inputs.lines, Pricing(book, line_book, catalogue, index, slots), records)
        opening = opened()
    known = registered(registers, covers, (table, holders), opening, book)
    original, recalled = _originals(table, holders, past, book)
    shards = Shards(persons, opening, recalled.events, known.events, buckets)
    return Night(
        book=book,
        line_book=line_book,
        table=table,
        holders=holders,
        records=records,
        status=status,
        original=original,
        shards=shards,
        opening=opening,
        recalled=recalled,
        registered=known,
        prints=prints,
    )


def _catalogue(path: Path, book: CompiledBook) -> tuple[Catalogue, list[Groups]]:
    """Return the catalogue and the sets of groups that its rows have."""
    return price_catalogue(pl.read_parquet(path), groups_of(book))


def _records(
    table: pa.Table, holders: pa.ChunkedArray, coded: Coded, book: CompiledBook
) -> tuple[Records, NDArray[np.uint64]]:
    """Return the claims' events, and the prints of their holders."""
    records = Records(table.num_rows)
    prints = np.empty(table.num_rows, dtype=np.uint64)

    def read(first: int) -> Mapping[int, Integers]:
        part = slice(first, first + CHUNK_CLAIMS)
        own = table.slice(first, CHUNK_CLAIMS)
        persons = pl.Series(holders.slice(first, CHUNK_CLAIMS))
        prints[part] = person_prints(persons)
        return events_of(own, person_keys(persons), coded.part(part), book)

    firsts = range(0, table.num_rows, CHUNK_CLAIMS)
    for first, columns in zip(firsts, in_order(read, firsts), strict=True):
        records.put(first, columns)
    return records, prints


def _usual_days(claims: pa.Table) -> tuple[int, int]:
    """Return the span of days, half-open, on which nearly all care of the night was given."""
    if not claims.num_rows:
        return 0, 0
    every = -(-claims.num_rows // _SAMPLE)
    first = np.quantile(integers_of(claims, "begin_day", NONE)[::every], _RARE, method="lower")
    last = np.quantile(integers_of(claims, "end_day", NONE)[::every], 1 - _RARE, method="higher")
    return int(first), int(last) + 1


def _originals(
    table: pa.Table, holders: pa.ChunkedArray, past: Past, book: CompiledBook
) -> tuple[NDArray[np.int32], Recalled]:
    """Return by claim what a refund undoes, and the settlements of the ledger among that.

    What is of tonight is its position; row k of what is recalled is NONE - 1 - k; else NONE.
    """
    original = np.full(table.num_rows, NONE, dtype=np.int32)
    asked = table.select(("claim", "settlement_id", "person_id", "original_settlement_id"))
    claims = asked.append_column("holder", holders)
    refunds = frame_of(claims.filter(table.column("refund")))
    names = claims.column("original_settlement_id").filter(table.column("refund"))
    tonight = (
        frame_of(claims.filter(pc.is_in(claims.column("settlement_id"), value_set=names)))
        # What the ledger has settled itself is undone there, and not where it is compared.
        .filter(pl.col("holder") == pl.col("person_id"))
        .select(pl.col("claim").alias("undone"), original_settlement_id="settlement_id")
    )
    found = refunds.join(tonight, on="original_settlement_id")
    original[found["claim"].to_numpy()] = found["undone"].to_numpy()
    recalled = recall(past, book)
    waiting = refunds.join(tonight, on="original_settlement_id", how="anti")
    waits = waiting.select("claim", "holder", "original_settlement_id")
    for claim, *key in waits.iter_rows():
        row = recalled.rows.get((key[0], key[1]))
        original[claim] = NONE if row is None else NONE - 1 - row
    return original, recalled
