"""Splits bill lines into the four buckets, by the catalogue of the day and the scheme's terms."""

from typing import NamedTuple

import numpy as np

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

# Columns of `DayUse.used`, and the cells of its `size`.
USE_DAY, USE_LIMIT, USE_FEN = range(3)
USED, OF_CLAIM = range(2)

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
    room = DayUse(
        np.zeros((known + lines.claim.size, 3), dtype=np.int64),
        np.array([known, NONE], dtype=np.int64),
    )
    if before is not None:
        room.used[:known] = before.used[:known]
        room.size[:] = before.size
    return room


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
    for k in range(lines.claim.size):
        at = lines.claim[k]
        event = events[at]
        rule = event[Event.LINE_RULE]
        if event[Event.POLICY_ROW] < 0:
            continue
        if rule < 0:
            event[Event.POLICY_ROW] = rule
            continue
        row = _row(catalogue, lines.item[k], care_region[at], lines.day[k])
        if row == NONE and rules.rejects[rule]:
            event[Event.POLICY_ROW] = -Status.UNKNOWN_ITEM
        _split(lines, catalogue, rules, priced, (k, row, rule), event)
        if priced.limit[k] != NONE:
            _hold_to_day(lines, priced, days, k)
        _add(priced, event, k)


@kernel
def _add(priced: PricedLines, event: Ints, k: int) -> None:
    """Add a line to the buckets of its stream."""
    stream = priced.stream[k]
    bucket = Event.BUCKETS + stream * 4
    event[bucket + Bucket.OFF_LIST] += priced.off_list[k]
    event[bucket + Bucket.OVER_PRICE] += priced.over_price[k]
    event[bucket + Bucket.FIRST_SHARE] += priced.first_share[k]
    event[bucket + Bucket.COVERED] += priced.covered[k]
    if stream == Stream.FINAL_SHARE:
        event[Event.FINAL_FUND] += priced.covered[k] * (PPM - priced.last_ppm[k]) * (UFEN // PPM)


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
    where: tuple[int, int, int],
    event: Ints,
) -> None:
    """Split line k; the residual of each step has one owner, so the four sum to the amount."""
    k, row, rule = where
    priced.row[k] = row
    if row == NONE:
        priced.off_list[k] = lines.amount[k]
        return
    item_class, category = catalogue.item_class[row], catalogue.category[row]
    terms = rules.terms[rules.terms_at[rule, item_class, category, catalogue.groups[row]]]
    ceiling = _lower(
        catalogue.ceiling_e6[row, event[Event.PRICE_LEVEL]], terms[ItemField.CEILING_E6]
    )
    sign = -1 if lines.amount[k] < 0 else 1
    amount, quantity = abs(lines.amount[k]), abs(lines.quantity_e4[k])
    most = amount if ceiling == NONE else _at_most(amount, ceiling, quantity)
    whole = most < amount and terms[ItemField.EXCESS] == Excess.WHOLE_ITEM
    if terms[ItemField.OFF_LIST] or whole or not _within(terms, event, lines.approved[k]):
        priced.off_list[k] = lines.amount[k]
        return
    after = terms[ItemField.EXCESS] == Excess.AFTER_SHARE
    base = amount if after else most
    own = catalogue.first_ppm[row] if terms[ItemField.OWN_SHARE] else NONE
    first = share_fen(base, own) if own != NONE else _first_share(rules, terms, base, quantity)
    over = max(base - first - most, 0) if after else amount - most
    priced.first_share[k] = sign * first
    priced.over_price[k] = sign * over
    priced.covered[k] = sign * (amount - first - over)
    priced.limit[k] = terms[ItemField.DAY_LIMIT_ID]
    priced.limit_fen[k] = terms[ItemField.DAY_LIMIT]
    _route(lines, priced, terms, k)


@kernel
def _route(lines: Lines, priced: PricedLines, terms: Ints, k: int) -> None:
    """Send a line to its stream: that of the bill where it states one, else that of the terms."""
    if lines.stream[k] != NONE:
        priced.stream[k] = lines.stream[k]
        priced.last_ppm[k] = lines.final_ppm[k]
    else:
        priced.stream[k] = terms[ItemField.STREAM]
        priced.last_ppm[k] = terms[ItemField.LAST_PPM]


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
def _hold_to_day(lines: Lines, priced: PricedLines, days: DayUse, k: int) -> None:
    """Move what a line has in scope beyond its day limit to the price excess."""
    if days.size[OF_CLAIM] != lines.claim[k]:
        days.size[USED] = 0
        days.size[OF_CLAIM] = lines.claim[k]
    found = days.size[USED]
    for j in range(days.size[USED]):
        if days.used[j, USE_DAY] == lines.day[k] and days.used[j, USE_LIMIT] == priced.limit[k]:
            found = j
    if found == days.size[USED]:
        days.used[found, USE_DAY] = lines.day[k]
        days.used[found, USE_LIMIT] = priced.limit[k]
        days.used[found, USE_FEN] = 0
        days.size[USED] += 1
    before = days.used[found, USE_FEN]
    now = before + priced.covered[k]
    allowed = min(now, priced.limit_fen[k]) - min(before, priced.limit_fen[k])
    priced.over_price[k] += priced.covered[k] - allowed
    priced.covered[k] = allowed
    days.used[found, USE_FEN] = now


@kernel
def _at_most(amount: int, price_e6: int, quantity_e4: int) -> int:
    """Return an amount bounded by price x quantity, whose product may be wider than 64 bits."""
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
