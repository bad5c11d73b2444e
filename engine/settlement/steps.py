"""The steps of a layer as pure integer functions, compiled.

Costs are ufen (1e-6 fen), rates ppm, so a payment is counted in 1e-12 fen. It is held as two
limbs `(ufen, rest)` with rest in 1e-12 fen below UFEN; both stay inside 64 bits while amounts
are below 1e12 fen.
"""

from engine.claims.columns import NONE, UFEN, Ints
from engine.policy.tables import BAND_WIDTH, BandField
from engine.settlement.jit import kernel

HALF_UFEN = UFEN // 2
FOREVER = 2**62


@kernel
def share_limbs(cost_ufen: int, rate_ppm: int) -> tuple[int, int]:
    """Return cost x rate exactly, as limbs."""
    rest = (cost_ufen % UFEN) * rate_ppm
    return (cost_ufen // UFEN) * rate_ppm + rest // UFEN, rest % UFEN


@kernel
def add_limbs(high: int, low: int, more_high: int, more_low: int) -> tuple[int, int]:
    """Return the sum of two limb pairs."""
    low += more_low
    return high + more_high + low // UFEN, low % UFEN


@kernel
def limbs_to_fen(high: int) -> int:
    """Return a payment rounded half up to whole fen.

    The low limb does not matter: half a fen is HALF_UFEN in the high limb and nothing below it.
    """
    return (high + HALF_UFEN) // UFEN


@kernel
def cost_paid_by(high: int, low: int, rate_ppm: int) -> int:
    """Return the cost in ufen that a payment (limbs) is the share of, rounded half up once."""
    whole, left = high // rate_ppm, high % rate_ppm
    rest = left * UFEN + low
    return whole * UFEN + (2 * rest + rate_ppm) // (2 * rate_ppm)


@kernel
def slice_of(cells: Ints, band: int, low: int, high: int) -> tuple[int, int]:
    """Return (ufen, ppm): what of low..high (ufen) lies below this band's end, and its rate."""
    to = cells[band + BandField.TO]
    end = high if to == NONE else min(high, to * UFEN)
    return max(end - low, 0), cells[band + BandField.RATE]


@kernel
def last_end(cells: Ints, band_at: int, bands: int) -> int:
    """Return the place in ufen beyond which the bands pay nothing."""
    to = cells[band_at + (bands - 1) * BAND_WIDTH + BandField.TO]
    return FOREVER if to == NONE else to * UFEN


@kernel
def pay_bands(cells: Ints, band_at: int, bands: int, low: int, high: int) -> tuple[int, int, int]:
    """Return what the cost at low..high (ufen) is paid: (high limb, low limb, fen by band).

    The third is the sum of the bands' payments, each rounded half up to whole fen.
    """
    total_high, total_low, rounded = 0, 0, 0
    for k in range(bands):
        cost, rate = slice_of(cells, band_at + k * BAND_WIDTH, low, high)
        share_high, share_low = share_limbs(cost, rate)
        rounded += limbs_to_fen(share_high)
        total_high, total_low = add_limbs(total_high, total_low, share_high, share_low)
        low += cost
    return total_high, total_low, rounded


@kernel
def cost_under_cap(cells: Ints, band_at: int, bands: int, place: tuple[int, int], left: int) -> int:
    """Return the largest cost, from place[0] to place[1], whose payment is within `left`; ufen."""
    low, high = place
    left_high, left_low, consumed = left, 0, 0
    for k in range(bands):
        cost, rate = slice_of(cells, band_at + k * BAND_WIDTH, low, high)
        share_high, share_low = share_limbs(cost, rate)
        if share_high > left_high or (share_high == left_high and share_low > left_low):
            return consumed + min(cost, cost_paid_by(left_high, left_low, rate))
        left_high, left_low = add_limbs(left_high, left_low, -share_high, -share_low)
        consumed += cost
        low += cost
    return consumed
