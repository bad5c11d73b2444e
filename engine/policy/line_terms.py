"""Terms for pricing bill lines: what an item costs its patient before any fund is asked."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from engine.claims.columns import Stream
from engine.codes.enums import ItemCategory, ItemClass
from engine.policy.tables import Excess
from engine.policy.values import Cell

T = TypeVar("T")


@dataclass(frozen=True)
class PriceSlice:
    """A first share of `share_ppm` up to `to_e6` (1e-6 yuan per unit; None: without end)."""

    to_e6: int | None
    share_ppm: int


@dataclass(frozen=True)
class UnitPrice:
    """First shares by unit price: slice by slice, or the whole price at the share of its band."""

    whole: bool
    slices: tuple[PriceSlice, ...]


@dataclass(frozen=True)
class Only:
    """Limits on use. Masks have bit k for member k of their enum, 0: any; ages are half-open."""

    never: bool
    visits: int
    sexes: int
    age_from: int
    age_to: int | None
    approved: bool


@dataclass(frozen=True)
class ItemEntry:
    """What an entry of `items` says in one combination; None where it says nothing.

    Of classes, categories and groups an empty set stands for any.
    """

    classes: frozenset[ItemClass]
    categories: frozenset[ItemCategory]
    groups: frozenset[str]
    first_ppm: int | None
    unit_price: UnitPrice | None
    ceiling_e6: int | None
    excess: Excess | None
    day_limit_fen: int | None
    stream: Stream | None
    last_ppm: int | None
    only: Only | None

    def takes(self, kind: "ItemKind") -> bool:
        """Return whether the entry is about items of a kind."""
        return (
            (not self.classes or kind.item_class in self.classes)
            and (not self.categories or kind.category in self.categories)
            and (not self.groups or not self.groups.isdisjoint(kind.groups))
        )


@dataclass(frozen=True)
class ItemKind:
    """What the terms can tell of a catalogue item."""

    item_class: ItemClass
    category: ItemCategory
    groups: frozenset[str]


@dataclass(frozen=True)
class ItemTerms:
    """What holds for the lines of one kind of item in one combination.

    Attributes:
        off_list: whether they are off the list whatever else is said.
        own_share: whether a first share of the catalogue row stands before these.
        day_limit_at: the entry whose day limit it is, NONE where there is none.
    """

    off_list: bool
    own_share: bool
    first_ppm: int
    unit_price: UnitPrice | None
    ceiling_e6: int | None
    excess: Excess
    day_limit_fen: int | None
    day_limit_at: int | None
    stream: Stream
    last_ppm: int | None
    only: Only | None


@dataclass(frozen=True)
class LineTerms:
    """The line terms of one combination."""

    class_b_ppm: int
    ceilings_e6: dict[ItemCategory, int]
    items: tuple[ItemEntry, ...]

    def of(self, kind: ItemKind) -> ItemTerms:
        """Return what holds for a kind of item: each term of the first entry that states it."""
        taking = [(at, entry) for at, entry in enumerate(self.items) if entry.takes(kind)]
        entries = [entry for _, entry in taking]
        share = next((e for e in entries if e.first_ppm is not None or e.unit_price), None)
        limited = next(((at, e) for at, e in taking if e.day_limit_fen is not None), None)
        routed = next((e for e in entries if e.stream is not None), None)
        is_b = kind.item_class is ItemClass.B
        ceilings = (self.ceilings_e6.get(kind.category), _first(entries, lambda e: e.ceiling_e6))
        only = _first(entries, lambda e: e.only)
        return ItemTerms(
            off_list=(kind.item_class is ItemClass.C and share is None)
            or (only is not None and only.never),
            own_share=is_b,
            first_ppm=(self.class_b_ppm if is_b else 0) if share is None else share.first_ppm or 0,
            unit_price=None if share is None else share.unit_price,
            ceiling_e6=min((price for price in ceilings if price is not None), default=None),
            excess=_first(entries, lambda e: e.excess) or Excess.EXCESS,
            day_limit_fen=None if limited is None else limited[1].day_limit_fen,
            day_limit_at=None if limited is None else limited[0],
            stream=Stream.ORDINARY if routed is None else Stream(routed.stream or 0),
            last_ppm=None if routed is None else routed.last_ppm,
            only=only,
        )


def _first(entries: Iterable[ItemEntry], term: Callable[[ItemEntry], T | None]) -> T | None:
    return next((found for entry in entries if (found := term(entry)) is not None), None)


@dataclass(frozen=True)
class LineRow:
    """One combination and its line terms, or None where the file has none."""

    cell: Cell
    terms: LineTerms | None


@dataclass(frozen=True)
class LineEntry:
    """Dated line terms, `[begins, ends)` in days.

    Attributes:
        rejects_unknown: an item that the catalogue does not hold is rejected, not self-paid.
        used: the dimensions that anything depends on.
        rows: the product of their members, the last dimension running fastest.
        groups: the groups of the catalogue that are spoken of.
        source: where the terms stand.
    """

    begins: int
    ends: int
    rejects_unknown: bool
    used: tuple[str, ...]
    rows: tuple[LineRow, ...]
    groups: frozenset[str]
    source: str
