"""Splits bill lines into the four buckets, by the catalogue of the day and the scheme's terms."""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.claims.columns import (
    NONE,
    UFEN,
    Bucket,
    Event,
    Ints,
    Lines,
    PricedLines,
    Status,
    Stream,
)
from engine.codes.enums import Sex
from engine.money import MAX_FEN, PPM, mul_div_i64, share_fen_i64
from engine.policy.tables import BAND_WIDTH, BandField, Excess, ItemField
from engine.settlement.jit import Entry, kernel

PRICE_TIMES_QUANTITY_IN_FEN = 10**8
ANYWHERE = 0
NARROW = 1 << 31
"""Factors below this have a product of 62 bits."""

# Columns of `DayUse.used`, and the cells of its `size`.
USE_DAY, USE_LIMIT, USE_FEN = range(3)
USED, OF_CLAIM = range(2)

Whole: TypeAlias = NDArray[np.integer[Any]]
"""A column of whole numbers, as wide as they ask for."""

Split: TypeAlias = tuple[int, int, int, int]
"""A line's amount in fen, off the list, over the price, as first share and covered."""

mul_div = kernel(mul_div_i64)
share_fen = kernel(share_fen_i64)


class Catalogue(NamedTuple):
    """Dated catalogue rows, those of item i in `first[i]:first[i + 1]`.

    region: care region as a number, ANYWHERE for all; a row of the claim's own region stands
    before one for all. begins, ends: `[begins, ends)` in days. item_class: an ItemClass;
    first_ppm: NONE where the scheme's share holds; category: an ItemCategory; groups: position of
    the row's set of groups in `LineBook.group_sets`; ceiling_e6: (rows, 4) ceiling price by price
    level 1 to 3, NONE without one.
    """

    first: Ints
    region: Ints
    begins: Ints
    ends: Ints
    item_class: Ints
    first_ppm: Ints
    category: Ints
    groups: Ints
    ceiling_e6: Ints


class LineRules(NamedTuple):
    """Line terms by rule, a rule being one combination of one dated entry.

    rejects: (rules,); terms_at: (rules, classes, categories, group sets) row of `terms`, which are
    laid out as ItemField says; slices: flat BandFields, bounds in 1e-6 yuan a unit.
    """

    rejects: Ints
    terms_at: Ints
    terms: Ints
    slices: Ints


class DayUse(NamedTuple):
    """What the lines of the claim at hand have used of day limits.

    used: (n, 3) day, limit and fen; size: how many rows are used, and of which claim.
    """

    used: Ints
    size: Ints


def day_use(lines: Lines, before: DayUse | None = None) -> DayUse:
    """Return room for the day limits of some lines, carrying on what those before them used."""
    known = 0 if before is None else int(before.size[USED])
    room = empty_day_use(known + lines.claim.size)
    if before is not None:
        room.used[:known] = before.used[:known]
        room.size[:] = before.size
    return room


def empty_day_use(lines: int) -> DayUse:
    """Return room for the day limits of so many lines."""
    return DayUse(np.empty((lines, 3), dtype=np.int64), np.array([0, NONE], dtype=np.int64))


def price_lines(
    lines: Lines,
    catalogue: Catalogue,
    rules: LineRules,
    events: Ints,
    care_region: Ints,
    days: DayUse,
) -> PricedLines:
    """Return the lines' buckets, and add them to their events' buckets.

    A line that cannot be priced makes its event's POLICY_ROW the negative of a Status.

    Args:
        lines: by claim.
        catalogue: the dated rows.
        rules: the schemes' terms.
        events: that know their LINE_RULE; changed in place.
        care_region: per event, the number that the catalogue's rows have for its care region.
        days: room for the lines' day limits.
    """
    priced = _new(len(lines.claim))
    form = _price_lines.sized(len(lines.claim))
    form(lines, catalogue, rules, events, care_region, (days, priced))
    return priced


@Entry
def _price_lines(
    lines: Lines,
    catalogue: Catalogue,
    rules: LineRules,
    events: Ints,
    care_region: Ints,
    out: tuple[DayUse, PricedLines],
) -> None:
    days, priced = out
    where, measures = (lines.claim, lines.item, lines.day), (lines.amount, lines.quantity_e4)
    for k in range(lines.claim.size):
        at = lines.claim[k]
        event = events[at]
        rule = event[Event.LINE_RULE]
        if event[Event.POLICY_ROW] < 0:
            continue
        if rule < 0:
            event[Event.POLICY_ROW] = rule
            continue
        row = row_on(catalogue, lines.item[k], care_region[at], lines.day[k])
        line = (lines.amount[k], lines.quantity_e4[k], lines.approved[k])
        terms, split = split_line(line, catalogue, rules, (row, rule), event)
        stream, last_ppm = Stream.ORDINARY.value, NONE
        if terms != NONE:
            if is_limited(rules.terms[terms]) and not taken_back(where, measures, k):
                priced.limit[k] = rules.terms[terms, ItemField.DAY_LIMIT_ID]
                priced.limit_fen[k] = rules.terms[terms, ItemField.DAY_LIMIT]
                split = hold_to_day(days, rules.terms[terms], (at, lines.day[k]), split)
            stream, last_ppm = lines.stream[k], lines.final_ppm[k]
            if stream == NONE:
                stream, last_ppm = stream_of(rules.terms[terms])
        priced.row[k], priced.stream[k], priced.last_ppm[k] = row, stream, last_ppm
        priced.off_list[k], priced.over_price[k] = split[0], split[1]
        priced.first_share[k], priced.covered[k] = split[2], split[3]
        add_line(event, stream, last_ppm, split)


