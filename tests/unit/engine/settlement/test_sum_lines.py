"""The night's sums over an index of the catalogue are those of pricing line by line."""

import numpy as np
import pytest

from engine.claims.columns import NONE, Event, EventKind, Ints, Lines
from engine.codes.enums import ItemCategory, ItemClass
from engine.settlement.line_book import LineBook
from engine.settlement.locate import claim_dates, locate
from engine.settlement.price_lines import (
    ANYWHERE,
    Catalogue,
    day_use,
    empty_day_use,
    price_lines,
)
from engine.settlement.sum_lines import (
    SEVERAL,
    StagedLines,
    price_index,
    slots_of,
    sum_lines,
)
from tests.unit.engine.settlement.stories import book_of, claim, events_of
from tests.unit.engine.settlement.test_price_lines import DAY, catalogue, priced_policy

pytestmark = pytest.mark.kernel

REGIONS = (110_000, 610_100, 620_600)
CLAIMS, ITEMS, LINES = 20, 12, 300
BOOK = book_of(priced_policy(items=[{"of": {"category": ["bed"]}, "day_limit": "300.00"}]))


def drawn_catalogue(random: np.random.Generator) -> Catalogue:
    """Return up to four dated rows for some items, everywhere and in each region."""
    rows = []
    for item in range(ITEMS):
        for region in (*REGIONS[:2], ANYWHERE):
            days = np.sort(random.integers(DAY - 20, DAY + 20, random.integers(0, 4) * 2))
            rows += [
                (item, region, *span, random.integers(1, 4), NONE) for span in days.reshape(-1, 2)
            ]
    found = catalogue(*((item, *(int(one) for one in row)) for item, *row in rows))
    first = np.searchsorted([row[0] for row in rows], np.arange(ITEMS + 1))
    ceilings = random.integers(50, 150, (len(rows), 4)) * 1_000_000
    return found._replace(
        first=first, ceiling_e6=ceilings, category=np.full(len(rows), int(ItemCategory.BED))
    )


def drawn_lines(random: np.random.Generator) -> Lines:
    none = np.full(LINES, NONE, dtype=np.int64)
    return Lines(
        claim=np.sort(random.integers(0, CLAIMS, LINES)),
        item=random.integers(NONE, ITEMS, LINES),
        quantity_e4=random.integers(1, 4, LINES) * 10_000,
        price_e6=none,
        amount=random.integers(1, 40_000, LINES),
        day=random.integers(DAY - 25, DAY + 25, LINES),
        approved=none,
        stream=none,
        final_ppm=none,
    )


def drawn_events() -> tuple[Ints, LineBook]:
    one, _ = events_of(BOOK, claim("a"))
    events = np.repeat(one, CLAIMS, axis=0)
    days = claim_dates(BOOK, events)
    locate(BOOK, events, days)
    line_book = LineBook(BOOK)
    events[:, Event.LINE_RULE] = line_book.rules_of(events, days)
    return events, line_book


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("span", [(DAY, DAY + 1), (DAY - 10, DAY + 10), (DAY + 90, DAY + 91)])
def test_sums_over_the_index_are_those_of_pricing_line_by_line(
    seed: int, span: tuple[int, int]
) -> None:
    random = np.random.default_rng(seed)
    rows, lines = drawn_catalogue(random), drawn_lines(random)
    region = np.array(REGIONS, dtype=np.int64)[random.integers(0, len(REGIONS), CLAIMS)]
    expected, line_book = drawn_events()
    summed = expected.copy()
    price_lines(lines, rows, line_book.rules, expected, region, day_use(lines))
    staged = StagedLines(
        lines.claim.astype(np.int32), lines.item.astype(np.int32), lines.quantity_e4,
        lines.amount, lines.day.astype(np.int32), lines.approved.astype(np.int8),
    )  # fmt: skip
    index = price_index(rows, *span)
    places = (0, slots_of(index, region))
    sum_lines(staged, (rows, index), line_book.rules, summed, places, empty_day_use(LINES))
    assert expected[:, Event.BUCKETS :].any(axis=0).sum() == 4
    assert summed.tolist() == expected.tolist()


def test_an_item_whose_row_changes_within_the_span_is_looked_up_day_by_day() -> None:
    rows = catalogue(
        (0, ANYWHERE, 0, DAY, ItemClass.A, NONE), (0, ANYWHERE, DAY, DAY + 9, ItemClass.C, NONE)
    )
    assert price_index(rows, DAY - 1, DAY + 1).rows.tolist() == [SEVERAL]
    assert price_index(rows, DAY, DAY + 1).rows.tolist() == [1]
    assert price_index(rows, DAY + 9, DAY + 10).rows.tolist() == [NONE]


def test_the_lines_of_a_refund_are_passed_over() -> None:
    rows = catalogue((0, ANYWHERE, 0, DAY + 9, ItemClass.A, NONE))
    events, line_book = drawn_events()
    events[:, Event.KIND] = EventKind.REVERSAL
    index = price_index(rows, DAY, DAY + 1)
    one = np.zeros(1, dtype=np.int32)
    wide = np.full(1, 10_000, dtype=np.int64)
    lines = StagedLines(one, one, wide, wide, one + DAY, one.astype(np.int8))
    slots = slots_of(index, np.zeros(CLAIMS, dtype=np.int64))
    sum_lines(lines, (rows, index), line_book.rules, events, (0, slots), empty_day_use(1))
    assert not events[:, Event.BUCKETS :].any()
