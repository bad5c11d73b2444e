"""Bill lines into four buckets, with figures worked by hand."""

import datetime
from typing import Any

import numpy as np
import pytest

from engine.claims.columns import (
    NONE,
    UFEN,
    Event,
    Ints,
    Lines,
    PricedLines,
    Result,
    Status,
    Stream,
)
from engine.codes.enums import ItemCategory, ItemClass
from engine.periods import NO_END_DAY, day_number
from engine.policy.tables import ItemField
from engine.settlement.line_book import LineBook
from engine.settlement.locate import claim_dates, locate
from engine.settlement.price_lines import ANYWHERE, Catalogue, day_use, price_lines
from engine.settlement.settle import Bills, settle
from tests.unit.engine.settlement.stories import (
    Record,
    book_of,
    claim,
    events_of,
    layer,
    policy,
    tell,
)

pytestmark = pytest.mark.kernel

HERE, ELSEWHERE = 610_100, 110_000
DAY = day_number(datetime.date(2023, 3, 10))


def priced_policy(**lines: Any) -> Record:
    terms = {
        "from": datetime.date(2023, 1, 1),
        "reviewed_until": datetime.date(2023, 12, 31),
        "unknown_item": "self_pay",
        "class_b_first_share": "4%",
        "ceilings": {"bed": {"L1": "18.00", "L3": "32.00"}},
    } | lines
    return policy(layer((None, "50%"))) | {"lines": [terms]}


POLICY = priced_policy()


def parts(*lines: Record, given: Record = POLICY, **more: Any) -> list[int]:
    """Return off list, over price, first share and covered of a claim of these lines, in fen."""
    told = tell(given, claim("a", lines=list(lines), **more))
    assert told.statuses() == ["settled"]
    return [int(amount) for amount in told.result(0)[Result.OFF_LIST : Result.COVERED + 1]]


@pytest.mark.parametrize(
    ("line", "buckets"),
    [
        ({"class": "A", "amount": "100.00"}, [0, 0, 0, 10_000]),
        ({"class": "B", "amount": "100.00"}, [0, 0, 400, 9_600]),
        ({"class": "B", "amount": "100.00", "first_share": "20%"}, [0, 0, 2_000, 8_000]),
        ({"class": "B", "amount": "100.00", "first_share": "0%"}, [0, 0, 0, 10_000]),
        ({"class": "C", "amount": "100.00"}, [10_000, 0, 0, 0]),
        ({"class": "C", "amount": "100.00", "first_share": "20%"}, [10_000, 0, 0, 0]),
        # The first share is one of class B alone.
        ({"class": "A", "amount": "100.00", "first_share": "20%"}, [0, 0, 0, 10_000]),
        # 1.13 x 4 % = 0.0452; 1.12 x 12.5 % = 0.14; 0.12 x 12.5 % = 0.015, half up.
        ({"class": "B", "amount": "1.13"}, [0, 0, 5, 108]),
        ({"class": "B", "amount": "0.12", "first_share": "12.5%"}, [0, 0, 2, 10]),
        ({"class": "A", "amount": "0.00"}, [0, 0, 0, 0]),
    ],
)
def test_a_line_is_split_by_its_class(line: Record, buckets: list[int]) -> None:
    assert parts(line) == buckets


def test_what_lies_over_the_ceiling_of_the_catalogue_is_the_persons() -> None:
    line = {"class": "B", "price": "5000.00", "quantity": "2", "first_share": "20%"}
    # 3,000 x 2 of 10,000; 20 % of the 6,000.
    assert parts(line | {"ceiling_price": "3000.00"}) == [0, 400_000, 120_000, 480_000]


def test_an_amount_below_the_ceiling_stays_whole() -> None:
    line = {"class": "A", "price": "29.99", "quantity": "3", "ceiling_price": "30.00"}
    assert parts(line) == [0, 0, 0, 8_997]


@pytest.mark.parametrize(("level", "over"), [("L1", 2_200), ("L3", 800)])
def test_the_scheme_has_ceilings_by_category_and_level(level: str, over: int) -> None:
    bed = {"class": "A", "price": "40.00", "quantity": "1", "category": "bed"}
    assert parts(bed, level=level) == [0, over, 0, 4_000 - over]


