"""The compiled tables: every row where its strides say, every list where its pointers say."""

import itertools

import numpy as np
import pytest

from engine.claims.columns import COUNTER_ID, NONE, Filing, Part
from engine.claims.keys import content_key
from engine.codes.enums import Fund, VisitKind
from engine.errors import PolicyError
from engine.policy import compiler
from engine.policy import tables as t
from engine.policy.book import PolicyBook, load_book, parse_scheme
from engine.policy.compiler import CompiledBook, compile_book
from engine.policy.dimensions import DIMENSIONS
from engine.policy.packer import counter_id
from tests.unit.engine.policy.policies import BASE, changed

OTHER = changed("scheme: employee", "scheme: resident")


def compiled(*texts: str) -> CompiledBook:
    return compile_book(PolicyBook([parse_scheme(text, "f") for text in texts]))


def row_cells(book: CompiledBook, row: int) -> list[int]:
    starts = [*book.rows.start.tolist(), len(book.rows.cells)]
    return list(book.rows.cells[starts[row] : starts[row + 1]].tolist())


def layer_fields(cells: list[int], number: int) -> list[int]:
    at = cells[t.Header.LAYER_AT] + number * t.LAYER_WIDTH
    return cells[at : at + t.LAYER_WIDTH]


def listed(cells: list[int], fields: list[int], at: int, count: int, width: int = 1) -> list[int]:
    return cells[fields[at] : fields[at] + fields[count] * width]


def test_a_counters_id_is_the_same_everywhere_and_for_ever() -> None:
    assert counter_id("610100", "employee", "stays") == 0xEBB786484A93DE21 >> 26 == 253099086354


def test_a_counters_id_leaves_room_for_year_and_month() -> None:
    assert counter_id("610100", "employee", "account_balance") * COUNTER_ID < 2**62


def test_two_counters_of_one_id_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "counter_id", lambda *_: 7)
    with pytest.raises(PolicyError, match="rename one") as caught:
        compiled(BASE)
    assert caught.value.code == "counter_collision"


def test_the_rows_are_the_product_of_the_dimensions_used() -> None:
    book = compiled(BASE)
    assert [info.entry.benefit for info in book.infos] == ["inpatient"] * 4 + ["outpatient"] * 2
    assert book.places.entry_row.tolist() == [0, 4, 5]
    assert book.places.has_terms.tolist() == [1] * 6


def test_strides_find_the_row_of_every_combination_in_every_shipped_entry() -> None:
    book = load_book()
    tables, entry_at = compile_book(book), 0
    for scheme in book.schemes:
        members = [scheme.dimensions.members.get(name, ("",)) for name in DIMENSIONS]
        for entry in itertools.chain.from_iterable(scheme.entries.values()):
            strides = tables.places.entry_stride[entry_at]
            for at in itertools.product(*(range(len(group)) for group in members)):
                row = tables.places.entry_row[entry_at] + int(np.dot(strides, at))
                cell = {name: members[k][at[k]] for k, name in enumerate(DIMENSIONS)}
                assert tables.infos[row].row.cell.items() <= cell.items()
                assert tables.infos[row].entry is entry
            entry_at += 1
    assert entry_at == len(tables.places.entry_begins)


def test_a_visit_leads_to_its_benefit_and_others_to_none() -> None:
    places = compiled(OTHER, BASE).places
    assert places.benefit.shape == (2, max(VisitKind) + 1)
    assert places.benefit[0, VisitKind.INPATIENT] == 0
    assert places.benefit[0, VisitKind.EMERGENCY] == places.benefit[0, VisitKind.OUTPATIENT] == 1
    assert places.benefit[1, VisitKind.INPATIENT] == 2
    assert (places.benefit != NONE).sum() == 6
    assert places.first_entry.tolist() == [0, 1, 3, 4, 6]


def test_ages_and_sizes_of_dimensions_stand_by_scheme() -> None:
    ageless = changed("ages: {under_70: [0, 70], from_70: [70, null]}\n", "", OTHER)
    places = compiled(BASE, ageless).places
    age = DIMENSIONS.index("age")
    assert places.range_at[:, age].tolist() == [0, 2]
    assert places.range_from.tolist() == [0, 70]
    assert places.range_to.tolist() == [70, NONE]
    assert places.members[:, : age + 1].tolist() == [[2, 2, 2], [2, 2, 0]]
    assert places.filing[:, Filing.LOCAL].tolist() == [0, 0]
    assert (places.filing[:, Filing.LONG_TERM :] == NONE).all()


def test_a_row_without_terms_has_no_cells() -> None:
    book = compiled(changed("rate: 80%", "rate: {L1: 80%, L3: unavailable}"))
    assert book.places.has_terms.tolist() == [1, 1, 0, 0, 1, 1]
    assert [len(row_cells(book, row)) > 0 for row in range(6)] == [True] * 2 + [False] * 2 + [
        True
    ] * 2


