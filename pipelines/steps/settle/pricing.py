"""Prices a night's lines into the records of their claims, one row group beside another."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from engine.claims.columns import EVENT_WIDTH, Event, Ints, Status
from engine.errors import ensure
from engine.policy.compiler import CompiledBook
from engine.settlement.line_book import LineBook
from engine.settlement.locate import claim_dates, locate
from engine.settlement.price_lines import Catalogue, DayUse, day_use, price_lines
from pipelines.line_pricing import LINE_COLUMNS, lines_to_price
from pipelines.steps.settle.record import Records
from pipelines.threads import in_order

SLICE_LINES = 1 << 16
"""Lines priced at a time: few enough for their columns to stay in the processor's cache."""


@dataclass(frozen=True)
class Pricing:
    """What pricing asks of each claim besides its record, by position.

    refund: whether it undoes another claim, whose lines were priced; care_region: as a number.
    """

    book: CompiledBook
    line_book: LineBook
    catalogue: Catalogue
    refund: NDArray[np.bool_]
    care_region: Ints


@dataclass(frozen=True)
class _Priced:
    """The claims of one row group, from `first` on: their buckets, and why lines failed them."""

    first: int
    columns: dict[int, Ints]
    status: NDArray[np.int8]


def price_all(lines: Path, pricing: Pricing, records: Records) -> NDArray[np.int8]:
    """Fill the buckets of the records, and return by claim the Status that its lines gave it.

    SETTLED stands for claims whose lines have prices.

    Raises:
        InvariantError: the lines of a claim lie in more than one row group.
    """
    status = np.full(len(pricing.refund), int(Status.SETTLED), dtype=np.int8)
    with pa.parquet.ParquetFile(lines) as file:
        groups = range(file.num_row_groups)

    def price_group(group: int) -> _Priced:
        with pa.parquet.ParquetFile(lines) as own:
            table = own.read_row_group(group, columns=LINE_COLUMNS, use_threads=False)
        return _price(pl.DataFrame(table), pricing, records)

    done = 0
    for priced in in_order(price_group, groups):
        last = priced.first + len(priced.status)
        ensure(priced.first >= done or last == priced.first, "lines of a claim lie apart")
        records.put(priced.first, priced.columns)
        status[priced.first : last] = priced.status
        done = max(done, last)
    return status


def _price(lines: pl.DataFrame, pricing: Pricing, records: Records) -> _Priced:
    first, last = (int(lines["claim"][0]), int(lines["claim"][-1]) + 1) if len(lines) else (0, 0)
    here = slice(first, last)
    events, care_region = records.take(here), pricing.care_region[here]
    days = claim_dates(pricing.book, events)
    locate(pricing.book, events, days)
    events[:, Event.LINE_RULE] = pricing.line_book.rules_of(events, days)
    before = events[:, Event.POLICY_ROW].copy()
    use: DayUse | None = None
    for part in _slices(lines, pricing.refund):
        claim = part["claim"].cast(pl.Int64).to_numpy() - first
        to_price = lines_to_price(part, claim)
        use = day_use(to_price, use)
        rules = pricing.line_book.rules
        price_lines(to_price, pricing.catalogue, rules, events, care_region, use)
    after = events[:, Event.POLICY_ROW]
    status = np.where((before >= 0) & (after < 0), -after, int(Status.SETTLED))
    filled = range(Event.FINAL_FUND, EVENT_WIDTH)
    columns = {column: np.ascontiguousarray(events[:, column]) for column in filled}
    return _Priced(first, columns, status.astype(np.int8))


def _slices(lines: pl.DataFrame, refund: NDArray[np.bool_]) -> Iterator[pl.DataFrame]:
    """Yield the lines in parts, without those of refunds: their originals were priced."""
    if refund.any():
        lines = lines.filter(pl.Series(~refund[lines["claim"].to_numpy()]))
    return lines.iter_slices(SLICE_LINES)
