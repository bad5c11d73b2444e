"""One layer of payment, as docs/policy-language.md section 4 states it, compiled."""

from engine.claims.columns import NONE, UFEN, Event, Ints, Part, Result, Step
from engine.policy.tables import (
    BAND_WIDTH,
    CAP_WIDTH,
    FEED_WIDTH,
    CapField,
    FeedField,
    LayerField,
    Measure,
)
from engine.settlement.deductible import asked_amount, deductible_due, note_stay, remember_stay
from engine.settlement.desk import Desk, Out, gain, note, note_ufen, step_key, value_of
from engine.settlement.jit import kernel
from engine.settlement.price_lines import mul_div
from engine.settlement.rates import bands_of
from engine.settlement.steps import (
    FOREVER,
    cost_under_cap,
    last_end,
    limbs_to_fen,
    pay_bands,
    share_limbs,
    slice_of,
)
from engine.settlement.streams import pay_final


@kernel
def base_ufen(desk: Desk, cells: Ints, start: int, layer: int) -> int:
    """Return the sum of the parts that a layer reads."""
    at = start + cells[layer + LayerField.BASE_AT]
    total = 0
    for k in range(cells[layer + LayerField.BASE_COUNT]):
        total += desk.parts[cells[at + k]]
    return total


@kernel
def cap_left(desk: Desk, cells: Ints, start: int, layer: int, measure: int) -> int:
    """Return the least that the layer's caps on a measure leave, in ufen; FOREVER without one."""
    left = FOREVER
    for k in range(cells[layer + LayerField.CAP_COUNT]):
        at = start + cells[layer + LayerField.CAP_AT] + k * CAP_WIDTH
        if cells[at + CapField.ON] == measure:
            slot = cells[at + CapField.SLOT]
            used = 0 if slot == NONE else value_of(desk, slot)
            left = min(left, max(cells[at + CapField.AMOUNT] * UFEN - used, 0))
    return left


@kernel
def place_of(desk: Desk, cells: Ints, layer: int) -> int:
    """Return where on the bands this claim's cost begins, in ufen."""
    slot = cells[layer + LayerField.POSITION_SLOT]
    return 0 if slot == NONE else value_of(desk, slot)


@kernel
def consumable(
    desk: Desk, cells: Ints, start: int, layer: int, offered: tuple[int, int]
) -> tuple[int, int]:
    """Return (cost, deductible) in ufen that limits on cost let the layer take of those offered."""
    base, due = offered
    due = min(due, base)
    cost = min(base, cap_left(desk, cells, start, layer, Measure.COST))
    above = cap_left(desk, cells, start, layer, Measure.COST_ABOVE_DEDUCTIBLE)
    cost = min(cost, due + min(above, base))
    band_at = start + cells[layer + LayerField.BAND_AT]
    end = last_end(cells, band_at, cells[layer + LayerField.BAND_COUNT])
    if end != FOREVER:
        room = max(end - place_of(desk, cells, layer), 0)
        cost = min(cost, room if cells[layer + LayerField.INSIDE] else due + room)
    return cost, min(due, cost)


@kernel
def paid_place(cells: Ints, layer: int, place: int, taken: tuple[int, int]) -> tuple[int, int]:
    """Return from where to where on the bands (ufen) a cost less its deductible is paid."""
    cost, deductible = taken
    if cells[layer + LayerField.INSIDE]:
        return place + deductible, place + cost
    return place, place + cost - deductible


@kernel
def note_bands(
    desk: Desk, out: Out, bands: Ints, held: tuple[int, int, int], place: tuple[int, int]
) -> None:
    """Trace each band that holds cost: its cost and its payment, rounded for show.

    `held` is where `bands` holds them, how many they are, and the layer's number.
    """
    band_at, count, layer_at = held
    low, high = place
    for k in range(count):
        cost, rate = slice_of(bands, band_at + k * BAND_WIDTH, low, high)
        if cost > 0:
            paid = limbs_to_fen(share_limbs(cost, rate)[0])
            note_ufen(desk, out, step_key(Step.BAND, layer_at, k), cost, paid * UFEN)
        low += cost


