"""The forms of half-up division agree with each other and with the decimal module."""

from decimal import ROUND_HALF_UP, Context, Decimal

import numba
import polars as pl
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from engine import money
from engine.errors import ClaimError

# A quotient that is no tie lies at least 1 / (2 * MAX_DIVISOR) from one, so 100 digits decide.
EXACT = Context(prec=100, rounding=ROUND_HALF_UP)

compiled_mul_div = numba.njit()(money.mul_div_i64)
compiled_share_fen = numba.njit()(money.share_fen_i64)


def near(*edges: int) -> st.SearchStrategy[int]:
    """Integers within 3 of an edge."""
    return st.sampled_from(edges).flatmap(lambda edge: st.integers(edge - 3, edge + 3))


def sizes(limit: int) -> st.SearchStrategy[int]:
    """Integers from 0 to the limit: of every magnitude, and crowded where the forms branch."""
    bits = st.integers(0, limit.bit_length()).flatmap(lambda n: st.integers(0, 2**n))
    edges = near(0, 2**20, 2**31, 2**41, 2**42, 10**6, 10**12, 10**18, limit)
    return st.one_of(bits, edges).filter(lambda size: 0 <= size <= limit)


def signed(limit: int) -> st.SearchStrategy[int]:
    return st.tuples(sizes(limit), st.sampled_from((1, -1))).map(lambda pair: pair[0] * pair[1])


AMOUNTS = signed(money.MAX_FACTOR - 1)
MULTIPLIERS = sizes(money.MAX_FACTOR - 1)
DIVISORS = sizes(money.MAX_DIVISOR).filter(bool)
AMOUNTS_FEN = signed(money.MAX_FEN - 1)
RATES_PPM = sizes(money.PPM)


def by_decimal(amount: int, num: int, den: int) -> int:
    product = EXACT.multiply(Decimal(amount), Decimal(num))
    return int(EXACT.to_integral_value(EXACT.divide(product, Decimal(den))))


@settings(deadline=None)
@given(AMOUNTS, MULTIPLIERS, DIVISORS)
def test_scalar_and_polars_equal_decimal(amount: int, num: int, den: int) -> None:
    expected = by_decimal(amount, num, den)
    assume(abs(expected) < money.MAX_FACTOR)
    assert money.mul_div(amount, num, den) == expected
    row = pl.DataFrame({"a": amount, "n": num, "d": den})
    columns = money.mul_div_expr(pl.col("a"), pl.col("n"), pl.col("d"))
    constants = money.mul_div_expr(pl.col("a"), num, den)
    assert row.select(columns).item() == row.select(constants).item() == expected


@pytest.mark.kernel
@settings(deadline=None, max_examples=500)
@given(AMOUNTS, MULTIPLIERS, DIVISORS)
@example(2**62 - 1, 2**62 - 1, 2**61)
@example(2**62 - 1, 2**61, 2**61)
@example(2**31 - 1, 2**31 - 1, 2**31 - 1)
@example(2**42, 2**20, 2**41 - 1)
@example(-(2**42) + 1, 2**20 - 1, 1)
def test_the_64_bit_form_equals_the_scalar_in_python_and_compiled(
    amount: int, num: int, den: int
) -> None:
    expected = by_decimal(amount, num, den)
    assume(abs(expected) < money.MAX_FACTOR)
    assert money.mul_div_i64(amount, num, den) == expected
    assert compiled_mul_div(amount, num, den) == expected


@pytest.mark.kernel
@settings(deadline=None, max_examples=500)
@given(st.integers(0, 2**30), st.integers(0, 2**31), DIVISORS.filter(lambda den: den < 2**60))
def test_ties_go_away_from_zero_in_every_form(whole: int, num: int, den: int) -> None:
    # amount / (2 * den) with amount an odd multiple of den is a tie by construction.
    amount = (2 * whole + 1) * den
    assume(amount < money.MAX_FACTOR)
    forms = (money.mul_div, money.mul_div_i64, compiled_mul_div)
    assert [form(amount, 1, 2 * den) for form in forms] == [whole + 1] * 3
    assert [form(-amount, 1, 2 * den) for form in forms] == [-whole - 1] * 3
    assert [form(num, 2 * den, 2 * den) for form in forms] == [num] * 3


@pytest.mark.kernel
@settings(deadline=None, max_examples=500)
@given(AMOUNTS_FEN, RATES_PPM)
@example(money.MAX_FEN - 1, money.PPM)
@example(1 - money.MAX_FEN, money.PPM)
def test_the_forms_of_a_share_equal_decimal(amount_fen: int, ppm: int) -> None:
    expected = by_decimal(amount_fen, ppm, money.PPM)
    assert money.share_fen(amount_fen, ppm) == expected
    assert money.share_fen_i64(amount_fen, ppm) == expected
    assert compiled_share_fen(amount_fen, ppm) == expected


@given(AMOUNTS_FEN, RATES_PPM)
def test_a_share_and_its_complement_differ_from_the_whole_by_at_most_one(
    amount_fen: int, ppm: int
) -> None:
    parts = money.share_fen(amount_fen, ppm) + money.share_fen(amount_fen, money.PPM - ppm)
    assert abs(parts - amount_fen) <= 1


@given(AMOUNTS_FEN)
def test_yuan_text_reads_back_to_the_same_fen(amount_fen: int) -> None:
    assert money.parse_fen(money.format_yuan(amount_fen)) == amount_fen


@given(signed(money.MAX_SCALED - 1), st.integers(1, 6))
def test_scaled_text_reads_back_to_the_same_count(value: int, places: int) -> None:
    assert money.parse_scaled(money.format_scaled(value, places), places) == value


def parsed_or_none(text: str, places: int) -> int | None:
    try:
        return money.parse_scaled(text, places)
    except ClaimError:
        return None


NEARLY_NUMBERS = st.one_of(
    st.text("0123456789.-+eE, _\n１۳", max_size=20),
    st.from_regex(r"-?[0-9]{1,45}(\.[0-9]{0,8})?", fullmatch=True),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.text(max_size=5),
)


@settings(deadline=None)
@given(st.lists(NEARLY_NUMBERS, max_size=50), st.integers(1, 6))
def test_a_column_of_text_is_read_as_row_by_row(texts: list[str], places: int) -> None:
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    column = frame.select(money.scaled_from_text(pl.col("text"), places)).to_series()
    assert column.to_list() == [parsed_or_none(text, places) for text in texts]


@settings(deadline=None)
@given(st.lists(signed(money.MAX_SCALED - 1), max_size=50), st.integers(1, 6))
def test_a_column_is_written_as_row_by_row(values: list[int], places: int) -> None:
    frame = pl.DataFrame({"value": values}, schema={"value": pl.Int64})
    column = frame.select(money.text_from_scaled(pl.col("value"), places)).to_series()
    assert column.to_list() == [money.format_scaled(value, places) for value in values]


@settings(deadline=None)
@given(st.lists(st.decimals(-(10**12), 10**12, places=4), max_size=30))
def test_a_decimal_column_is_never_rounded(yuan: list[Decimal]) -> None:
    frame = pl.DataFrame({"yuan": yuan}, schema={"yuan": pl.Decimal(38, 4)})
    column = frame.select(money.fen_from_decimal(pl.col("yuan"))).to_series()
    fen = [value * 100 for value in yuan]
    whole = [value == int(value) and abs(value) < money.MAX_FEN for value in fen]
    expected = [int(value) if kept else None for value, kept in zip(fen, whole, strict=True)]
    assert column.to_list() == expected