@kernel
def add_line(event: Ints, stream: int, last_ppm: int, split: Split) -> None:
    """Add a line to the buckets of its stream."""
    bucket = Event.BUCKETS + stream * 4
    event[bucket + Bucket.OFF_LIST] += split[0]
    event[bucket + Bucket.OVER_PRICE] += split[1]
    event[bucket + Bucket.FIRST_SHARE] += split[2]
    event[bucket + Bucket.COVERED] += split[3]
    if stream == Stream.FINAL_SHARE:
        event[Event.FINAL_FUND] += split[3] * (PPM - last_ppm) * (UFEN // PPM)


def _new(count: int) -> PricedLines:
    return PricedLines(
        np.full(count, NONE, np.int64),
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
        np.full(count, NONE, np.int64),
        np.full(count, NONE, np.int64),
        np.zeros(count, np.int64),
    )


@kernel
def row_on(catalogue: Catalogue, item: int, region: int, day: int) -> int:
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
def split_line(
    line: tuple[int, int, int],
    catalogue: Catalogue,
    rules: LineRules,
    where: tuple[int, int],
    event: Ints,
) -> tuple[int, Split]:
    """Return the row of `rules.terms` that a line is covered by, and its four buckets.

    The row is NONE for a line that is off the list. The residual of each step has one owner, so
    that the four sum to the amount. A line that cannot be priced makes the event's POLICY_ROW the
    negative of a Status.

    Args:
        line: its amount in fen, its quantity in 1e-4, and whether its use was approved.
        catalogue: the dated rows.
        rules: the schemes' terms.
        where: the line's catalogue row, or NONE, and its claim's rule.
        event: of the claim.
    """
    charged, quantity_e4, approved = line
    row, rule = where
    if row == NONE:
        if rules.rejects[rule]:
            event[Event.POLICY_ROW] = -Status.UNKNOWN_ITEM
        return NONE, (charged, 0, 0, 0)
    item_class, category = catalogue.item_class[row], catalogue.category[row]
    found = rules.terms_at[rule, item_class, category, catalogue.groups[row]]
    terms = rules.terms[found]
    ceiling = _lower(
        catalogue.ceiling_e6[row, event[Event.PRICE_LEVEL]], terms[ItemField.CEILING_E6]
    )
    sign = -1 if charged < 0 else 1
    amount, quantity = abs(charged), abs(quantity_e4)
    most = amount if ceiling == NONE else _at_most(amount, ceiling, quantity)
    whole = most < amount and terms[ItemField.EXCESS] == Excess.WHOLE_ITEM
    if terms[ItemField.OFF_LIST] or whole or not _within(terms, event, approved):
        return NONE, (charged, 0, 0, 0)
    after = terms[ItemField.EXCESS] == Excess.AFTER_SHARE
    base = amount if after else most
    own = catalogue.first_ppm[row] if terms[ItemField.OWN_SHARE] else NONE
    first = share_fen(base, own) if own != NONE else _first_share(rules, terms, base, quantity)
    over = max(base - first - most, 0) if after else amount - most
    return found, (0, sign * over, sign * first, sign * (amount - first - over))


@kernel
def stream_of(terms: Ints) -> tuple[int, int]:
    """Return the stream that terms send a line to, and the person's final share there."""
    return terms[ItemField.STREAM], terms[ItemField.LAST_PPM]


@kernel
def _within(terms: Ints, event: Ints, approved: int) -> bool:
    """Return whether a line lies within the limits on use.

    A fact that a limit asks for and the claim does not tell leaves the claim without terms.
    """
    if not terms[ItemField.LIMITED]:
        return True
    age, sex = event[Event.AGE], event[Event.SEX]
    low, high = terms[ItemField.AGE_FROM], terms[ItemField.AGE_TO]
    by_age = low > 0 or high != NONE
    by_sex = terms[ItemField.SEXES] != 0
    if (by_age and age == NONE) or (by_sex and sex not in (Sex.MALE, Sex.FEMALE)):
        event[Event.POLICY_ROW] = -Status.NO_TERMS
        return False
    visits = terms[ItemField.VISITS]
    if visits != 0 and not (visits >> event[Event.VISIT_KIND]) & 1:
        return False
    if by_sex and not (terms[ItemField.SEXES] >> sex) & 1:
        return False
    if by_age and (age < low or (high != NONE and age >= high)):
        return False
    return bool(not terms[ItemField.APPROVED] or approved == 1)


@kernel
def _first_share(rules: LineRules, terms: Ints, base: int, quantity: int) -> int:
    """Return the first share of a base in fen, flat or by unit price."""
    count = terms[ItemField.SLICE_COUNT]
    if count == 0:
        return int(share_fen(base, terms[ItemField.FIRST_PPM]))
    low, share_ufen = 0, 0
    for j in range(count):
        at = terms[ItemField.SLICE_AT] + j * BAND_WIDTH
        to, ppm = rules.slices[at + BandField.TO], rules.slices[at + BandField.RATE]
        high = base if to == NONE else _at_most(base, to, quantity)
        if terms[ItemField.WHOLE_PRICE]:
            if high == base:
                return int(share_fen(base, ppm))
        else:
            share_ufen += (high - low) * ppm
            low = high
    return int((share_ufen + UFEN // 2) // UFEN)


@kernel
def is_limited(terms: Ints) -> bool:
    """Return whether terms hold a line to a limit of the day."""
    return bool(terms[ItemField.DAY_LIMIT_ID] != NONE)


@kernel
def taken_back(where: tuple[Whole, Whole, Whole], measures: tuple[Ints, Ints], k: int) -> bool:
    """Return whether a line is one of a pair that comes to nothing: a line and its refund.

    Neither uses a limit of the day, so that the rest is held to it as if they had not been billed.
    Of equal lines the first are those that refunds take back.

    Args:
        where: claim, item and day of the lines.
        measures: their amounts and quantities.
        k: the line.
    """
    claim, item, day = where
    amount, quantity = measures
    first = k
    while first > 0 and claim[first - 1] == claim[k]:
        first -= 1
    equal_before, opposite = 0, 0
    for at in range(first, claim.size):
        if claim[at] != claim[k]:
            break
        if item[at] != item[k] or day[at] != day[k]:
            continue
        if amount[at] == amount[k] and quantity[at] == quantity[k]:
            equal_before += at < k
        elif amount[at] == -amount[k] and quantity[at] == -quantity[k]:
            opposite += 1
    return bool(equal_before < opposite)


@kernel
def hold_to_day(days: DayUse, terms: Ints, when: tuple[int, int], split: Split) -> Split:
    """Return a line's buckets with what passes its day limit moved to the price excess.

    `when` is the claim and the day of the line.
    """
    limit, limit_fen = terms[ItemField.DAY_LIMIT_ID], terms[ItemField.DAY_LIMIT]
    claim, day = when
    if days.size[OF_CLAIM] != claim:
        days.size[USED] = 0
        days.size[OF_CLAIM] = claim
    found = days.size[USED]
    for j in range(days.size[USED]):
        if days.used[j, USE_DAY] == day and days.used[j, USE_LIMIT] == limit:
            found = j
    if found == days.size[USED]:
        days.used[found, USE_DAY] = day
        days.used[found, USE_LIMIT] = limit
        days.used[found, USE_FEN] = 0
        days.size[USED] += 1
    off_list, over_price, first_share, covered = split
    before = days.used[found, USE_FEN]
    now = before + covered
    days.used[found, USE_FEN] = now
    allowed = min(now, limit_fen) - min(before, limit_fen)
    return off_list, over_price + covered - allowed, first_share, allowed


@kernel
def _at_most(amount: int, price_e6: int, quantity_e4: int) -> int:
    """Return an amount bounded by price x quantity, whose product may be wider than 64 bits."""
    if price_e6 < NARROW and quantity_e4 < NARROW:
        product = price_e6 * quantity_e4 + PRICE_TIMES_QUANTITY_IN_FEN // 2
        return min(amount, product // PRICE_TIMES_QUANTITY_IN_FEN)
    # In units of 10**14 the product loses less than a factor of 4; past MAX_FEN it bounds nothing.
    if (price_e6 // 10**8) * (quantity_e4 // 10**6) >= MAX_FEN // 10**6:
        return amount
    return min(amount, mul_div(price_e6, quantity_e4, PRICE_TIMES_QUANTITY_IN_FEN))


@kernel
def _lower(one: int, other: int) -> int:
    """Return the lower of two ceiling prices, either of which may be NONE."""
    if min(one, other) == NONE:
        return int(max(one, other))
    return int(min(one, other))
