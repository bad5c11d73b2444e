"""Sums a night's bill lines into their claims' buckets: `price_lines` without an answer by line."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.claims.columns import NONE, Bucket, Event, EventKind, Ints, Stream
from engine.policy.tables import ItemField
from engine.settlement.jit import Entry, kernel
from engine.settlement.memory import prefetch
from engine.settlement.price_lines import (
    ANYWHERE,
    NARROW,
    PRICE_TIMES_QUANTITY_IN_FEN,
    Catalogue,
    DayUse,
    LineRules,
    add_line,
    hold_to_day,
    is_limited,
    row_on,
    share_fen,
    split_line,
    stream_of,
    taken_back,
)

SEVERAL = -2
INDEX_AHEAD, ROW_AHEAD = 48, 24
"""How many lines ahead the memory is asked for a line's place in the index, and for its row."""

_ORDINARY = Event.BUCKETS.value + Stream.ORDINARY.value * len(Bucket)
_OFF_LIST, _OVER_PRICE, _FIRST_SHARE, _COVERED = (_ORDINARY + one.value for one in Bucket)

Narrow = NDArray[np.int32]


class StagedLines(NamedTuple):
    """Lines as the night keeps them, in the narrow types of the table LINES; lines by claim.

    claim: position of the claim in the night; the rest as in `columns.Lines`. None states its
    stream.
    """

    claim: Narrow
    item: Narrow
    quantity_e4: Ints
    amount: Ints
    day: Narrow
    approved: NDArray[np.int8]


class PriceIndex(NamedTuple):
    """Which catalogue row holds for an item in a region on all days of a span.

    rows: for slot s and item i, `rows[s * items + i]` is the row, NONE, or SEVERAL where days of
    the span differ; regions: by slot the number of the region; begins, ends: the span, half-open.
    """

    rows: Narrow
    regions: Ints
    items: int
    begins: int
    ends: int


def price_index(catalogue: Catalogue, begins: int, ends: int) -> PriceIndex:
    """Return the index of a catalogue over the days `[begins, ends)`.

    Regions without a row of their own share the last slot, which has the rows for all.
    """
    own = np.unique(catalogue.region[catalogue.region != ANYWHERE])
    regions = np.append(own, ANYWHERE)
    items = len(catalogue.first) - 1
    index = PriceIndex(np.empty(len(regions) * items, dtype=np.int32), regions, items, begins, ends)
    _fill_index.sized(len(index.rows))(catalogue, index)
    return index


def slots_of(index: PriceIndex, care_region: Ints) -> Narrow:
    """Return the slot of each region."""
    own = index.regions[:-1]
    if not len(own):
        return np.zeros(len(care_region), dtype=np.int32)
    slots = np.minimum(np.searchsorted(own, care_region), len(own) - 1)
    return np.where(own[slots] == care_region, slots, len(own)).astype(np.int32)


def sum_lines(
    lines: StagedLines,
    prices: tuple[Catalogue, PriceIndex],
    rules: LineRules,
    events: Ints,
    places: tuple[int, Narrow],
    days: DayUse,
) -> None:
    """Add lines to their events' buckets, as `price_lines` does; those of refunds are passed over.

    A line that cannot be priced makes its event's POLICY_ROW the negative of a Status.

    Args:
        lines: by claim.
        prices: the dated rows and their index.
        rules: the schemes' terms.
        events: that know their LINE_RULE; changed in place.
        places: the claim of the first event, and per event the slot of its care region.
        days: room for the day limits of the lines of one claim.
    """
    _sum_lines.sized(len(lines.claim))(lines, prices, rules, events, places, days)


@Entry
def _sum_lines(
    lines: StagedLines,
    prices: tuple[Catalogue, PriceIndex],
    rules: LineRules,
    events: Ints,
    places: tuple[int, Narrow],
    days: DayUse,
) -> None:
    catalogue, index = prices
    first, slots = places
    where, measures = (lines.claim, lines.item, lines.day), (lines.amount, lines.quantity_e4)
    count = lines.claim.size
    for k in range(count):
        _look_ahead(lines, prices, places, k)
        at = lines.claim[k] - first
        event = events[at]
        if event[Event.POLICY_ROW] < 0 or event[Event.KIND] != EventKind.CLAIM:
            continue
        rule = event[Event.LINE_RULE]
        if rule < 0:
            event[Event.POLICY_ROW] = rule
            continue
        row = _row(catalogue, index, (slots[at], lines.item[k]), lines.day[k])
        bill = (lines.amount[k], lines.quantity_e4[k])
        if row != NONE and _sum_plain(bill, catalogue, rules, (row, rule), event):
            continue
        line = (*bill, lines.approved[k])
        terms, split = split_line(line, catalogue, rules, (row, rule), event)
        stream, last_ppm = Stream.ORDINARY.value, NONE
        if terms != NONE:
            if is_limited(rules.terms[terms]) and not taken_back(where, measures, k):
                when = (lines.claim[k], lines.day[k])
                split = hold_to_day(days, rules.terms[terms], when, split)
            stream, last_ppm = stream_of(rules.terms[terms])
        add_line(event, stream, last_ppm, split)


