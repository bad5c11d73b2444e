"""The arrays a fold works on: what comes in, what goes out, and one person's desk between."""

from typing import NamedTuple

import numpy as np

from engine.claims.columns import (
    COUNTER_YEAR,
    NONE,
    PARTS_COUNT,
    STATE_WIDTH,
    STEP_INDEX,
    STEP_LAYER,
    STEP_UFEN,
    STEP_WIDTH,
    UFEN,
    YEAR_OF_MONTH,
    Event,
    EventFlag,
    Ints,
    State,
    Step,
)
from engine.policy.compiler import CompiledBook, Rows
from engine.policy.tables import (
    SLOT_WIDTH,
    Header,
    Slot,
    SlotCounts,
    SlotTime,
    SlotWithin,
)
from engine.settlement.jit import kernel

# Columns of `Desk.live`: the person's settlements of which some may still be cancelled.
LIVE_EVENT, LIVE_SCHEME, LIVE_YEAR, LIVE_FROM, LIVE_TO, LIVE_RESULT, LIVE_ALIVE = range(7)
LIVE_STAY = 7
LIVE_WIDTH = 8

# `LIVE_EVENT` of a bar that no event can name, and `LIVE_YEAR` of one that holds for all years.
NEVER_CANCELLED = -2
EVERY_YEAR = -2

# `LIVE_RESULT`, and so `Result.ORIGINAL`, of earlier settlement k is EARLIER - k: never NONE.
EARLIER = -2

# Cells of `Desk.size`.
COUNTERS_SIZE, LOG_SIZE, LIVE_SIZE, TRACE_SIZE, CLOSING_SIZE = range(5)
SIZES = 5
COUNTER_MAX = 2**62
INT64_MAX = 2**63 - 1


class Job(NamedTuple):
    """What a fold reads. Persons are positions in `first`, their events lie in `order`.

    events: (n, EVENT_WIDTH); order: (n,) event rows by person and time; first: (persons + 1,)
    opens each person's part of `order`; opening: (k, STATE_WIDTH) by person; opening_first:
    (persons + 1,); earlier: (h, RESULT_WIDTH) results of settlements made before, and
    earlier_feeds: (j, 3) counter, scope and gain of each, which SETTLED_BEFORE events point to.
    """

    events: Ints
    order: Ints
    first: Ints
    opening: Ints
    opening_first: Ints
    earlier: Ints
    earlier_feeds: Ints
    balance_id: Ints
    closed_id: Ints
    taken_id: Ints
    family_id: Ints


class Out(NamedTuple):
    """What a fold writes: results in `order`, their trace, and the closing state by person."""

    results: Ints
    trace: Ints
    trace_first: Ints
    closing: Ints


class Desk(NamedTuple):
    """One person's working arrays, reused from person to person.

    counters: (c, STATE_WIDTH); slots, before: per slot of the row at hand, its counter and the
    counter's value when the claim came; parts: the burden vector in ufen; bands: those of the
    layer at hand where points change their rates; log: (l, 2) counter
    and gain of every settlement; live: (v, LIVE_WIDTH); size: how full the others are.
    """

    counters: Ints
    slots: Ints
    before: Ints
    parts: Ints
    bands: Ints
    log: Ints
    live: Ints
    size: Ints


def counters_each(book: CompiledBook) -> int:
    """Return the most counters that an event brings to a person who had none of them."""
    return book.slots_max + 2


def new_desk(counters: int, slots: int, settlements: int, cells: int) -> Desk:
    """Return a desk for persons with at most so many counters and settlements.

    No row has more than so many slots and cells.
    """
    return Desk(
        counters=np.zeros((counters, STATE_WIDTH), dtype=np.int64),
        slots=np.zeros(slots + 1, dtype=np.int64),
        before=np.zeros(slots + 1, dtype=np.int64),
        parts=np.zeros(PARTS_COUNT, dtype=np.int64),
        bands=np.zeros(cells, dtype=np.int64),
        log=np.zeros((settlements * (slots + 1), 2), dtype=np.int64),
        live=np.zeros((settlements + 1, LIVE_WIDTH), dtype=np.int64),
        size=np.zeros(SIZES, dtype=np.int64),
    )


@kernel
def find_counter(desk: Desk, person: int, counter: int, scope: int) -> int:
    """Return the desk row of a counter; a counter first met starts at zero."""
    count = int(desk.size[COUNTERS_SIZE])
    for k in range(count):
        if desk.counters[k, State.COUNTER] == counter and desk.counters[k, State.SCOPE] == scope:
            return k
    desk.counters[count, State.PERSON] = person
    desk.counters[count, State.COUNTER] = counter
    desk.counters[count, State.SCOPE] = scope
    desk.counters[count, State.VALUE] = 0
    desk.size[COUNTERS_SIZE] = count + 1
    return count


@kernel
def slot_key(cells: Ints, at: int, event: Ints) -> tuple[int, int]:
    """Return counter and scope of the slot at `at` for an event."""
    counter, scope = cells[at + Slot.ID], 0
    if cells[at + Slot.TIME] == SlotTime.YEAR:
        counter += event[Event.YEAR] * COUNTER_YEAR
    elif cells[at + Slot.TIME] == SlotTime.MONTH:
        # The calendar's month: an insurance year that begins in mid-month holds parts of two.
        month = event[Event.MONTH]
        counter += month // YEAR_OF_MONTH * COUNTER_YEAR + month % YEAR_OF_MONTH
    if cells[at + Slot.WITHIN] == SlotWithin.LEVEL:
        scope = cells[at + Slot.LEVEL_KEY]
    elif cells[at + Slot.WITHIN] == SlotWithin.DISEASE:
        scope = event[Event.DISEASE]
    elif cells[at + Slot.WITHIN] == SlotWithin.INSTITUTION:
        scope = event[Event.INSTITUTION]
    elif cells[at + Slot.WITHIN] == SlotWithin.VISIT and is_segment(event):
        scope = event[Event.VISIT]
    return counter, scope