def test_the_header_says_what_the_row_holds() -> None:
    book = compiled(BASE)
    cells = row_cells(book, 0)
    assert cells[t.Header.LAYERS] == 2
    assert book.infos[0].slots == ("stays", "paid", "cost", "burden", "account_balance")
    assert cells[t.Header.SLOTS] == 5
    assert (cells[t.Header.ORDINAL_SLOT], cells[t.Header.BALANCE_SLOT]) == (0, 4)
    assert cells[cells[t.Header.ACCOUNT_AT]] == Part.DEDUCTIBLE
    assert cells[t.Header.CLOSED_ID] == book.closed_id[0] * COUNTER_ID
    assert book.slots_max == 5


def test_a_row_without_ordinal_and_account_says_none() -> None:
    cells = row_cells(compiled(BASE), 4)
    assert cells[t.Header.ORDINAL_SLOT] == cells[t.Header.BALANCE_SLOT] == NONE
    assert cells[t.Header.SLOTS] == cells[t.Header.ACCOUNT_COUNT] == 0


def test_the_slots_say_what_each_counter_is() -> None:
    text = changed(
        "cost: {counts: money, scope: [year]}", "cost: {counts: money, scope: [level, month]}"
    )
    book = compiled(text)
    cells = row_cells(book, 2)
    at = cells[t.Header.SLOT_AT]
    slots = [cells[at + k * t.SLOT_WIDTH : at + (k + 1) * t.SLOT_WIDTH] for k in range(5)]
    ids = [counter_id("000000", "employee", name) for name in book.infos[2].slots]
    assert [slot[t.Slot.ID] for slot in slots] == [one * COUNTER_ID for one in ids]
    year, month, life = t.SlotTime.YEAR, t.SlotTime.MONTH, t.SlotTime.LIFE
    assert [slot[t.Slot.TIME] for slot in slots] == [year, year, month, year, life]
    assert [slot[t.Slot.COUNTS] for slot in slots] == [t.SlotCounts.STAYS] + [
        t.SlotCounts.MONEY
    ] * 4
    assert slots[2][t.Slot.WITHIN] == t.SlotWithin.LEVEL
    assert slots[2][t.Slot.LEVEL_KEY] == content_key("L3")


def test_the_fields_of_a_cost_layer_point_to_its_lists() -> None:
    f = t.LayerField
    cells = row_cells(compiled(BASE), 1)
    fields = layer_fields(cells, 0)
    assert (fields[f.FUND], fields[f.BURDEN], fields[f.INCREMENTAL]) == (Fund.POOL, 0, 0)
    assert listed(cells, fields, f.BASE_AT, f.BASE_COUNT) == [Part.COVERED]
    assert fields[f.METHOD] == t.Method.PER_STAY
    assert listed(cells, fields, f.AMOUNT_AT, f.AMOUNT_COUNT) == [80_000, 40_000]
    bands = listed(cells, fields, f.BAND_AT, f.BAND_COUNT, t.BAND_WIDTH)
    assert bands == [4_000_000, 970_000, NONE, 820_000]
    caps = listed(cells, fields, f.CAP_AT, f.CAP_COUNT, t.CAP_WIDTH)
    assert caps == [t.Measure.PAYMENT, 3_000_000, 1]
    feeds = listed(cells, fields, f.FEED_AT, f.FEED_COUNT, t.FEED_WIDTH)
    assert feeds == [1, t.Measure.PAYMENT, 2, t.Measure.COST]
    assert (fields[f.POSITION_SLOT], fields[f.TOTAL_SLOT], fields[f.YEARLY_MAXIMUM]) == (NONE,) * 3


def test_the_fields_of_an_incremental_burden_layer_point_to_its_lists() -> None:
    f = t.LayerField
    cells = row_cells(compiled(BASE), 0)
    fields = layer_fields(cells, 1)
    assert fields[f.FUND] == Fund.SERIOUS_ILLNESS
    assert (fields[f.BURDEN], fields[f.INCREMENTAL], fields[f.TOTAL_SLOT]) == (1, 1, 3)
    assert listed(cells, fields, f.BASE_AT, f.BASE_COUNT) == [Part.DEDUCTIBLE, Part.COPAY]
    assert listed(cells, fields, f.PAYS_OFF_AT, f.PAYS_OFF_COUNT) == [Part.COPAY]


def test_an_empty_entry_of_options_is_compiled_as_absent() -> None:
    text = changed("      account: {pays: [deductible.basic]}\n", "      account: {pays: []}\n")
    assert row_cells(compiled(text), 0)[t.Header.BALANCE_SLOT] == NONE
