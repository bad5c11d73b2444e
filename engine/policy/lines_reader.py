"""Reads the terms for pricing bill lines: every table resolved, every reference checked."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from typing import Any, TypeVar

from engine.claims.columns import Stream
from engine.codes.enums import ItemCategory, ItemClass, Sex, VisitKind
from engine.policy import schema
from engine.policy.dates import entry_days
from engine.policy.line_terms import (
    ItemEntry,
    LineEntry,
    LineRow,
    LineTerms,
    Only,
    PriceSlice,
    UnitPrice,
)
from engine.policy.literals import read_fen, read_price_e6, read_rate
from engine.policy.reader import Document, Path_
from engine.policy.tables import Excess
from engine.policy.values import Cell, Dimensions, NoTerms, Table

T = TypeVar("T")
CATEGORIES = {category.name.lower(): category for category in ItemCategory}
VISITS = {kind.name.lower(): kind for kind in VisitKind}
TABLES = ("first_share", "ceiling", "over_ceiling", "day_limit", "stream", "last_share")
"""The terms of an entry of `items` that may depend on dimensions, `unit_price.table` besides."""


def read_line_terms(
    document: Document, file: schema.SchemeFile, dimensions: Dimensions
) -> tuple[LineEntry, ...]:
    """Return the file's line terms.

    Raises:
        PolicyError: an amount, a rate, a word, a member or a date is wrong.
    """
    entries = []
    for k, entry in enumerate(file.lines):
        path: Path_ = ("lines", k)
        following = file.lines[k + 1].begins if k + 1 < len(file.lines) else None
        begins, ends = entry_days(document, path, entry, following)
        reader = _LinesReader(document, path, entry, dimensions)
        groups = frozenset(group for item in entry.items for group in item.of.group)
        source = document.source((*path, "unknown_item"))
        rejects = entry.unknown_item == "reject"
        rows = tuple(reader.rows())
        entries.append(LineEntry(begins, ends, rejects, reader.used, rows, groups, source))
    return tuple(entries)


class _LinesReader:
    """Reads one dated entry of `lines`, combination by combination."""

    def __init__(
        self, document: Document, path: Path_, entry: schema.LineTerms, dimensions: Dimensions
    ) -> None:
        self._document = document
        self._path = path
        self._entry = entry
        self._dimensions = dimensions
        for k, item in enumerate(entry.items):
            self._check_shape(item, (*path, "items", k))
        used = self._used()
        self.used = tuple(name for name in dimensions.members if name in used)

    def rows(self) -> Iterable[LineRow]:
        """Yield every combination of the dimensions in use."""
        for members in itertools.product(*(self._dimensions.members[d] for d in self.used)):
            cell = dict(zip(self.used, members, strict=True))
            try:
                yield LineRow(cell, self._terms(cell))
            except NoTerms:
                yield LineRow(cell, None)

    def _used(self) -> set[str]:
        places: list[Path_] = [
            ("class_b_first_share",),
            *(("ceilings", name) for name in self._entry.ceilings),
        ]
        found: set[str] = set()
        for k, item in enumerate(self._entry.items):
            places += [("items", k, name) for name in TABLES]
            if item.unit_price is not None:
                places += self._places_of_slices(("items", k, "unit_price", "table"))
            if item.only is not None:
                found |= {"level"} if item.only.levels else set()
                found |= {"disease"} if item.only.diseases else set()
        for place in places:
            raw = self._raw(place)
            found |= Table(self._document, (*self._path, *place), raw, self._dimensions).used()
        return found

    def _places_of_slices(self, place: Path_) -> Iterator[Path_]:
        """Yield the place of a table of slices and those of the values in its rows."""
        yield place
        raw = self._raw(place)
        if isinstance(raw, dict):
            for key in raw:
                yield from self._places_of_slices((*place, key))
        elif isinstance(raw, list):
            rows = [k for k, row in enumerate(raw) if isinstance(row, dict)]
            yield from ((*place, k, name) for k in rows for name in raw[k])

    def _raw(self, place: Path_) -> Any:
        raw = self._document.value
        for key in (*self._path, *place):
            raw = raw.get(key) if isinstance(raw, dict) else raw[key]
        return raw

    def _table(self, place: Path_, cell: Cell, leaf: Callable[[Any, Path_], T]) -> T | None:
        """Return the value at a place for a combination, None where nothing stands."""
        raw = self._raw(place)
        if raw is None:
            return None
        table = Table(self._document, (*self._path, *place), raw, self._dimensions)
        return table.at(cell, leaf)

    def _terms(self, cell: Cell) -> LineTerms:
        ceilings = {
            self._category(name, (*self._path, "ceilings", name)): self._table(
                ("ceilings", name), cell, self._price
            )
            for name in self._entry.ceilings
        }
        return LineTerms(
            class_b_ppm=self._table(("class_b_first_share",), cell, self._rate) or 0,
            ceilings_e6={key: price for key, price in ceilings.items() if price is not None},
            items=tuple(self._item(k, cell) for k in range(len(self._entry.items))),
        )

    def _item(self, k: int, cell: Cell) -> ItemEntry:
        item, place = self._entry.items[k], ("items", k)
        path = (*self._path, *place)
        stream = self._table((*place, "stream"), cell, self._word(Stream))
        last = self._table((*place, "last_share"), cell, self._rate)
        if (stream is Stream.FINAL_SHARE) and last is None:
            raise self._document.error(
                "last_share",
                path,
                "stream 为 final_share 时须写 last_share",
                "the stream final_share needs `last_share`",
            )
        return ItemEntry(
            classes=frozenset(ItemClass[name] for name in item.of.item_class),
            categories=frozenset(
                self._category(name, (*path, "of", "category")) for name in item.of.category
            ),
            groups=frozenset(item.of.group),
            first_ppm=self._table((*place, "first_share"), cell, self._rate),
            unit_price=self._unit_price(item, place, cell),
            ceiling_e6=self._table((*place, "ceiling"), cell, self._price),
            excess=self._table((*place, "over_ceiling"), cell, self._word(Excess)),
            day_limit_fen=self._table((*place, "day_limit"), cell, self._fen),
            stream=stream,
            last_ppm=last if stream is Stream.FINAL_SHARE else None,
            only=None if item.only is None else self._only(item.only, (*path, "only"), cell),
        )

    def _check_shape(self, item: schema.ItemTerms, path: Path_) -> None:
        said = [name for name in (*TABLES, "unit_price", "only") if getattr(item, name) is not None]
        rules = (
            (not (item.of.group or item.of.category or item.of.item_class), "of",
             "of 须写 group、category 或 class", "`of` names groups, categories or classes"),
            (not said, "of", "这一条没有写明任何规定", "the entry states no term"),
            ({"first_share", "unit_price"} <= set(said), "unit_price",
             "first_share 与 unit_price 只写其一", "write first_share or unit_price, not both"),
            ("last_share" in said and "stream" not in said, "last_share",
             "last_share 只与 stream 同写", "last_share goes with `stream`"),
        )  # fmt: skip
        for broken, place, zh, en in rules:
            if broken:
                raise self._document.error("item_shape", (*path, place), zh, en)

    def _unit_price(self, item: schema.ItemTerms, place: Path_, cell: Cell) -> UnitPrice | None:
        if item.unit_price is None:
            return None
        slices = self._table((*place, "unit_price", "table"), cell, self._slices(cell))
        return UnitPrice(item.unit_price.method == "whole", slices or ())

    def _slices(self, cell: Cell) -> Callable[[Any, Path_], tuple[PriceSlice, ...]]:
        """Return what reads a table of slices, whose values may depend on dimensions too."""

        def value(
            row: dict[str, Any], name: str, path: Path_, leaf: Callable[[Any, Path_], T]
        ) -> T:
            return Table(self._document, (*path, name), row[name], self._dimensions).at(cell, leaf)

        def read(raw: Any, path: Path_) -> tuple[PriceSlice, ...]:
            self._check_slices(raw, path)
            slices = [
                PriceSlice(
                    value(row, "to", (*path, k), self._end),
                    value(row, "share", (*path, k), self._rate),
                )
                for k, row in enumerate(raw)
            ]
            self._check_rising(slices, path)
            return tuple(slices)

        return read

    def _check_slices(self, raw: Any, path: Path_) -> None:
        rows = raw if isinstance(raw, list) else []
        if not rows or any(
            not isinstance(row, dict) or set(row) != {"to", "share"} for row in rows
        ):
            raise self._document.error(
                "slice_shape",
                path,
                "单价分段的每一段须写 to 与 share",
                "each slice by unit price has `to` and `share`",
            )

    def _check_rising(self, slices: list[PriceSlice], path: Path_) -> None:
        ends = [one.to_e6 for one in slices[:-1]]
        known = [0, *(end for end in ends if end is not None)]
        if None in ends or slices[-1].to_e6 is not None or sorted(set(known)) != known:
            raise self._document.error(
                "slices_not_rising",
                path,
                "单价分段上限须递增，最后一段写 null",
                "the ends of the slices must rise, and the last is null",
            )

    def _only(self, only: schema.Only, path: Path_, cell: Cell) -> Only:
        for dimension, named in (("level", only.levels), ("disease", only.diseases)):
            strangers = sorted(set(named) - set(self._dimensions.members.get(dimension, ())))
            if strangers:
                raise self._document.error(
                    "unknown_member",
                    (*path, f"{dimension}s"),
                    f"维度 {dimension} 没有成员 {strangers}",
                    f"{dimension} has no member {strangers}",
                )
        visits = [self._visit(name, (*path, "visits")) for name in only.visits]
        outside = [
            named and cell[dimension] not in named
            for dimension, named in (("level", only.levels), ("disease", only.diseases))
        ]
        lower, upper = only.ages or (0, None)
        return Only(
            never=any(outside),
            visits=sum(1 << visit for visit in set(visits)),
            sexes=sum(1 << Sex[name.upper()] for name in set(only.sexes)),
            age_from=lower,
            age_to=upper,
            approved=only.approved is not None,
        )

    def _category(self, name: str, path: Path_) -> ItemCategory:
        if name not in CATEGORIES:
            raise self._document.error(
                "unknown_category", path, f"没有项目类别 {name}", f"there is no category {name}"
            )
        return CATEGORIES[name]

    def _visit(self, name: str, path: Path_) -> VisitKind:
        if name not in VISITS:
            raise self._document.error(
                "unknown_visit", path, f"没有就诊类别 {name}", f"there is no kind of visit {name}"
            )
        return VISITS[name]

    def _word(self, words: type[IntEnum]) -> Callable[[Any, Path_], Any]:
        def read(raw: Any, path: Path_) -> IntEnum:
            named = {word.name.lower(): word for word in words}
            if not isinstance(raw, str) or raw not in named:
                raise self._document.error(
                    "unknown_word",
                    path,
                    f"{raw!r} 须是 {list(named)} 之一",
                    f"{raw!r} must be one of {list(named)}",
                )
            return named[raw]

        return read

    def _rate(self, raw: Any, path: Path_) -> int:
        return read_rate(self._document, raw, path)

    def _end(self, raw: Any, path: Path_) -> int | None:
        return None if raw is None else self._price(raw, path)

    def _fen(self, raw: Any, path: Path_) -> int:
        return read_fen(self._document, raw, path)

    def _price(self, raw: Any, path: Path_) -> int:
        return read_price_e6(self._document, raw, path)
