"""The deductible of a claim: its amount, what a transfer or a repeat makes of it, its counters."""

from engine.claims.columns import NONE, UFEN, Event, EventFlag, Ints, Step
from engine.policy.tables import LayerField, Method, Upward
from engine.settlement.desk import Desk, Out, gain, note, note_ufen, step_key, value_of
from engine.settlement.jit import kernel
from engine.settlement.segments import less_what_the_stay_bore
from engine.settlement.steps import limbs_to_fen, share_limbs


@kernel
def deductible_due(
    desk: Desk, cells: Ints, where: tuple[int, int, int], event: Ints, asked: int
) -> int:
    """Return the deductible in ufen that is due of the amount asked for, before the cost limits it.

    `asked` is what `asked_amount` returns.
    """
    layer = where[1]
    slot = cells[layer + LayerField.STAY_BORNE_SLOT]
    due = less_what_the_stay_bore(desk, cells, where[0], slot, asked)
    if cells[layer + LayerField.STAY_TERMS]:
        if continues(desk, cells, layer, event):
            due = _due_of_transfer(desk, cells, layer, asked)
        if is_waived(desk, cells, layer, event):
            due = 0
    slot = cells[layer + LayerField.DEDUCTIBLE_SLOT]
    if slot == NONE:
        return due
    if cells[layer + LayerField.METHOD] == Method.ANNUAL:
        return max(due - value_of(desk, slot), 0)
    left = int(cells[layer + LayerField.YEARLY_MAXIMUM]) * UFEN - value_of(desk, slot)
    return min(due, max(left, 0))


@kernel
def asked_amount(
    desk: Desk, cells: Ints, where: tuple[int, int, int], event: Ints, ordinal: int
) -> int:
    """Return the amount in ufen that the terms name for a claim; `ordinal` counts from 0."""
    start, layer, _ = where
    at = start + cells[layer + LayerField.AMOUNT_AT]
    count = cells[layer + LayerField.AMOUNT_COUNT]
    amount = 0
    if cells[layer + LayerField.STAY_TERMS]:
        place = _place_in_list(desk, cells, layer, event, ordinal)
        for k in range(periods_of(cells, layer, event)):
            amount += int(cells[at + min(place + k, count - 1)])
    else:
        amount = int(cells[at + min(ordinal, count - 1)])
    share = cells[layer + LayerField.BILL_SHARE]
    slot = cells[layer + LayerField.SHARE_OF_SLOT]
    if slot != NONE:
        high, low = share_limbs(value_of(desk, slot), share)
        return high + 2 * low // UFEN
    if share != NONE:
        amount = max(amount, limbs_to_fen(share_limbs(event[Event.TOTAL] * UFEN, share)[0]))
    return amount * UFEN


@kernel
def continues(desk: Desk, cells: Ints, layer: int, event: Ints) -> bool:
    """Return whether a claim continues a stay that the layer's terms for transfers know of."""
    slot = cells[layer + LayerField.ASKED_SLOT]
    if slot == NONE or not event[Event.FLAGS] & EventFlag.TRANSFER:
        return False
    return value_of(desk, slot) > 0


@kernel
def is_waived(desk: Desk, cells: Ints, layer: int, event: Ints) -> bool:
    """Return whether a stay begins so soon after the last one that it pays no deductible."""
    slot = cells[layer + LayerField.WAIVED_SLOT]
    if slot == NONE or value_of(desk, slot) == 0:
        return False
    apart = event[Event.BEGIN_DAY] - value_of(desk, slot)
    return bool(0 <= apart <= cells[layer + LayerField.WAIVED_DAYS])


@kernel
def periods_of(cells: Ints, layer: int, event: Ints) -> int:
    """Return for how many begun periods a stay is charged."""
    every = int(cells[layer + LayerField.EVERY_DAYS])
    if every == NONE:
        return 1
    days = max(int(event[Event.END_DAY] - event[Event.BEGIN_DAY]), 1)
    return (days + every - 1) // every


@kernel
def _place_in_list(desk: Desk, cells: Ints, layer: int, event: Ints, ordinal: int) -> int:
    slot = cells[layer + LayerField.ORDINAL_SLOT]
    if slot == NONE:
        return ordinal
    place = value_of(desk, slot)
    return max(place - 1, 0) if continues(desk, cells, layer, event) else place


@kernel
def _due_of_transfer(desk: Desk, cells: Ints, layer: int, asked: int) -> int:
    if asked <= value_of(desk, cells[layer + LayerField.ASKED_SLOT]):
        return 0
    upward = cells[layer + LayerField.UPWARD]
    if upward == Upward.DIFFERENCE:
        return max(asked - value_of(desk, cells[layer + LayerField.TAKEN_SLOT]), 0)
    if upward == Upward.FIRST_FREE and value_of(desk, cells[layer + LayerField.MOVES_SLOT]) > 0:
        return asked
    return 0


@kernel
def remember_stay(
    desk: Desk, cells: Ints, layer: int, event: Ints, charged: tuple[int, int]
) -> None:
    """Set the counters of the layer's terms for stays; `charged` is asked amount and deductible."""
    going_on = continues(desk, cells, layer, event)
    slot = cells[layer + LayerField.ORDINAL_SLOT]
    if slot != NONE and not going_on and not is_waived(desk, cells, layer, event):
        gain(desk, slot, periods_of(cells, layer, event))
    slot = cells[layer + LayerField.WAIVED_SLOT]
    if slot != NONE:
        _set(desk, slot, max(value_of(desk, slot), int(event[Event.END_DAY])))
    if cells[layer + LayerField.ASKED_SLOT] != NONE:
        _remember_transfer(desk, cells, layer, event, charged)


@kernel
def _remember_transfer(
    desk: Desk, cells: Ints, layer: int, event: Ints, charged: tuple[int, int]
) -> None:
    asked, deductible = charged
    going_on = continues(desk, cells, layer, event)
    slot, taken = cells[layer + LayerField.ASKED_SLOT], cells[layer + LayerField.TAKEN_SLOT]
    moves = cells[layer + LayerField.MOVES_SLOT]
    before = value_of(desk, slot)
    if moves != NONE and going_on and asked > before:
        gain(desk, moves, 1)
    if taken != NONE:
        earlier = value_of(desk, taken) if going_on else 0
        _set(desk, taken, earlier + deductible)
    _set(desk, slot, max(before, asked) if going_on else asked)


@kernel
def _set(desk: Desk, slot: int, value: int) -> None:
    gain(desk, slot, value - value_of(desk, slot))


@kernel
def note_stay(
    desk: Desk, out: Out, cells: Ints, where: tuple[int, int, int], event: Ints, asked: int
) -> None:
    """Trace what the layer's terms for stays made of the amount asked for."""
    _, layer, layer_at = where
    if continues(desk, cells, layer, event):
        before = value_of(desk, cells[layer + LayerField.ASKED_SLOT])
        note_ufen(desk, out, step_key(Step.TRANSFER, layer_at, 0), before, asked)
    if is_waived(desk, cells, layer, event):
        apart = event[Event.BEGIN_DAY] - value_of(desk, cells[layer + LayerField.WAIVED_SLOT])
        note(desk, out, step_key(Step.WAIVED, layer_at, 0), apart, 0)
    if cells[layer + LayerField.EVERY_DAYS] != NONE:
        periods = periods_of(cells, layer, event)
        note(desk, out, step_key(Step.PERIODS, layer_at, 0), periods, asked // UFEN)
