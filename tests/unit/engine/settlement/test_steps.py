"""The integer steps against exact fractions, up to the largest amounts."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.claims.columns import NONE, UFEN, Ints
from engine.money import MAX_FEN, PPM
from engine.settlement import steps

pytestmark = pytest.mark.kernel

MAX_UFEN = MAX_FEN * UFEN
COSTS = st.one_of(
    st.integers(0, MAX_UFEN - 1),
    st.integers(0, MAX_FEN - 1).map(lambda fen: fen * UFEN),
    st.integers(0, 30 * UFEN),
)
RATES = st.one_of(st.integers(0, PPM), st.sampled_from((1, 500_000, 955_000, 999_999, PPM)))
ENDS = st.one_of(st.integers(1, MAX_FEN - 1), st.integers(1, 30))
LARGE = MAX_UFEN - 1
ODD = 955_000


@st.composite
def tables(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Bands as (end in fen or NONE, rate), their ends rising."""
    ends = sorted(draw(st.sets(ENDS, max_size=4)))
    if not ends or draw(st.booleans()):
        ends.append(NONE)
    return [(end, draw(RATES)) for end in ends]


def cells_of(table: list[tuple[int, int]]) -> Ints:
    """Return the bands behind three foreign cells."""
    return np.array([7, 7, 7, *(value for band in table for value in band)], dtype=np.int64)


def slices(table: list[tuple[int, int]], low: int, high: int) -> list[tuple[int, int]]:
    """Return (size, rate) of what lies from low to high in each band; ufen."""
    found, floor = [], 0
    for end, rate in table:
        top = high if end == NONE else min(high, end * UFEN)
        found.append((max(top - max(low, floor), 0), rate))
        floor = max(floor, top)
    return found


def half_up(value: Fraction) -> int:
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def exact(high: int, low: int) -> int:
    """Return limbs as one number, in 1e-12 fen."""
    assert 0 <= low < UFEN
    return int(high) * UFEN + int(low)


@settings(deadline=None)
@given(COSTS, RATES)
@example(LARGE, PPM)
@example(LARGE, ODD)
@example(LARGE, 1)
def test_a_share_is_exact(cost: int, rate: int) -> None:
    assert exact(*steps.share_limbs(cost, rate)) == cost * rate


@settings(deadline=None)
@given(COSTS, RATES, COSTS, RATES)
@example(LARGE, PPM, LARGE, PPM)
def test_shares_add_and_subtract_exactly(one: int, rate: int, two: int, other: int) -> None:
    first, second = steps.share_limbs(one, rate), steps.share_limbs(two, other)
    assert exact(*steps.add_limbs(*first, *second)) == one * rate + two * other
    negative = steps.add_limbs(*first, -second[0], -second[1])
    assert exact(*negative) == one * rate - two * other


@settings(deadline=None)
@given(COSTS, RATES)
@example(UFEN, 500_000)
@example(UFEN, 499_999)
@example(LARGE, ODD)
def test_a_payment_is_rounded_half_up_to_fen(cost: int, rate: int) -> None:
    high, _ = steps.share_limbs(cost, rate)
    assert steps.limbs_to_fen(high) == half_up(Fraction(cost * rate, UFEN * PPM))


@settings(deadline=None)
@given(COSTS, RATES.filter(bool), st.integers(0, PPM))
@example(LARGE, 1, PPM)
@example(LARGE, ODD, PPM - 1)
def test_a_payment_is_turned_back_into_cost_rounded_half_up_once(
    cost: int, rate: int, part: int
) -> None:
    # Whatever is turned back is less than the share of a cost that a claim can have.
    payment = cost * rate * part // PPM
    expected = half_up(Fraction(payment, rate))
    assert steps.cost_paid_by(payment // UFEN, payment % UFEN, rate) == expected


@settings(deadline=None, max_examples=300)
@given(tables(), COSTS, COSTS)
@example([(MAX_FEN - 1, ODD), (NONE, PPM)], MAX_UFEN - 1, MAX_UFEN - 1)
@example([(1, ODD), (2, ODD), (3, ODD)], 0, 3 * UFEN)
def test_bands_pay_the_exact_sum_of_their_slices(
    table: list[tuple[int, int]], low: int, size: int
) -> None:
    top = low + size
    high, rest, by_band = steps.pay_bands(cells_of(table), 3, len(table), low, top)
    shares = [part * rate for part, rate in slices(table, low, top)]
    assert exact(high, rest) == sum(shares)
    assert by_band == sum(half_up(Fraction(share, UFEN * PPM)) for share in shares)


@settings(deadline=None, max_examples=500)
@given(tables(), COSTS, COSTS, COSTS)
@example([(NONE, ODD)], 0, LARGE, (MAX_FEN - 1) * UFEN // 2)
@example([(NONE, 1)], 0, LARGE, 999_999 * UFEN)
@example([(MAX_FEN - 1, 0), (NONE, ODD)], 0, LARGE, 0)
@example([(5, 0), (10, ODD), (20, 0), (NONE, PPM)], 0, 30 * UFEN, 0)
@example([(10, ODD), (NONE, 0)], 0, 30 * UFEN, 9_550_000)
def test_a_cap_consumes_the_largest_cost_whose_payment_is_within_it(
    table: list[tuple[int, int]], low: int, size: int, left: int
) -> None:
    room, expected = left * PPM, 0
    for part, rate in slices(table, low, low + size):
        if part * rate > room:
            expected += min(part, half_up(Fraction(room, rate)))
            break
        expected, room = expected + part, room - part * rate
    found = steps.cost_under_cap(cells_of(table), 3, len(table), (low, low + size), left)
    assert found == expected


@settings(deadline=None, max_examples=200)
@given(tables(), st.integers(0, 3000), st.integers(0, 3000))
def test_a_ufen_more_than_a_cap_consumes_would_pass_it(
    table: list[tuple[int, int]], size: int, left: int
) -> None:
    cells, top = cells_of(table), size * UFEN
    found = steps.cost_under_cap(cells, 3, len(table), (0, top), left)
    # Rounded half up, the cost may lie half a unit above the exact one; a whole unit more may not.
    paid_before, paid_at = (
        sum(part * rate for part, rate in slices(table, 0, max(end, 0)))
        for end in (found - 1, found)
    )
    assert paid_before <= left * PPM
    reachable = sum(part for part, _ in slices(table, 0, top))
    if found < reachable:
        more = sum(part * rate for part, rate in slices(table, 0, found + 1))
        assert more > left * PPM or paid_at > left * PPM


@pytest.mark.parametrize(
    ("table", "end"),
    [
        ([(NONE, 1)], steps.FOREVER),
        ([(5, 1), (9, 1)], 9 * UFEN),
        ([(5, 1), (NONE, 1)], steps.FOREVER),
    ],
)
def test_the_last_end_is_where_the_bands_stop(table: list[tuple[int, int]], end: int) -> None:
    assert steps.last_end(cells_of(table), 3, len(table)) == end


def test_the_largest_amount_at_an_odd_rate_by_hand() -> None:
    # 999,999,999,999 fen x 95.5 % = 954,999,999,999.045 fen.
    high, low = steps.share_limbs((MAX_FEN - 1) * UFEN, ODD)
    assert (high, low) == (954_999_999_999_045_000, 0)
    assert steps.limbs_to_fen(high) == 954_999_999_999
