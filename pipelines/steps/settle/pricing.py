"""Prices a night's lines into the records of their claims, one row group beside another."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from engine.claims.columns import EVENT_WIDTH, Event, Ints, Status
from engine.errors import ensure
from engine.policy.compiler import CompiledBook
from engine.settlement.line_book import LineBook
from engine.settlement.locate import claim_dates, locate
from engine.settlement.price_lines import Catalogue, DayUse, empty_day_use
from engine.settlement.sum_lines import PriceIndex, StagedLines, sum_lines
from pipelines.pricing.lines import LINE_COLUMNS, staged_lines
from pipelines.steps.settle.record import Records
from pipelines.threads import in_order

PART_CLAIMS = 1 << 13
"""Claims priced at a time: few enough for events and lines to stay in the processor's cache."""


@dataclass(frozen=True)
class Pricing:
    """What pricing asks besides the records.

    index: of the catalogue, for the days on which most lines lie; slots: by claim, that of its
    care region.
    """

    book: CompiledBook
    line_book: LineBook
    catalogue: Catalogue
    index: PriceIndex
    slots: NDArray[np.int32]


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
    status = np.full(len(pricing.slots), int(Status.SETTLED), dtype=np.int8)
    with pa.parquet.ParquetFile(lines) as file:
        groups = range(file.num_row_groups)

    def price_group(group: int) -> _Priced:
        with pa.parquet.ParquetFile(lines) as own:
            table = own.read_row_group(group, columns=LINE_COLUMNS, use_threads=False)
        return _price(staged_lines(table), pricing, records)

    done = 0
    for priced in in_order(price_group, groups):
        last = priced.first + len(priced.status)
        ensure(priced.first >= done or last == priced.first, "lines of a claim lie apart")
        records.put(priced.first, priced.columns)
        status[priced.first : last] = priced.status
        done = max(done, last)
    return status


def _price(lines: StagedLines, pricing: Pricing, records: Records) -> _Priced:
    claims = lines.claim
    first, last = (int(claims[0]), int(claims[-1]) + 1) if len(claims) else (0, 0)
    status = np.zeros(last - first, dtype=np.int8)
    filled = np.zeros((EVENT_WIDTH - Event.FINAL_FUND, last - first), dtype=np.int64)
    bounds = range(first, last + PART_CLAIMS, PART_CLAIMS)
    edges = np.searchsorted(claims, np.array(bounds, dtype=np.int32))
    days = empty_day_use(len(claims))
    for at, (begin, end) in zip(bounds, pairwise(edges.tolist()), strict=False):
        here = slice(at, min(at + PART_CLAIMS, last))
        part = StagedLines._make(column[begin:end] for column in lines)
        events, fell = _price_part(part, here, pricing, records, days)
        status[here.start - first : here.stop - first] = fell
        filled[:, here.start - first : here.stop - first] = events[:, Event.FINAL_FUND :].T
    return _Priced(first, dict(enumerate(filled, int(Event.FINAL_FUND))), status)


def _price_part(
    lines: StagedLines, here: slice, pricing: Pricing, records: Records, use: DayUse
) -> tuple[Ints, NDArray[np.int64]]:
    """Return the events of some claims with their lines priced, and the Status that lines gave."""
    events = records.take(here)
    days = claim_dates(pricing.book, events)
    locate(pricing.book, events, days)
    events[:, Event.LINE_RULE] = pricing.line_book.rules_of(events, days)
    before = events[:, Event.POLICY_ROW].copy()
    prices, places = (pricing.catalogue, pricing.index), (here.start, pricing.slots[here])
    sum_lines(lines, prices, pricing.line_book.rules, events, places, use)
    after = events[:, Event.POLICY_ROW]
    return events, np.where((before >= 0) & (after < 0), -after, int(Status.SETTLED))