@pytest.mark.parametrize(("ceiling", "over"), [("30.00", 1_000), ("35.00", 800)])
def test_the_lower_of_two_ceilings_holds(ceiling: str, over: int) -> None:
    bed = {"class": "A", "price": "40.00", "quantity": "1", "category": "bed"}
    assert parts(bed | {"ceiling_price": ceiling}) == [0, over, 0, 4_000 - over]


def test_ceiling_times_quantity_is_rounded_half_up() -> None:
    # 0.3333 x 1.5 = 0.49995: 0.50; of 1.00 half lies over.
    line = {"class": "A", "amount": "1.00", "quantity": "1.5", "ceiling_price": "0.3333"}
    assert parts(line) == [0, 50, 0, 50]


def test_lines_add_up_to_the_claim() -> None:
    found = parts(
        {"class": "A", "amount": "1000.00"},
        {"class": "B", "amount": "2000.00", "first_share": "10%"},
        {"class": "C", "amount": "30.00"},
    )
    assert found == [3_000, 0, 20_000, 280_000]


def test_a_scheme_without_a_share_for_class_b_takes_none() -> None:
    given = priced_policy()
    del given["lines"][0]["class_b_first_share"]
    assert parts({"class": "B", "amount": "100.00"}, given=given) == [0, 0, 0, 10_000]


@pytest.mark.parametrize("day", ["2022-12-31", "2024-01-01"])
def test_without_line_terms_on_the_claim_date_lines_are_not_priced(day: str) -> None:
    given = priced_policy()
    given["benefits"]["inpatient"]["history"][0]["from"] = datetime.date(2022, 1, 1)
    told = tell(given, claim("a", on=day, lines=[{"class": "A", "amount": "1.00"}]))
    assert told.statuses() == ["no_line_terms"]
    assert told.fen("total") == [0]


def test_a_scheme_without_line_terms_settles_buckets_only() -> None:
    given = policy(layer((None, "50%")))
    told = tell(given, claim("a", lines=[{"class": "A", "amount": "1.00"}]), claim("b", "1.00"))
    assert told.statuses() == ["no_line_terms", "settled"]


def test_a_refund_line_alone_does_not_make_a_claim() -> None:
    told = tell(POLICY, claim("a", lines=[{"class": "A", "amount": "-1.00"}]))
    assert told.statuses() == ["buckets_do_not_sum"]


# --- against a catalogue


def catalogue(*rows: tuple[int, int, int, int, int, int]) -> Catalogue:
    """Return rows (item, region, begins, ends, class, first ppm), given by item."""
    items = [row[0] for row in rows]
    first = [items.index(item) for item in sorted(set(items))] + [len(rows)]
    columns = np.array(rows, dtype=np.int64).T.copy()
    return Catalogue(
        first=np.array(first, dtype=np.int64),
        region=columns[1],
        begins=columns[2],
        ends=columns[3],
        item_class=columns[4],
        first_ppm=columns[5],
        category=np.full(len(rows), ItemCategory.OTHER, dtype=np.int64),
        groups=np.zeros(len(rows), dtype=np.int64),
        ceiling_e6=np.full((len(rows), 4), NONE, dtype=np.int64),
    )


def lines_of(*items: int, **changed: int) -> Lines:
    """Return one line of 100.00 per item, all of the first event."""
    one = {
        "claim": 0,
        "quantity_e4": 10_000,
        "price_e6": 100_000_000,
        "amount": 10_000,
        "day": DAY,
        "approved": NONE,
        "stream": NONE,
        "final_ppm": NONE,
    } | changed
    columns = {name: np.full(len(items), value, dtype=np.int64) for name, value in one.items()}
    return Lines(item=np.array(items, dtype=np.int64), **columns)


def price(
    lines: Lines, rows: Catalogue, given: Record = POLICY, region: int = HERE
) -> tuple[PricedLines, Ints]:
    """Return the priced lines, and the row of the event that they belong to."""
    book = book_of(given)
    events, _ = events_of(book, claim("a"))
    days = claim_dates(book, events)
    locate(book, events, days)
    line_book = LineBook(book)
    events[:, Event.LINE_RULE] = line_book.rules_of(events, days)
    where = np.array([region], dtype=np.int64)
    priced = price_lines(lines, rows, line_book.rules, events, where, day_use(lines))
    event: Ints = events[0]
    return priced, event


