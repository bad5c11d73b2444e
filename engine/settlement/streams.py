"""Cost that takes a way of its own: other streams, and the share before the local rules."""

from engine.claims.columns import NONE, UFEN, Event, Ints, Part, Result, Step
from engine.policy.tables import Header
from engine.settlement.desk import Desk, Out, gain, note, note_ufen, step_key, value_of
from engine.settlement.jit import kernel
from engine.settlement.price_lines import mul_div, share_fen
from engine.settlement.steps import limbs_to_fen


@kernel
def note_streams(desk: Desk, out: Out, event: Ints) -> None:
    """Trace what lies in other streams than the ordinary one, and the fund's exact final part."""
    for part in range(Part.FINAL_SHARE, Part.EXCLUDED + 1):
        if desk.parts[part] > 0:
            fund = event[Event.FINAL_FUND] if part == Part.FINAL_SHARE else 0
            note_ufen(desk, out, step_key(Step.STREAM, 0, part), desk.parts[part], fund)


@kernel
def take_home_share(desk: Desk, out: Out, cells: Ints, start: int, result: Ints) -> None:
    """Take the share before the local rules off the covered cost, and count the claim.

    A claim that the benefit's own ordinal numbers is counted already, and has its number.
    """
    count = cells[start + Header.HOME_COUNT]
    slot = cells[start + Header.HOME_SLOT]
    numbered = slot == cells[start + Header.ORDINAL_SLOT]
    number = 0 if slot == NONE else value_of(desk, slot)
    if numbered and slot != NONE:
        number = result[Result.ORDINAL]
    rate = cells[start + cells[start + Header.HOME_AT] + min(number, count - 1)]
    if slot != NONE and not numbered:
        gain(desk, slot, 1)
    covered = desk.parts[Part.COVERED] // UFEN
    share = share_fen(covered, rate)
    if share > 0:
        note(desk, out, step_key(Step.HOME_SHARE, 0, number), covered, share)
    desk.parts[Part.HOME_FIRST_SHARE] = share * UFEN
    desk.parts[Part.COVERED] -= share * UFEN
    result[Result.FIRST_SHARE] += share
    result[Result.COVERED] -= share


@kernel
def pay_final(base: int, fund: int, limits: tuple[int, int]) -> tuple[int, int]:
    """Return (paid fen, cost ufen) of lines whose person's share is final.

    Args:
        base: what lies in the stream, in ufen.
        fund: the fund's exact part of it, in ufen.
        limits: what caps on cost and caps on payment leave, in ufen.
    """
    cost = min(base, limits[0])
    exact = fund if cost == base else mul_div(fund, cost, base)
    paid = min(limbs_to_fen(exact), limits[1] // UFEN, cost // UFEN)
    if exact > limits[1]:
        cost = mul_div(limits[1], base, fund)
    return paid, cost
