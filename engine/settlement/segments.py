"""Segments of one stay: what its earlier bills hand on to the next."""

from engine.claims.columns import NONE, Event, Ints, State, Status
from engine.policy.tables import SLOT_WIDTH, Header, Segments, Slot, SlotWithin
from engine.settlement.desk import Desk, gain, is_segment, value_of
from engine.settlement.jit import kernel


@kernel
def segment_status(desk: Desk, cells: Ints, start: int, event: Ints) -> int:
    """Return SETTLED if the claim may be settled now as a segment of its stay."""
    if not is_segment(event):
        return Status.SETTLED.value
    rule = cells[start + Header.SEGMENTS]
    if rule == NONE:
        return Status.NOT_SUPPORTED.value
    if rule == Segments.OWN_STAYS:
        return Status.SETTLED.value
    settled = value_of(desk, cells[start + Header.VISIT_SEGMENTS_SLOT])
    if event[Event.SEGMENT] != settled + 1:
        return Status.SEGMENT_OUT_OF_ORDER.value
    return Status.SETTLED.value


@kernel
def stay_number(desk: Desk, cells: Ints, start: int, event: Ints) -> tuple[int, bool]:
    """Return the number of the claim's stay, from 0, and whether it is counted as one now."""
    slot = cells[start + Header.ORDINAL_SLOT]
    number = 0 if slot == NONE else value_of(desk, slot)
    counted = bool(slot != NONE)
    if cells[start + Header.VISIT_SEGMENTS_SLOT] == NONE or not is_segment(event):
        return number, counted
    numbered = cells[start + Header.VISIT_NUMBER_SLOT]
    gain(desk, cells[start + Header.VISIT_SEGMENTS_SLOT], 1)
    if event[Event.SEGMENT] > 1:
        number, counted = value_of(desk, numbered), False
    else:
        gain(desk, numbered, number)
    return number, counted


@kernel
def less_what_the_stay_bore(desk: Desk, cells: Ints, start: int, slot: int, due: int) -> int:
    """Return what of a deductible is due after the stay's earlier segments, in ufen.

    `slot` holds what they bore in the layer.
    """
    if slot == NONE:
        return due
    segments = value_of(desk, cells[start + Header.VISIT_SEGMENTS_SLOT])
    if cells[start + Header.SEGMENTS] == Segments.WAIVED and segments > 1:
        return 0
    return max(due - value_of(desk, slot), 0)


@kernel
def forget_whole_stay(desk: Desk, cells: Ints, start: int, event: Ints) -> None:
    """Clear what the row keeps by stay, where the claim bills all of its stay."""
    if cells[start + Header.VISIT_SEGMENTS_SLOT] == NONE or is_segment(event):
        return
    for k in range(cells[start + Header.SLOTS]):
        at = start + cells[start + Header.SLOT_AT] + k * SLOT_WIDTH
        if cells[at + Slot.WITHIN] == SlotWithin.VISIT:
            desk.counters[desk.slots[k], State.VALUE] = desk.before[k]