A, B, C = ItemClass.A, ItemClass.B, ItemClass.C
FOR_EVER = (0, NO_END_DAY)


def test_an_item_that_is_not_matched_is_off_list() -> None:
    priced, event = price(lines_of(NONE), catalogue((0, ANYWHERE, *FOR_EVER, A, NONE)))
    assert (priced.row.tolist(), priced.off_list.tolist()) == ([NONE], [10_000])
    assert event[Event.POLICY_ROW] >= 0


@pytest.mark.parametrize("item", [0, NONE])
def test_an_item_that_is_not_in_force_may_be_rejected_instead(item: int) -> None:
    given = priced_policy(unknown_item="reject")
    gone = catalogue((0, ANYWHERE, 0, DAY, A, NONE))
    _, event = price(lines_of(item), gone, given)
    assert event[Event.POLICY_ROW] == -Status.UNKNOWN_ITEM


def test_a_rejected_claim_keeps_none_of_its_lines_amounts() -> None:
    book = book_of(priced_policy(unknown_item="reject"))
    events, opening = events_of(book, claim("a"))
    events[0, Event.TOTAL] = 20_000
    bills = Bills(
        [lines_of(0, NONE)],
        catalogue((0, ANYWHERE, *FOR_EVER, A, NONE)),
        np.zeros(1, dtype=np.int64),
    )
    result = settle(book, events, opening, bills=bills).results[0]
    assert result[Result.STATUS] == Status.UNKNOWN_ITEM
    assert not result[Result.TOTAL :].any()


def test_the_rows_of_the_catalogue_hold_by_day() -> None:
    rows = catalogue(
        (0, ANYWHERE, 0, DAY, C, NONE),
        (0, ANYWHERE, DAY, DAY + 1, A, NONE),
        (0, ANYWHERE, DAY + 1, NO_END_DAY, B, NONE),
    )
    found = [int(price(lines_of(0, day=DAY + k), rows)[0].row[0]) for k in (-1, 0, 1)]
    assert found == [0, 1, 2]


@pytest.mark.parametrize(
    ("regions", "row"),
    [
        ((HERE, ANYWHERE), 0),
        ((ANYWHERE, HERE), 1),
        ((ELSEWHERE, ANYWHERE), 1),
        ((ELSEWHERE, ELSEWHERE), NONE),
    ],
)
def test_the_regions_own_row_stands_before_one_for_all(regions: tuple[int, int], row: int) -> None:
    rows = catalogue(*((0, region, *FOR_EVER, A, NONE) for region in regions))
    assert price(lines_of(0), rows)[0].row.tolist() == [row]


def test_the_catalogues_own_share_stands_before_the_schemes() -> None:
    rows = catalogue((0, ANYWHERE, *FOR_EVER, B, 100_000), (1, ANYWHERE, *FOR_EVER, B, NONE))
    priced, event = price(lines_of(0, 1), rows)
    assert priced.first_share.tolist() == [1_000, 400]
    assert event[Event.BUCKETS : Event.BUCKETS + 4].tolist() == [0, 0, 1_400, 18_600]


def test_every_line_goes_to_the_buckets_of_its_stream() -> None:
    rows = catalogue((0, ANYWHERE, *FOR_EVER, B, NONE))
    _, event = price(lines_of(0, stream=Stream.FINAL_SHARE, final_ppm=300_000), rows)
    # 9,600 are left; the person's last share of them is 30 %, the fund's 70 %.
    assert event[Event.FINAL_FUND] == 6_720 * UFEN
    at = Event.BUCKETS + Stream.FINAL_SHARE * 4
    assert event[at : at + 4].tolist() == [0, 0, 400, 9_600]
    assert event[Event.BUCKETS : Event.BUCKETS + 4].tolist() == [0, 0, 0, 0]


def test_lines_of_a_claim_without_terms_are_left_unpriced() -> None:
    given = priced_policy()
    given["lines"][0]["from"] = datetime.date(2023, 4, 1)
    priced, event = price(lines_of(0, 0), catalogue((0, ANYWHERE, *FOR_EVER, A, NONE)), given)
    assert event[Event.POLICY_ROW] == -Status.NO_LINE_TERMS
    assert priced.row.tolist() == [NONE, NONE]
    assert not priced.covered.any()


