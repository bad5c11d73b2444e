"""Applications: a benefit paid on what a year's counters hold, without a bill."""

from engine.claims.columns import NONE, PARTS_COUNT, UFEN, Event, Ints, Part, Status
from engine.money import MAX_FEN
from engine.policy.tables import Header
from engine.settlement.desk import COUNTER_MAX, Desk, value_of
from engine.settlement.jit import kernel


@kernel
def application_status(cells: Ints, start: int, event: Ints) -> int:
    """Return SETTLED if the day of settlement allows the application."""
    if cells[start + Header.AFTER_YEAR] and event[Event.SETTLED_DAY] <= event[Event.END_DAY]:
        return Status.APPLICATION_TOO_EARLY.value
    return Status.SETTLED.value


@kernel
def open_application(desk: Desk, cells: Ints, start: int) -> int:
    """Lay what the counters hold into the burden vector as covered cost; return the Status."""
    if value_of(desk, cells[start + Header.ORDINAL_SLOT]) != 0:
        return Status.APPLIED_ALREADY.value
    base = _sum(desk, cells, start + cells[start + Header.APPLY_BASE_AT])
    base = max(base - _sum(desk, cells, start + cells[start + Header.APPLY_LESS_AT]), 0)
    if base >= MAX_FEN * UFEN:
        return Status.AMOUNT_OUT_OF_RANGE.value
    room = COUNTER_MAX - cells[start + Header.LAYERS] * base
    for k in range(cells[start + Header.SLOTS]):
        if value_of(desk, k) > room:
            return Status.AMOUNT_OUT_OF_RANGE.value
    for k in range(PARTS_COUNT):
        desk.parts[k] = 0
    desk.parts[Part.COVERED] = base
    return Status.SETTLED.value


@kernel
def _sum(desk: Desk, cells: Ints, at: int) -> int:
    """Return the sum of the counters in a list of slots that ends in NONE."""
    total = 0
    while cells[at] != NONE:
        total += min(value_of(desk, cells[at]), MAX_FEN * UFEN)
        at += 1
    return total