@kernel
def pay_off(desk: Desk, out: Out, cells: Ints, where: tuple[int, int, int], paid_ufen: int) -> None:
    """Take a payment from the parts that a burden layer pays off, in their order or pro rata."""
    start, layer, layer_at = where
    at = start + cells[layer + LayerField.PAYS_OFF_AT]
    count = cells[layer + LayerField.PAYS_OFF_COUNT]
    pro_rata = cells[layer + LayerField.PRO_RATA]
    payable = payable_parts(desk, cells, start, layer)
    met = taken_before = 0
    for k in range(count):
        part = cells[at + k]
        taken = min(desk.parts[part], paid_ufen - taken_before)
        if pro_rata and payable > 0:
            # Rounded on the running sum: no part goes below zero and nothing is left over.
            met += desk.parts[part]
            taken = mul_div(paid_ufen, met, payable) - taken_before
        if taken > 0:
            note_ufen(desk, out, step_key(Step.PAYS_OFF, layer_at, part), desk.parts[part], taken)
        desk.parts[part] -= taken
        taken_before += taken


@kernel
def payable_parts(desk: Desk, cells: Ints, start: int, layer: int) -> int:
    """Return the sum in ufen of the parts that a burden layer pays off."""
    at = start + cells[layer + LayerField.PAYS_OFF_AT]
    total = 0
    for k in range(cells[layer + LayerField.PAYS_OFF_COUNT]):
        total += desk.parts[cells[at + k]]
    return total


@kernel
def feed(
    desk: Desk, cells: Ints, start: int, layer: int, measures: tuple[int, int, int, int]
) -> None:
    """Add payment, cost, deductible or base (ufen, in this order) to a layer's counters."""
    payment, cost, deductible, base = measures
    for k in range(cells[layer + LayerField.FEED_COUNT]):
        at = start + cells[layer + LayerField.FEED_AT] + k * FEED_WIDTH
        measure = cells[at + FeedField.MEASURE]
        amount = cost - deductible
        if measure == Measure.PAYMENT:
            amount = payment
        elif measure == Measure.COST:
            amount = cost
        elif measure == Measure.DEDUCTIBLE:
            amount = deductible
        elif measure == Measure.BASE:
            amount = base
        gain(desk, cells[at + FeedField.SLOT], amount)


@kernel
def divide_cost(
    desk: Desk, cells: Ints, start: int, layer: int, amounts: tuple[int, int, int, int, int]
) -> None:
    """Empty the base of a cost layer into its deductible, co-pay and over-cap parts."""
    layer_at, base, deductible, cost, paid = amounts
    at = start + cells[layer + LayerField.BASE_AT]
    for k in range(cells[layer + LayerField.BASE_COUNT]):
        desk.parts[cells[at + k]] = 0
    desk.parts[Part.DEDUCTIBLE + layer_at] = deductible
    desk.parts[Part.COPAY + layer_at] = cost - deductible - paid
    desk.parts[Part.OVER_CAP + layer_at] = base - cost