def test_a_ceiling_times_an_enormous_quantity_bounds_nothing() -> None:
    rows = catalogue((0, ANYWHERE, *FOR_EVER, A, NONE))
    rows.ceiling_e6[0, 0] = 10**15
    priced, _ = price(lines_of(0, quantity_e4=10**16 - 1), rows)
    assert (priced.over_price.tolist(), priced.covered.tolist()) == ([0], [10_000])


@pytest.mark.parametrize(
    ("ceiling_e6", "quantity_e4"), [(10**15, 0), (10**15, 1), (1, 10**15), (10**8, 10**6)]
)
def test_a_ceiling_times_quantity_is_exact_at_any_size(ceiling_e6: int, quantity_e4: int) -> None:
    rows = catalogue((0, ANYWHERE, *FOR_EVER, A, NONE))
    rows.ceiling_e6[0, 0] = ceiling_e6
    priced, _ = price(lines_of(0, quantity_e4=quantity_e4), rows)
    most = (2 * ceiling_e6 * quantity_e4 + 10**8) // (2 * 10**8)
    assert priced.over_price.tolist() == [10_000 - min(10_000, most)]


def test_pieces_of_the_lines_price_as_the_whole() -> None:
    book = book_of(POLICY)
    events, opening = events_of(book, claim("a"))
    events[0, Event.TOTAL] = 30_000
    rows = catalogue((0, ANYWHERE, *FOR_EVER, B, NONE))
    region = np.zeros(1, dtype=np.int64)
    whole = settle(book, events, opening, bills=Bills([lines_of(0, 0, 0)], rows, region))
    pieces = Bills([lines_of(0), lines_of(0, 0)], rows, region)
    assert (settle(book, events, opening, bills=pieces).results == whole.results).all()
    assert whole.results[0, Result.COVERED] == 28_800


def test_the_level_that_a_scheme_does_not_have_has_no_line_terms() -> None:
    book = book_of(POLICY, POLICY | {"scheme": "resident"})
    events, _ = events_of(book, claim("a"))
    events[0, Event.LEVEL] = 2
    rules = LineBook(book).rules_of(events, claim_dates(book, events))
    assert rules.tolist() == [-Status.NO_TERMS]


def test_what_another_bill_asked_of_a_book_changes_no_terms() -> None:
    """Terms are remembered by set of groups, and stand elsewhere beside those of other sets."""
    dear = {"of": {"group": ["dear"]}, "first_share": "30%"}
    book = book_of(priced_policy(items=[dear]))
    before = LineBook(book).rules
    others = [frozenset({"dear"}), frozenset(), frozenset({"never heard of"})]
    asked, again = LineBook(book, others).rules, LineBook(book).rules
    in_b = (0, ItemClass.B, ItemCategory.WESTERN_DRUG)
    shares = asked.terms[asked.terms_at[in_b], ItemField.FIRST_PPM]
    assert shares.tolist() == [300_000, 40_000, 40_000]
    assert np.array_equal(before.terms_at, again.terms_at)
    assert np.array_equal(before.terms, again.terms)


def test_slices_are_those_of_the_item_whatever_sets_stand_before_it() -> None:
    """The second set's terms find their slices behind those of the first."""
    table = [{"to": "50.00", "share": "0%"}, {"to": None, "share": "30%"}]
    of = {"of": {"group": ["dear"]}, "unit_price": {"method": "slices", "table": table}}
    every = {"of": {"category": ["consumables"]}, "unit_price": {"method": "whole", "table": table}}
    book = book_of(priced_policy(items=[of, every]))
    found = LineBook(book, [frozenset(), frozenset({"dear"})]).rules
    row = found.terms[found.terms_at[0, ItemClass.A, ItemCategory.CONSUMABLES, 1]]
    first = row[ItemField.SLICE_AT]
    assert row[ItemField.WHOLE_PRICE] == 0
    assert first > 0
    assert found.slices[first : first + 4].tolist() == [50_000_000, 0, NONE, 300_000]
