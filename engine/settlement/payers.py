"""The personal account and the accounts linked to it, where the payer order lets them pay."""

from engine.claims.columns import UFEN, Ints, Result, Step
from engine.policy.tables import Header
from engine.settlement.desk import Desk, Out, gain, note_ufen, step_key, value_of
from engine.settlement.jit import kernel


@kernel
def pay_from_accounts(
    desk: Desk, out: Out, cells: Ints, where: tuple[int, int, int, int, int], result: Ints
) -> None:
    """Let the own account, then the family's in their order, pay parts in theirs.

    `where` is the row's start, where its list of parts stands and how many they are, the layer it
    is paid before, and whether it is paid before one (1) or after all (0).
    """
    start, at, count, layer_at, before = where
    payable = 0
    for k in range(count):
        payable += desk.parts[cells[at + k]]
    wanted = payable // UFEN
    own = cells[start + Header.BALANCE_SLOT]
    paid = 0
    for k in range(1 + cells[start + Header.FAMILY_COUNT]):
        held = value_of(desk, own + k)
        taken = min(max(held, 0) // UFEN, wanted - paid)
        if k == 0:
            note_ufen(desk, out, step_key(Step.ACCOUNT, layer_at, before), held, taken * UFEN)
        elif taken > 0:
            key = step_key(Step.FAMILY, layer_at, 2 * k + before)
            note_ufen(desk, out, key, held, taken * UFEN)
            result[Result.FAMILY] += taken
        gain(desk, own + k, -taken * UFEN)
        paid += taken
    result[Result.ACCOUNT] += paid
    left = paid * UFEN
    for k in range(count):
        part = cells[at + k]
        taken = min(desk.parts[part], left)
        desk.parts[part] -= taken
        left -= taken