@kernel
def bind(desk: Desk, rows: Rows, start: int, event: Ints) -> bool:
    """Find the counters of a policy row for an event, and note what they hold before it.

    Returns False if one of them is so full that a claim more could pass 64 bits.
    """
    cells, fits = rows.cells, True
    # Each layer may add the whole claim to one counter, and a position lies a claim further on.
    gains = (cells[start + Header.LAYERS] + 1) * event[Event.TOTAL] * UFEN
    room = min(COUNTER_MAX, INT64_MAX - gains)
    for k in range(cells[start + Header.SLOTS]):
        at = start + cells[start + Header.SLOT_AT] + k * SLOT_WIDTH
        counter, scope = slot_key(cells, at, event)
        found = find_counter(desk, event[Event.PERSON], counter, scope)
        desk.slots[k] = found
        desk.before[k] = desk.counters[found, State.VALUE]
        fits = fits and desk.before[k] <= room
    return fits


@kernel
def value_of(desk: Desk, slot: int) -> int:
    """Return what a slot's counter holds now."""
    return int(desk.counters[desk.slots[slot], State.VALUE])


@kernel
def gain(desk: Desk, slot: int, amount: int) -> None:
    """Add to a slot's counter."""
    desk.counters[desk.slots[slot], State.VALUE] += amount


@kernel
def note(desk: Desk, out: Out, key: int, basis: int, amount: int) -> None:
    """Add a step to the trace; `key` as `columns.Step` says, values as they are."""
    at = desk.size[TRACE_SIZE]
    out.trace[at] = key
    out.trace[at + 1] = basis
    out.trace[at + 2] = amount
    desk.size[TRACE_SIZE] = at + STEP_WIDTH


@kernel
def note_ufen(desk: Desk, out: Out, key: int, basis_ufen: int, amount_ufen: int) -> None:
    """Add a step of money to the trace: in whole fen where both values are, else in ufen."""
    if basis_ufen % UFEN == 0 and amount_ufen % UFEN == 0:
        note(desk, out, key, basis_ufen // UFEN, amount_ufen // UFEN)
    else:
        note(desk, out, key + STEP_UFEN, basis_ufen, amount_ufen)


@kernel
def step_key(code: int, layer: int, index: int) -> int:
    """Return the key of a trace step."""
    return code + STEP_LAYER * layer + STEP_INDEX * index


@kernel
def note_gains(desk: Desk, out: Out, rows: Rows, start: int) -> None:
    """Trace every slot of the row with its value before and its gain, and log the gains."""
    cells = rows.cells
    for k in range(cells[start + Header.SLOTS]):
        at = start + cells[start + Header.SLOT_AT] + k * SLOT_WIDTH
        before = desk.before[k]
        change = value_of(desk, k) - before
        if cells[at + Slot.COUNTS] != SlotCounts.MONEY:
            note(desk, out, step_key(Step.FEED, 0, k), before, change)
        else:
            note_ufen(desk, out, step_key(Step.FEED, 0, k), before, change)
        if change != 0:
            log_gain(desk, desk.slots[k], change)


@kernel
def log_gain(desk: Desk, counter: int, change: int) -> None:
    """Remember that the settlement at hand changed a counter."""
    at = desk.size[LOG_SIZE]
    desk.log[at, 0] = counter
    desk.log[at, 1] = change
    desk.size[LOG_SIZE] = at + 1


@kernel
def push_live(desk: Desk, event: Ints, row: int, log_from: int, result: int) -> None:
    """Remember a settlement, so that a later event may cancel it."""
    at = desk.size[LIVE_SIZE]
    live = desk.live[at]
    live[LIVE_EVENT] = row
    live[LIVE_SCHEME] = event[Event.SCHEME]
    live[LIVE_YEAR] = event[Event.YEAR]
    live[LIVE_FROM] = log_from
    live[LIVE_TO] = desk.size[LOG_SIZE]
    live[LIVE_RESULT] = result
    live[LIVE_ALIVE] = 1
    live[LIVE_STAY] = event[Event.VISIT] if is_segment(event) else NONE
    desk.size[LIVE_SIZE] = at + 1


@kernel
def bar_every_year(desk: Desk, at: int) -> None:
    """Make the entry at `at` bar earlier settlements of all years from being cancelled."""
    desk.live[at, LIVE_YEAR] = EVERY_YEAR


@kernel
def follows(later: Ints, original: Ints) -> bool:
    """Return whether a settlement must be cancelled before an earlier one may be."""
    if later[LIVE_ALIVE] == 0 or later[LIVE_SCHEME] != original[LIVE_SCHEME]:
        return False
    if later[LIVE_STAY] != NONE and later[LIVE_STAY] == original[LIVE_STAY]:
        return True
    return bool(later[LIVE_YEAR] == original[LIVE_YEAR] or later[LIVE_YEAR] == EVERY_YEAR)


@kernel
def is_segment(event: Ints) -> bool:
    """Return whether a claim bills a part of a stay."""
    return bool(event[Event.SEGMENT] > 1 or event[Event.FLAGS] & EventFlag.INTERIM)


@kernel
def find_live(desk: Desk, row: int) -> int:
    """Return the position of a settlement by its event row, or NONE."""
    for k in range(desk.size[LIVE_SIZE] - 1, -1, -1):
        if desk.live[k, LIVE_EVENT] == row:
            return k
    return NONE
