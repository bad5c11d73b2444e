"""Splits bill lines into the four buckets, by the catalogue of the day and the scheme's terms."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from engine.claims.columns import NONE, Bucket, Event, Ints, Lines, PricedLines, Status, Stream
from engine.codes.enums import ItemCategory, ItemClass
from engine.money import MAX_FEN, PPM, mul_div_i64, share_fen_i64
from engine.policy.compiler import CompiledBook
from engine.policy.line_terms import LineEntry
from engine.settlement.jit import Entry, kernel

PRICE_TIMES_QUANTITY_IN_FEN = 10**8
ANYWHERE = 0

mul_div = kernel(mul_div_i64)
share_fen = kernel(share_fen_i64)


class Catalogue(NamedTuple):
    """Dated catalogue rows, those of item i in `first[i]:first[i + 1]`.

    region: care region as a number, ANYWHERE for all; a row of the claim's own region stands
    before one for all. begins, ends: `[begins, ends)` in days. item_class: an ItemClass;
    first_ppm: NONE where the scheme's share holds; category: an ItemCategory; ceiling_e6:
    (rows, 4) ceiling price by price level 1 to 3, NONE without one.
    """

    first: Ints
    region: Ints
    begins: Ints
    ends: Ints
    item_class: Ints
    first_ppm: Ints
    category: Ints
    ceiling_e6: Ints


class LineRules(NamedTuple):
    """Line terms by rule: (rules,) class_b_ppm and rejects; (rules, categories) ceiling_e6."""

    class_b_ppm: Ints
    rejects: Ints
    ceiling_e6: Ints


class LineBook:
    """The line terms of a book, found by scheme, day and level."""

    def __init__(self, book: CompiledBook) -> None:
        self._schemes = book.book.schemes
        self._first: list[list[int]] = []
        shares: list[int] = []
        rejects: list[int] = []
        ceilings: list[list[int]] = []
        for scheme in self._schemes:
            self._first.append([])
            for entry in scheme.line_entries:
                self._first[-1].append(len(shares))
                for level in scheme.file.levels:
                    shares.append(entry.class_b_ppm)
                    rejects.append(int(entry.rejects_unknown))
                    ceilings.append(_ceilings(entry, level))
        width = max(ItemCategory) + 1
        self.rules = LineRules(
            np.array(shares, dtype=np.int64),
            np.array(rejects, dtype=np.int64),
            np.array(ceilings, dtype=np.int64).reshape(-1, width),
        )

    def rules_of(self, events: Ints, days: Ints) -> Ints:
        """Return each event's rule, NONE where its scheme has no line terms on its day."""
        found = np.full(len(events), NONE, dtype=np.int64)
        for at, first, entry in self._entries():
            levels = len(self._schemes[at].file.levels)
            mine = (events[:, Event.SCHEME] == at) & (days >= entry.begins) & (days < entry.ends)
            mine &= (events[:, Event.LEVEL] >= 0) & (events[:, Event.LEVEL] < levels)
            found[mine] = first + events[mine, Event.LEVEL]
        return found

    def _entries(self) -> Iterable[tuple[int, int, LineEntry]]:
        for at, scheme in enumerate(self._schemes):
            for first, entry in zip(self._first[at], scheme.line_entries, strict=True):
                yield at, first, entry


def _ceilings(entry: LineEntry, level: str) -> list[int]:
    row = [NONE] * (max(ItemCategory) + 1)
    for (of_level, category), price in entry.ceilings_e6.items():
        if of_level == level:
            row[category] = price
    return row


def price_lines(
    lines: Lines, catalogue: Catalogue, rules: LineRules, events: Ints, claims: tuple[Ints, Ints]
) -> PricedLines:
    """Return the lines' buckets, and add them to their events' buckets.

    A line that cannot be priced makes its event's POLICY_ROW the negative of a Status.

    Args:
        lines: by claim.
        catalogue: the dated rows.
        rules: the schemes' terms.
        events: changed in place.
        claims: per event, its rule and its care region as a number.
    """
    return _price_lines.sized(len(lines.claim))(lines, catalogue, rules, events, claims)


