"""Compiles a policy book to flat integer tables; no code is generated, only numbers laid out."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from engine.claims.columns import COUNTER_ID, NONE, PARTS_COUNT, Filing, Ints
from engine.claims.keys import content_key
from engine.codes.enums import Fund, VisitKind
from engine.errors import PolicyError
from engine.policy import tables as t
from engine.policy.book import Entry, PolicyBook, Row, Scheme
from engine.policy.dimensions import DIMENSIONS, RANGES, filing_positions
from engine.policy.line_terms import LineEntry
from engine.policy.terms import LayerTerms, Terms

BALANCE = "account_balance"
CLOSED = "year_closed"
VISITS = max(VisitKind) + 1
STEPS_BESIDES_LAYERS = 4
STEPS_IN_LAYER = 6


class Rows(NamedTuple):
    """The compiled rows: `cells[start[row]:]` is laid out as `tables` says."""

    cells: Ints
    start: Ints


class Places(NamedTuple):
    """Where to find a claim's row; read by `settlement.locate`.

    `benefit` has shape (schemes, visits): position of the benefit or NONE; `first_entry` opens
    each benefit's entries (one more than benefits). An entry has its days, its first row and a
    stride per Dimension (0: not used). `members` has shape (schemes, dimensions): how
    many members each has. `has_terms` is 0 for a row without terms. `range_at`, of the same shape,
    opens the members of a dimension of numbers in `range_from` and `range_to` (NONE: without end);
    NONE where members are not ranges. `filing` has shape (schemes, filings): position of the member
    that collects it, or NONE.
    """

    benefit: Ints
    first_entry: Ints
    entry_begins: Ints
    entry_ends: Ints
    entry_row: Ints
    entry_stride: Ints
    members: Ints
    has_terms: Ints
    range_at: Ints
    range_from: Ints
    range_to: Ints
    filing: Ints


@dataclass(frozen=True)
class RowInfo:
    """What a row number means, for people and for records that outlive the book."""

    scheme: int
    entry: Entry
    row: Row
    slots: tuple[str, ...]


@dataclass(frozen=True)
class CompiledBook:
    """A book with its tables.

    Attributes:
        book: what was compiled.
        rows, places: the tables.
        infos: per row.
        balance_id, closed_id: shape (schemes,), counter ids of the built-in counters.
        counter_names: counter id -> (scheme position, name).
        slots_max: the most counters that any row has.
    """

    book: PolicyBook
    rows: Rows
    places: Places
    infos: tuple[RowInfo, ...]
    balance_id: Ints
    closed_id: Ints
    counter_names: dict[int, tuple[int, str]]
    slots_max: int


def counter_id(region: str, scheme: str, name: str) -> int:
    """Return the id of a counter, the same in every book and on every machine; below 2**38."""
    digest = hashlib.sha256(f"{region}/{scheme}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 26


def compile_book(book: PolicyBook) -> CompiledBook:
    """Return a book's tables.

    Raises:
        PolicyError: two counters' ids collide (rename one).
    """
    names = _counter_names(book)
    cells: list[int] = []
    start: list[int] = []
    infos: list[RowInfo] = []
    for scheme_at, scheme in enumerate(book.schemes):
        for entries in scheme.entries.values():
            for entry in entries:
                for row in entry.rows:
                    start.append(len(cells))
                    packed = None if row.terms is None else _RowPacker(scheme, row, row.terms)
                    cells.extend([] if packed is None else packed.pack())
                    slots = () if packed is None else tuple(packed.slots)
                    infos.append(RowInfo(scheme_at, entry, row, slots))
    keys = [scheme.key for scheme in book.schemes]
    return CompiledBook(
        book=book,
        rows=Rows(_ints(cells), _ints(start)),
        places=_places(book, infos),
        infos=tuple(infos),
        balance_id=_ints([counter_id(*key, BALANCE) for key in keys]),
        closed_id=_ints([counter_id(*key, CLOSED) for key in keys]),
        counter_names=names,
        slots_max=max((len(info.slots) for info in infos), default=0),
    )


def _ints(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int64)


def _counter_names(book: PolicyBook) -> dict[int, tuple[int, str]]:
    names: dict[int, tuple[int, str]] = {}
    for scheme_at, scheme in enumerate(book.schemes):
        for name in (*scheme.file.counters, BALANCE, CLOSED):
            known = names.setdefault(counter_id(*scheme.key, name), (scheme_at, name))
            if known != (scheme_at, name):
                raise PolicyError(
                    "counter_collision",
                    f"计数器 {scheme.key} {name} 的编号与 {known} 相同，请改名",
                    f"the counter {scheme.key} {name} has the id of {known}; rename one",
                )
    return names


class _RowPacker:
    """Lays out one row; lists are appended behind the fixed part as layers need them."""

    def __init__(self, scheme: Scheme, row: Row, terms: Terms) -> None:
        self._scheme = scheme
        self._level = row.cell.get("level")
        self._terms = terms
        self.slots: list[str] = []
        for name in self._used_counters():
            if name not in self.slots:
                self.slots.append(name)

    def _used_counters(self) -> list[str]:
        terms = self._terms
        found = [] if terms.ordinal is None else [terms.ordinal]
        for layer in terms.layers:
            found += [counter for counter, _ in layer.feeds]
        return found + ([BALANCE] if terms.account else [])

    def pack(self) -> list[int]:
        """Return the row."""
        terms = self._terms
        slot_at = t.HEADER_WIDTH
        layer_at = slot_at + t.SLOT_WIDTH * len(self.slots)
        self._tail: list[int] = []
        self._tail_at = layer_at + t.LAYER_WIDTH * len(terms.layers)
        account_at = self._list(list(terms.account))
        layers = [field for layer in terms.layers for field in self._layer(layer)]
        head = [NONE] * t.HEADER_WIDTH
        head[t.Header.LAYERS] = len(terms.layers)
        head[t.Header.SLOTS] = len(self.slots)
        head[t.Header.SLOT_AT] = slot_at
        head[t.Header.LAYER_AT] = layer_at
        head[t.Header.ORDINAL_SLOT] = self._slot(terms.ordinal)
        head[t.Header.ACCOUNT_AT] = account_at
        head[t.Header.ACCOUNT_COUNT] = len(terms.account)
        head[t.Header.BALANCE_SLOT] = self._slot(BALANCE if terms.account else None)
        head[t.Header.CLOSED_ID] = counter_id(*self._scheme.key, CLOSED) * COUNTER_ID
        head[t.Header.STEPS_MAX] = self._steps_max()
        slots = [field for name in self.slots for field in self._slot_fields(name)]
        return head + slots + layers + self._tail

    def _steps_max(self) -> int:
        in_layers = sum(
            STEPS_IN_LAYER + len(layer.bands) + min(len(layer.pays_off), PARTS_COUNT)
            for layer in self._terms.layers
        )
        return STEPS_BESIDES_LAYERS + len(self.slots) + in_layers

    def _list(self, values: list[int]) -> int:
        at = self._tail_at + len(self._tail)
        self._tail.extend(values)
        return at

    def _slot(self, name: str | None) -> int:
        return NONE if name is None else self.slots.index(name)

    def _slot_fields(self, name: str) -> list[int]:
        if name == BALANCE:
            time, within, counts = "life", "all", "money"
        else:
            counter = self._scheme.file.counters[name]
            time = next(part for part in counter.scope if part in {"year", "month", "life"})
            within = next((part for part in counter.scope if part != time), "all")
            counts = counter.counts
        fields = [0] * t.SLOT_WIDTH
        fields[t.Slot.ID] = counter_id(*self._scheme.key, name) * COUNTER_ID
        fields[t.Slot.TIME] = t.SlotTime[time.upper()]
        fields[t.Slot.WITHIN] = t.SlotWithin[within.upper()]
        fields[t.Slot.LEVEL_KEY] = content_key(self._level)
        fields[t.Slot.COUNTS] = t.SlotCounts[counts.upper()]
        return fields

    def _layer(self, layer: LayerTerms) -> list[int]:
        f = t.LayerField
        fields = [NONE] * t.LAYER_WIDTH
        fields[f.FUND] = Fund[layer.fund.upper()]
        fields[f.BURDEN] = int(layer.burden)
        fields[f.INCREMENTAL] = int(layer.incremental)
        fields[f.TOTAL_SLOT] = self._slot(layer.total)
        fields[f.BASE_AT], fields[f.BASE_COUNT] = self._list(list(layer.base)), len(layer.base)
        methods = {"none": "NO_DEDUCTIBLE", "per_stay": "PER_STAY", "annual": "ANNUAL"}
        fields[f.METHOD] = t.Method[methods[layer.method]]
        fields[f.AMOUNT_AT] = self._list(list(layer.deductibles_fen))
        fields[f.AMOUNT_COUNT] = len(layer.deductibles_fen)
        maximum = layer.yearly_maximum_fen
        fields[f.YEARLY_MAXIMUM] = NONE if maximum is None else maximum
        fields[f.DEDUCTIBLE_SLOT] = self._slot(layer.deductible_counter)
        bands = [(NONE if b.to_fen is None else b.to_fen, b.rate_ppm) for b in layer.bands]
        fields[f.BAND_AT] = self._list([value for band in bands for value in band])
        fields[f.BAND_COUNT] = len(bands)
        fields[f.POSITION_SLOT] = self._slot(layer.position)
        fields[f.INSIDE] = int(layer.deductible_inside)
        fields[f.ROUND_BANDS] = int(layer.round_bands)
        caps = [(t.Measure[c.on.upper()], c.amount_fen, self._slot(c.counter)) for c in layer.caps]
        fields[f.CAP_AT] = self._list([int(value) for cap in caps for value in cap])
        fields[f.CAP_COUNT] = len(caps)
        feeds = [(self._slot(name), t.Measure[measure.upper()]) for name, measure in layer.feeds]
        fields[f.FEED_AT] = self._list([int(value) for feed in feeds for value in feed])
        fields[f.FEED_COUNT] = len(feeds)
        fields[f.PAYS_OFF_AT] = self._list(list(layer.pays_off))
        fields[f.PAYS_OFF_COUNT] = len(layer.pays_off)
        return [int(value) for value in fields]


def _places(book: PolicyBook, infos: list[RowInfo]) -> Places:
    benefit = np.full((len(book.schemes), VISITS), NONE, dtype=np.int64)
    first_entry, begins, ends, entry_row, strides = [0], [], [], [], []
    row = 0
    for scheme_at, scheme in enumerate(book.schemes):
        for name, entries in scheme.entries.items():
            for visit in scheme.file.benefits[name].visits:
                benefit[scheme_at, VisitKind[visit.upper()]] = len(first_entry) - 1
            for entry in entries:
                begins.append(entry.begins)
                ends.append(entry.ends)
                entry_row.append(row)
                strides.append(_strides(scheme, entry.used))
                row += len(entry.rows)
            first_entry.append(len(begins))
    return Places(
        benefit=benefit,
        first_entry=_ints(first_entry),
        entry_begins=_ints(begins),
        entry_ends=_ints(ends),
        entry_row=_ints(entry_row),
        entry_stride=_table(strides, len(DIMENSIONS)),
        members=_table([_sizes(scheme) for scheme in book.schemes], len(DIMENSIONS)),
        has_terms=_ints([int(info.row.terms is not None) for info in infos]),
        filing=_table([filing_positions(scheme.file) for scheme in book.schemes], len(Filing)),
        **_ranges(book),
    )


def _ranges(book: PolicyBook) -> dict[str, Ints]:
    opens: list[list[int]] = []
    lowers: list[int] = []
    uppers: list[int] = []
    for scheme in book.schemes:
        opens.append([NONE] * len(DIMENSIONS))
        for dimension in RANGES:
            opens[-1][DIMENSIONS.index(dimension)] = len(lowers)
            for _, lower, upper in scheme.ranges(dimension):
                lowers.append(lower)
                uppers.append(NONE if upper is None else upper)
    return {
        "range_at": _table(opens, len(DIMENSIONS)),
        "range_from": _ints(lowers),
        "range_to": _ints(uppers),
    }


def _table(rows: list[list[int]], width: int) -> Ints:
    return np.array(rows, dtype=np.int64).reshape(-1, width)


def _sizes(scheme: Scheme) -> list[int]:
    return [len(scheme.dimensions.members.get(dimension, ())) for dimension in DIMENSIONS]


def entry_places(
    book: PolicyBook, places: Places, entries: Sequence[Sequence[LineEntry]]
) -> Places:
    """Return where to find the rows of line entries, given by scheme, as `places` for benefits.

    Each scheme's entries stand as those of one benefit, of the scheme's own number.
    """
    first_entry, entry_row, strides = [0], [], []
    has_terms: list[int] = []
    for scheme, dated in zip(book.schemes, entries, strict=True):
        for entry in dated:
            entry_row.append(len(has_terms))
            strides.append(_strides(scheme, entry.used))
            has_terms += [int(row.terms is not None) for row in entry.rows]
        first_entry.append(len(entry_row))
    every = [entry for dated in entries for entry in dated]
    return places._replace(
        first_entry=_ints(first_entry),
        entry_begins=_ints([entry.begins for entry in every]),
        entry_ends=_ints([entry.ends for entry in every]),
        entry_row=_ints(entry_row),
        entry_stride=np.array(strides, dtype=np.int64).reshape(-1, len(DIMENSIONS)),
        has_terms=_ints(has_terms),
    )


def _strides(scheme: Scheme, used: Sequence[str]) -> list[int]:
    strides, step = [0] * len(DIMENSIONS), 1
    for dimension in reversed(used):
        strides[DIMENSIONS.index(dimension)] = step
        step *= len(scheme.dimensions.members[dimension])
    return strides
