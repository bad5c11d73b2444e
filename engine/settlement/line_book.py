"""The line terms of a book as the arrays that pricing reads."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from engine.claims.columns import NONE, Ints, Status, Stream
from engine.codes.enums import ItemCategory, ItemClass
from engine.policy.compiler import CompiledBook, Places, entry_places
from engine.policy.line_terms import ItemKind, ItemTerms, LineTerms
from engine.policy.tables import ITEM_WIDTH, Excess, ItemField
from engine.settlement.locate import rows_on_days
from engine.settlement.price_lines import LineRules

CLASSES, CATEGORIES = max(ItemClass) + 1, max(ItemCategory) + 1
Groups = frozenset[str]
NO_GROUPS: tuple[Groups, ...] = (frozenset(),)
BOOKS_MAX, COLUMNS_MAX = 4, 256
"""How many books are remembered, and sets of groups of each."""


def groups_of(book: CompiledBook) -> Groups:
    """Return the groups of catalogue items that the book's line terms speak of."""
    entries = (entry for scheme in book.book.schemes for entry in scheme.line_entries)
    return frozenset(group for entry in entries for group in entry.groups)


class LineBook:
    """The line terms of a book, found by scheme, day and dimensions.

    Args:
        book: the book.
        group_sets: the sets of groups that catalogue rows have, as `Catalogue.groups` counts them.
    """

    def __init__(self, book: CompiledBook, group_sets: Sequence[Groups] = NO_GROUPS) -> None:
        spoken_of, self._places, rejects = _entries_of(book)
        columns = [_column(book, groups & spoken_of) for groups in group_sets]
        terms_at, terms, slices = _side_by_side(columns)
        self.rules = LineRules(rejects=rejects, terms_at=terms_at, terms=terms, slices=slices)

    def rules_of(self, events: Ints, days: Ints) -> Ints:
        """Return each event's rule, or the negative of a Status where it has no line terms."""
        found = rows_on_days(self._places, events, days)
        undated = (found == -Status.NO_POLICY) | (found == -Status.POLICY_NOT_REVIEWED)
        return np.where(undated, -int(Status.NO_LINE_TERMS), found)


@lru_cache(maxsize=BOOKS_MAX)
def _entries_of(book: CompiledBook) -> tuple[Groups, Places, Ints]:
    """Return the groups that a book speaks of, where its rules are found and which reject."""
    dated = [scheme.line_entries for scheme in book.book.schemes]
    rejects = [entry.rejects_unknown for one in dated for entry in one for _ in entry.rows]
    places = entry_places(book.book, book.places, dated)
    return groups_of(book), places, np.array(rejects, dtype=np.int64)


# To find what holds for every kind of item takes longer than to price a bill's lines by it.
@lru_cache(maxsize=COLUMNS_MAX)
def _column(book: CompiledBook, groups: Groups) -> "_Column":
    return _Column(book, groups)


def _side_by_side(columns: Sequence["_Column"]) -> tuple[Ints, Ints, Ints]:
    """Return terms_at, terms and slices of several sets of groups."""
    terms_at, terms, slices = [], [], []
    rows = flat = 0
    for one in columns:
        terms_at.append(np.where(one.terms_at < 0, NONE, one.terms_at + rows))
        terms.append(one.terms.copy())
        terms[-1][:, ItemField.SLICE_AT] += flat
        slices.append(one.slices)
        rows, flat = rows + len(one.terms), flat + len(one.slices)
    return np.stack(terms_at, axis=-1), np.concatenate(terms), np.concatenate(slices)


class _Column:
    """The terms of a book for items of one set of groups.

    terms_at: shape (rules, classes, categories), row of terms; terms, slices: as in LineRules.
    """

    def __init__(self, book: CompiledBook, groups: Groups) -> None:
        self._groups = groups
        self._terms: dict[tuple[int, ...], int] = {}
        self._slices: list[int] = []
        entries = [entry for scheme in book.book.schemes for entry in scheme.line_entries]
        tables = [self._table(row.terms) for entry in entries for row in entry.rows]
        self.terms_at: Ints = np.array(tables, dtype=np.int64).reshape(-1, CLASSES, CATEGORIES)
        self.terms: Ints = np.array(list(self._terms), dtype=np.int64).reshape(-1, ITEM_WIDTH)
        self.slices: Ints = np.array(self._slices, dtype=np.int64)

    def _table(self, terms: LineTerms | None) -> Ints:
        """Return the row of terms for every class and category."""
        table = np.full((CLASSES, CATEGORIES), NONE, dtype=np.int64)
        if terms is None:
            return table
        for item_class in ItemClass:
            for category in ItemCategory:
                found = self._row(terms.of(ItemKind(item_class, category, self._groups)))
                table[item_class, category] = self._terms.setdefault(found, len(self._terms))
        return table

    def _row(self, terms: ItemTerms) -> tuple[int, ...]:
        f, row = ItemField, [NONE] * ITEM_WIDTH
        row[f.OFF_LIST], row[f.OWN_SHARE] = int(terms.off_list), int(terms.own_share)
        row[f.FIRST_PPM], row[f.EXCESS] = terms.first_ppm, terms.excess
        row[f.CEILING_E6] = _or_none(terms.ceiling_e6)
        row[f.SLICE_AT], row[f.SLICE_COUNT], row[f.WHOLE_PRICE] = 0, 0, 0
        if terms.unit_price is not None:
            slices = [(_or_none(one.to_e6), one.share_ppm) for one in terms.unit_price.slices]
            row[f.SLICE_AT] = self._slices_at([value for one in slices for value in one])
            row[f.SLICE_COUNT], row[f.WHOLE_PRICE] = len(slices), int(terms.unit_price.whole)
        row[f.DAY_LIMIT] = _or_none(terms.day_limit_fen)
        row[f.DAY_LIMIT_ID] = _or_none(terms.day_limit_at)
        row[f.STREAM], row[f.LAST_PPM] = terms.stream, _or_none(terms.last_ppm)
        row[f.LIMITED] = int(terms.only is not None)
        if terms.only is not None:
            row[f.VISITS], row[f.SEXES] = terms.only.visits, terms.only.sexes
            row[f.AGE_FROM], row[f.AGE_TO] = terms.only.age_from, _or_none(terms.only.age_to)
            row[f.APPROVED] = int(terms.only.approved)
        row[f.PLAIN] = int(_is_plain(terms))
        return tuple(int(value) for value in row)

    def _slices_at(self, flat: list[int]) -> int:
        """Return where slices stand in the flat list, laid down once for all who share them."""
        for at in range(0, len(self._slices) - len(flat) + 1, 2):
            if self._slices[at : at + len(flat)] == flat:
                return at
        self._slices += flat
        return len(self._slices) - len(flat)


def _is_plain(terms: ItemTerms) -> bool:
    """Return whether terms ask nothing of a line but its class, its ceiling and its share."""
    simple = terms.excess == Excess.EXCESS and terms.unit_price is None
    free = terms.only is None and terms.day_limit_at is None
    return simple and free and terms.stream == Stream.ORDINARY


def _or_none(value: int | None) -> int:
    return NONE if value is None else value