@kernel
def pay_claim(
    desk: Desk,
    out: Out,
    cells: Ints,
    where: tuple[int, int, int],
    event: Ints,
    asked: tuple[int, int],
) -> tuple[int, int, int, int]:
    """Return (paid fen, cost, deductible, cap left) of a layer that pays claim by claim; ufen.

    `asked` is the base in ufen and the stay's number, from 0.
    """
    start, layer, layer_at = where
    cost, deductible = take_deductible(desk, out, cells, where, event, asked)
    low, high = paid_place(cells, layer, place_of(desk, cells, layer), (cost, deductible))
    bands, band_at = bands_of(desk, out, cells, where, event)
    count = cells[layer + LayerField.BAND_COUNT]
    note_bands(desk, out, bands, (band_at, count, layer_at), (low, high))
    share_high, share_low, by_band = pay_bands(bands, band_at, count, low, high)
    paid = by_band if cells[layer + LayerField.ROUND_BANDS] else limbs_to_fen(share_high)
    payable = (cost - deductible) // UFEN
    paid = less_and_guaranteed(desk, out, cells, where, (min(paid, payable), deductible))
    paid = min(paid, payable)
    left = cap_left(desk, cells, start, layer, Measure.PAYMENT)
    within = left + cells[layer + LayerField.LESS] * UFEN
    if share_high > within or (share_high == within and share_low > 0):
        cost = deductible + cost_under_cap(bands, band_at, count, (low, high), within)
    return min(paid, left // UFEN), cost, deductible, left


@kernel
def take_deductible(
    desk: Desk,
    out: Out,
    cells: Ints,
    where: tuple[int, int, int],
    event: Ints,
    asked: tuple[int, int],
) -> tuple[int, int]:
    """Return (cost, deductible) in ufen that a layer takes, and set the counters of its stays."""
    start, layer, layer_at = where
    base, ordinal = asked
    if is_priced(cells, layer, event):
        return base, 0
    amount = asked_amount(desk, cells, where, event, ordinal)
    due = deductible_due(desk, cells, where, event, amount)
    cost, deductible = consumable(desk, cells, start, layer, (base, due))
    if cells[layer + LayerField.STAY_TERMS]:
        note_stay(desk, out, cells, where, event, amount)
        remember_stay(desk, cells, layer, event, (amount, deductible))
    note_ufen(desk, out, step_key(Step.DEDUCTIBLE, layer_at, 0), due, deductible)
    return cost, deductible


@kernel
def less_and_guaranteed(
    desk: Desk, out: Out, cells: Ints, where: tuple[int, int, int], paid: tuple[int, int]
) -> int:
    """Return a payment in fen after the fixed sum that is taken off it and the share guaranteed.

    `paid` is the payment by rates, in fen, and the deductible, in ufen.
    """
    start, layer, layer_at = where
    fen, deductible = paid
    less = int(cells[layer + LayerField.LESS])
    if less > 0:
        note(desk, out, step_key(Step.LESS, layer_at, 0), fen, min(less, fen))
        fen = max(fen - less, 0)
    rate = cells[layer + LayerField.GUARANTEED]
    if rate == NONE:
        return fen
    held = 0
    at = start + cells[layer + LayerField.GUARANTEED_AT]
    for k in range(cells[layer + LayerField.GUARANTEED_COUNT]):
        held += desk.parts[cells[at + k]]
    if cells[layer + LayerField.AFTER_DEDUCTIBLE]:
        held = max(held - deductible, 0)
    floor = limbs_to_fen(share_limbs(held, rate)[0])
    note_ufen(desk, out, step_key(Step.GUARANTEED, layer_at, 0), held, floor * UFEN)
    return max(fen, floor)


@kernel
def is_priced(cells: Ints, layer: int, event: Ints) -> bool:
    """Return whether a fixed price stands for the bill; a claim of nothing has none."""
    return bool(cells[layer + LayerField.PRICE] != NONE and event[Event.TOTAL] > 0)


@kernel
def fix_price(desk: Desk, out: Out, layer_at: int, price: int, result: Ints) -> None:
    """Put a fixed price in the place of the bill; the hospital bears or keeps the difference."""
    for part in range(Part.DEDUCTIBLE):
        desk.parts[part] = 0
    hospital = result[Result.TOTAL] - price
    result[Result.HOSPITAL_PART] = hospital
    note(desk, out, step_key(Step.HOSPITAL, layer_at, 0), price, hospital)


@kernel
def pay_total(cells: Ints, start: int, layer: int, total: int) -> tuple[int, int, int]:
    """Return (paid fen, cost, deductible) of the whole of a year's total in ufen."""
    amount = cells[start + cells[layer + LayerField.AMOUNT_AT]]
    band_at, count = start + cells[layer + LayerField.BAND_AT], cells[layer + LayerField.BAND_COUNT]
    deductible = min(amount * UFEN, total)
    end = last_end(cells, band_at, count)
    inside = cells[layer + LayerField.INSIDE]
    cost = total if end == FOREVER else min(total, end if inside else deductible + end)
    deductible = min(deductible, cost)
    low, high = paid_place(cells, layer, 0, (cost, deductible))
    share_high, _, by_band = pay_bands(cells, band_at, count, low, high)
    paid = by_band if cells[layer + LayerField.ROUND_BANDS] else limbs_to_fen(share_high)
    return min(paid, (cost - deductible) // UFEN), cost, deductible


@kernel
def pay_increment(
    desk: Desk, out: Out, cells: Ints, where: tuple[int, int, int], base: int
) -> tuple[int, int, int, int]:
    """Return (paid fen, cost, deductible, cap left) of a layer that pays on the year's total."""
    start, layer, layer_at = where
    before = value_of(desk, cells[layer + LayerField.TOTAL_SLOT])
    paid_before, cost_before, deductible_before = pay_total(cells, start, layer, before)
    paid_now, cost_now, deductible_now = pay_total(cells, start, layer, before + base)
    deductible = deductible_now - deductible_before
    note_ufen(desk, out, step_key(Step.DEDUCTIBLE, layer_at, 0), deductible, deductible)
    cost = cost_now - cost_before
    most, slot = (cost - deductible) // UFEN, cells[layer + LayerField.PAID_SLOT]
    if slot != NONE:
        # Retroactive: all that was paid counts, whatever terms it was paid by.
        paid_before, most = value_of(desk, slot) // UFEN, paid_now
    index = 0 if slot == NONE else 2
    note_ufen(desk, out, step_key(Step.ANNUAL, layer_at, index), before, paid_before * UFEN)
    note_ufen(desk, out, step_key(Step.ANNUAL, layer_at, 1), before + base, paid_now * UFEN)
    left = cap_left(desk, cells, start, layer, Measure.PAYMENT)
    paid = min(max(paid_now - paid_before, 0), most)
    return min(paid, left // UFEN), cost, deductible, left


@kernel
def pay_lines(
    desk: Desk, cells: Ints, where: tuple[int, int, int], held: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Return (paid fen, cost, deductible, cap left) of a layer whose lines bring their own shares.

    `held` is its base and the fund's exact part of it, in ufen.
    """
    start, layer, _ = where
    left = cap_left(desk, cells, start, layer, Measure.PAYMENT)
    cost_left = min(
        cap_left(desk, cells, start, layer, Measure.COST),
        cap_left(desk, cells, start, layer, Measure.COST_ABOVE_DEDUCTIBLE),
    )
    paid, cost = pay_final(held[0], held[1], (cost_left, left))
    return paid, cost, 0, left


@kernel
def run_layer(
    desk: Desk, out: Out, cells: Ints, where: tuple[int, int, int], event: Ints, result: Ints
) -> None:
    """Run one layer: pay, divide or pay off its base, feed its counters, fill its result columns.

    `where` is the row's start, the layer's own position in `cells` and its number in the row;
    `result[Result.ORDINAL]` is the stay's number, from 0.
    """
    start, layer, layer_at = where
    base = base_ufen(desk, cells, start, layer)
    if is_priced(cells, layer, event):
        price = int(cells[layer + LayerField.PRICE])
        base = price * UFEN
        fix_price(desk, out, layer_at, price, result)
    if cells[layer + LayerField.FINAL_SHARE]:
        fund = event[Event.FINAL_FUND]
        paid, cost, deductible, left = pay_lines(desk, cells, where, (base, fund))
    elif cells[layer + LayerField.INCREMENTAL]:
        paid, cost, deductible, left = pay_increment(desk, out, cells, where, base)
    else:
        asked = (base, result[Result.ORDINAL])
        paid, cost, deductible, left = pay_claim(desk, out, cells, where, event, asked)
    burden = cells[layer + LayerField.BURDEN] == 1
    if burden:
        paid = min(paid, payable_parts(desk, cells, start, layer) // UFEN)
        pay_off(desk, out, cells, where, paid * UFEN)
    else:
        paid = min(paid, base // UFEN)
        divide_cost(desk, cells, start, layer, (layer_at, base, deductible, cost, paid * UFEN))
        result[Result.DEDUCTIBLE] += limbs_to_fen(deductible)
    if cost < base:
        note_ufen(desk, out, step_key(Step.COST_LIMIT, layer_at, 0), base, cost)
    if left != FOREVER:
        note_ufen(desk, out, step_key(Step.CAP, layer_at, 0), left, paid * UFEN)
        result[Result.CAP_LEFT + layer_at] = left // UFEN
    note_ufen(desk, out, step_key(Step.PAYMENT, layer_at, 0), base, paid * UFEN)
    feed(desk, cells, start, layer, (paid * UFEN, cost, deductible, base))
    result[Result.FUND + cells[layer + LayerField.FUND]] += paid
    result[Result.LAYER_PAID + layer_at] = paid