@Entry
def _price_lines(
    lines: Lines, catalogue: Catalogue, rules: LineRules, events: Ints, claims: tuple[Ints, Ints]
) -> PricedLines:
    priced = _new(lines.claim.size)
    for k in range(lines.claim.size):
        at = lines.claim[k]
        event = events[at]
        rule = claims[0][at]
        if event[Event.POLICY_ROW] < 0:
            continue
        if rule == NONE:
            event[Event.POLICY_ROW] = -Status.NO_LINE_TERMS
            continue
        row = _row(catalogue, lines.item[k], claims[1][at], lines.day[k])
        if row == NONE and rules.rejects[rule]:
            event[Event.POLICY_ROW] = -Status.UNKNOWN_ITEM
        _split(lines, catalogue, rules, priced, (k, row, rule, event[Event.PRICE_LEVEL]))
        bucket = Event.BUCKETS + lines.stream[k] * 4
        event[bucket + Bucket.OFF_LIST] += priced.off_list[k]
        event[bucket + Bucket.OVER_PRICE] += priced.over_price[k]
        event[bucket + Bucket.FIRST_SHARE] += priced.first_share[k]
        event[bucket + Bucket.COVERED] += priced.covered[k]
        event[Event.FINAL_FUND] += priced.final_fund[k]
    return priced


@kernel
def _new(count: int) -> PricedLines:
    return PricedLines(
        np.full(count, NONE, np.int64),
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
    )


@kernel
def _row(catalogue: Catalogue, item: int, region: int, day: int) -> int:
    """Return the catalogue row of an item on a day, the region's own before one for all."""
    if item == NONE:
        return NONE
    found = NONE
    for k in range(catalogue.first[item], catalogue.first[item + 1]):
        if catalogue.begins[k] <= day < catalogue.ends[k]:
            if catalogue.region[k] == region:
                return k
            if catalogue.region[k] == ANYWHERE and found == NONE:
                found = k
    return found


@kernel
def _split(
    lines: Lines,
    catalogue: Catalogue,
    rules: LineRules,
    priced: PricedLines,
    where: tuple[int, int, int, int],
) -> None:
    """Split line k; the residual of each step has one owner, so the four sum to the amount."""
    k, row, rule, price_level = where
    amount = lines.amount[k]
    priced.row[k] = row
    if row == NONE or catalogue.item_class[row] == ItemClass.C:
        priced.off_list[k] = amount
        return
    ceiling = _ceiling(catalogue, rules, (row, rule, price_level))
    base = amount
    if ceiling != NONE:
        base = _at_most(amount, ceiling, lines.quantity_e4[k])
    share = 0
    if catalogue.item_class[row] == ItemClass.B:
        share = catalogue.first_ppm[row]
        share = rules.class_b_ppm[rule] if share == NONE else share
    first = share_fen(base, share)
    priced.over_price[k] = amount - base
    priced.first_share[k] = first
    priced.covered[k] = base - first
    if lines.stream[k] == Stream.FINAL_SHARE:
        priced.final_fund[k] = share_fen(base - first, PPM - lines.final_ppm[k])


@kernel
def _at_most(amount: int, price_e6: int, quantity_e4: int) -> int:
    """Return an amount bounded by price x quantity, whose product may be wider than 64 bits."""
    # In units of 10**14 the product loses less than a factor of 4; past MAX_FEN it bounds nothing.
    if (price_e6 // 10**8) * (quantity_e4 // 10**6) >= MAX_FEN // 10**6:
        return amount
    return min(amount, mul_div(price_e6, quantity_e4, PRICE_TIMES_QUANTITY_IN_FEN))


@kernel
def _ceiling(catalogue: Catalogue, rules: LineRules, where: tuple[int, int, int]) -> int:
    """Return the lower of the catalogue's and the scheme's ceiling price in 1e-6 yuan, or NONE."""
    row, rule, price_level = where
    of_item = catalogue.ceiling_e6[row, price_level]
    of_scheme = rules.ceiling_e6[rule, catalogue.category[row]]
    if min(of_item, of_scheme) == NONE:
        return int(max(of_item, of_scheme))
    return int(min(of_item, of_scheme))