@kernel
def _sum_plain(
    bill: tuple[int, int],
    catalogue: Catalogue,
    rules: LineRules,
    where: tuple[int, int],
    event: Ints,
) -> bool:
    """Add a line that is not a refund's and whose terms are plain; return False for any other.

    It comes to what `split_line` and `add_line` do, without a branch that goes by the line: which
    way the next line's class, ceiling or share takes is what a processor cannot guess.
    """
    amount, quantity = bill
    row, rule = where
    item_class, category = catalogue.item_class[row], catalogue.category[row]
    terms = rules.terms[rules.terms_at[rule, item_class, category, catalogue.groups[row]]]
    own = catalogue.ceiling_e6[row, event[Event.PRICE_LEVEL]]
    general = terms[ItemField.CEILING_E6]
    narrow = max(own, general) < NARROW and 0 <= quantity < NARROW
    if amount < 0 or not narrow or not terms[ItemField.PLAIN]:
        return False
    ceiling = min(own if own != NONE else NARROW, general if general != NONE else NARROW)
    product = ceiling * quantity + PRICE_TIMES_QUANTITY_IN_FEN // 2
    bound = product // PRICE_TIMES_QUANTITY_IN_FEN if ceiling < NARROW else amount
    most = min(amount, bound)
    share_ppm = catalogue.first_ppm[row] if terms[ItemField.OWN_SHARE] else NONE
    share = share_fen(most, share_ppm if share_ppm != NONE else terms[ItemField.FIRST_PPM])
    off_list = terms[ItemField.OFF_LIST]
    listed = 1 - off_list
    event[_OFF_LIST] += off_list * amount
    event[_OVER_PRICE] += listed * (amount - most)
    event[_FIRST_SHARE] += listed * share
    event[_COVERED] += listed * (most - share)
    return True


@kernel
def _look_ahead(
    lines: StagedLines, prices: tuple[Catalogue, PriceIndex], places: tuple[int, Narrow], k: int
) -> None:
    """Ask the memory for what lines further on will read: without it each waits for its own."""
    catalogue, index = prices
    first, slots = places
    if k + INDEX_AHEAD < lines.claim.size:
        far = k + INDEX_AHEAD
        if lines.item[far] != NONE:
            prefetch(index.rows, slots[lines.claim[far] - first] * index.items + lines.item[far])
        near = k + ROW_AHEAD
        if lines.item[near] != NONE:
            row = index.rows[slots[lines.claim[near] - first] * index.items + lines.item[near]]
            if row >= 0:
                # What is asked of a row lies within one line of the cache.
                prefetch(catalogue.item_class, row)


@kernel
def _row(catalogue: Catalogue, index: PriceIndex, where: tuple[int, int], day: int) -> int:
    slot, item = where
    if item == NONE:
        return NONE
    row = SEVERAL
    if index.begins <= day < index.ends:
        row = index.rows[slot * index.items + item]
    if row == SEVERAL:
        return int(row_on(catalogue, item, index.regions[slot], day))
    return int(row)


@Entry
def _fill_index(catalogue: Catalogue, index: PriceIndex) -> None:
    for slot in range(index.regions.size):
        for item in range(index.items):
            row = _row_of_span(catalogue, index, index.regions[slot], item)
            index.rows[slot * index.items + item] = row


@kernel
def _row_of_span(catalogue: Catalogue, index: PriceIndex, region: int, item: int) -> int:
    """Return the row that `row_on` finds on every day of the span, or SEVERAL."""
    anywhere = NONE
    for k in range(catalogue.first[item], catalogue.first[item + 1]):
        begins, ends = catalogue.begins[k], catalogue.ends[k]
        if ends <= index.begins or begins >= index.ends:
            continue
        found = k if begins <= index.begins and index.ends <= ends else SEVERAL
        if catalogue.region[k] == region and region != ANYWHERE:
            return found
        if catalogue.region[k] == ANYWHERE and anywhere == NONE:
            anywhere = found
    return anywhere
