"""Half-up division and exact parsing, on figures that a reader can check by hand."""

from collections.abc import Callable
from decimal import Decimal

import numba
import polars as pl
import pytest
from polars.exceptions import InvalidOperationError

from engine import money
from engine.errors import ClaimError, InvariantError, PolicyError

MulDiv = Callable[[int, int, int], int]
Share = Callable[[int, int], int]


def through_polars(amount: int, num: int, den: int) -> int | None:
    frame = pl.DataFrame({"amount": amount, "num": num, "den": den})
    columns = (pl.col("amount"), pl.col("num"), pl.col("den"))
    result: int | None = frame.select(money.mul_div_expr(*columns)).item()
    return result


FORMS = [
    pytest.param(money.mul_div, id="scalar"),
    pytest.param(money.mul_div_i64, id="64-bit source", marks=pytest.mark.kernel),
    pytest.param(numba.njit()(money.mul_div_i64), id="compiled", marks=pytest.mark.kernel),
    pytest.param(through_polars, id="polars"),
]


@pytest.mark.parametrize("mul_div", FORMS)
@pytest.mark.parametrize(
    ("amount", "num", "den", "expected"),
    [
        (520_000, 850_000, 1_000_000, 442_000),
        (1, 1, 2, 1),
        (-1, 1, 2, -1),
        (3, 1, 2, 2),
        (-3, 1, 2, -2),
        (149, 1, 100, 1),
        (-149, 1, 100, -1),
        (0, 850_000, 1_000_000, 0),
        (7, 0, 3, 0),
        (100_000, 17, 30, 56_667),
        (2**62 - 1, 2**61, 2**61, 2**62 - 1),
        (2**61 - 1, 2**61 - 1, 2**61, 2**61 - 2),
        (2**61, 2**61 - 1, 2**61, 2**61 - 1),
        (10**18, 10**12 - 1, 10**12, 10**18 - 10**6),
    ],
)
def test_division_rounds_half_away_from_zero(
    mul_div: MulDiv, amount: int, num: int, den: int, expected: int
) -> None:
    assert mul_div(amount, num, den) == expected


@pytest.mark.kernel
@pytest.mark.parametrize("power", [1, 10, 20, 30, 31, 32, 33, 40, 41, 42, 43, 52, 60, 61])
def test_the_64_bit_form_survives_the_largest_remainders(power: int) -> None:
    compiled = numba.njit()(money.mul_div_i64)
    for den in (2**power - 1, 2**power):
        # One below a multiple leaves the largest remainder, all-ones digits the largest products.
        for amount in ((2**62 - 1) // den * den - 1, 2**42 - 1, 2**45 - 1, 2**31 - 1, 2**31):
            for num in {den - 1, den, min(den, 2**20 - 1), min(den, 2**31 - 1)}:
                expected = money.mul_div(amount, num, den)
                assert money.mul_div_i64(amount, num, den) == expected
                assert compiled(amount, num, den) == expected


@pytest.mark.parametrize(
    "share_fen",
    [
        pytest.param(money.share_fen, id="scalar"),
        pytest.param(money.share_fen_i64, id="64-bit source", marks=pytest.mark.kernel),
        pytest.param(numba.njit()(money.share_fen_i64), id="compiled", marks=pytest.mark.kernel),
    ],
)
@pytest.mark.parametrize(
    ("amount_fen", "ppm", "expected"),
    [
        (520_000, 850_000, 442_000),
        (1, 500_000, 1),
        (-1, 500_000, -1),
        (1, 499_999, 0),
        (5, 100_000, 1),
        (-5, 100_000, -1),
        (999_999_999_999, 500_000, 500_000_000_000),
        (-999_999_999_999, 1_000_000, -999_999_999_999),
    ],
)
def test_a_share_rounds_half_away_from_zero(
    share_fen: Share, amount_fen: int, ppm: int, expected: int
) -> None:
    assert share_fen(amount_fen, ppm) == expected


OUT_OF_BOUNDS = [
    (2**62, 1, 1),
    (-(2**62), 1, 1),
    (1, -1, 1),
    (1, 2**62, 2),
    (1, 1, 0),
    (1, 1, -1),
    (1, 1, 2**61 + 1),
    (2**61, 2, 1),
    (2**62 - 1, 2**62 - 1, 1),
]


@pytest.mark.parametrize(("amount", "num", "den"), OUT_OF_BOUNDS)
def test_the_scalar_form_refuses_what_is_out_of_bounds(amount: int, num: int, den: int) -> None:
    with pytest.raises(InvariantError, match="out of bounds"):
        money.mul_div(amount, num, den)


@pytest.mark.parametrize(("amount", "num", "den"), OUT_OF_BOUNDS)
def test_the_polars_form_refuses_what_is_out_of_bounds(amount: int, num: int, den: int) -> None:
    with pytest.raises(InvalidOperationError):
        through_polars(amount, num, den)
    with pytest.raises(InvalidOperationError):
        pl.select(money.mul_div_expr(pl.lit(amount), num, den))


def test_the_polars_form_keeps_a_null_and_makes_none() -> None:
    frame = pl.DataFrame({"a": [None, 5, 5, 5], "n": [1, None, 1, 1], "d": [2, 2, None, 2]})
    result = frame.select(money.mul_div_expr(pl.col("a"), pl.col("n"), pl.col("d")))
    assert result.to_series().to_list() == [None, None, None, 3]


@pytest.mark.parametrize(
    ("amount_fen", "ppm"), [(10**12, 1), (-(10**12), 1), (1, -1), (1, 1_000_001)]
)
def test_a_share_is_refused_out_of_bounds(amount_fen: int, ppm: int) -> None:
    with pytest.raises(InvariantError, match="out of bounds"):
        money.share_fen(amount_fen, ppm)


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("12.30", 1230),
        ("12.3", 1230),
        ("12", 1200),
        ("-0.05", -5),
        ("-0", 0),
        ("007.10", 710),
        ("9999999999.99", 999_999_999_999),
        ("-9999999999.99", -999_999_999_999),
        ("0" * 5000 + "1", 100),
    ],
)
def test_yuan_text_becomes_fen(text: str, fen: int) -> None:
    assert money.parse_fen(text) == fen
    assert pl.select(money.fen_from_text(pl.lit(text))).item() == fen


NOT_NUMBERS = [
    "",
    "-",
    ".",
    ".5",
    "5.",
    "-.5",
    "+1",
    "--1",
    "1e5",
    "1E5",
    "1,000",
    "1_000",
    "1.234",
    "1.2.3",
    " 1",
    "1 ",
    "1\n",
    "1\x00",
    "NaN",
    "inf",
    "0x10",
    "12.3f",
    "１２",
    "٣",
    "12。30",
    "¥12",
    "−1",
]


@pytest.mark.parametrize("text", NOT_NUMBERS)
def test_text_outside_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(ClaimError) as caught:
        money.parse_fen(text)
    assert caught.value.code == "money_format"
    assert pl.select(money.fen_from_text(pl.lit(text))).item() is None


@pytest.mark.parametrize("text", ["10000000000", "-10000000000.00", "1" * 40, "9" * 5000])
def test_an_amount_at_or_above_the_bound_is_refused(text: str) -> None:
    with pytest.raises(ClaimError) as caught:
        money.parse_fen(text)
    assert caught.value.code == "money_range"
    assert pl.select(money.fen_from_text(pl.lit(text))).item() is None


@pytest.mark.parametrize(
    ("text", "places", "value"),
    [
        ("1.000001", 6, 1_000_001),
        ("-2.5", 4, -25_000),
        ("9999999999.999999", 6, 10**16 - 1),
        ("999999999999.9999", 4, 10**16 - 1),
    ],
)
def test_prices_and_quantities_become_counts_of_their_last_place(
    text: str, places: int, value: int
) -> None:
    assert money.parse_scaled(text, places) == value
    assert pl.select(money.scaled_from_text(pl.lit(text), places)).item() == value


@pytest.mark.parametrize(
    ("text", "places"), [("10000000000", 6), ("1000000000000", 4), ("1.0000001", 6), ("1.00001", 4)]
)
def test_a_price_or_quantity_of_more_than_16_digits_is_refused(text: str, places: int) -> None:
    with pytest.raises(ClaimError):
        money.parse_scaled(text, places)
    assert pl.select(money.scaled_from_text(pl.lit(text), places)).item() is None


@pytest.mark.parametrize(
    ("text", "ppm"),
    [("89.5%", 895_000), ("100%", 1_000_000), ("0.0001%", 1), ("0%", 0), ("120%", 1_200_000)],
)
def test_a_rate_in_per_cent_becomes_parts_per_million(text: str, ppm: int) -> None:
    assert money.parse_rate_ppm(text) == ppm


@pytest.mark.parametrize("text", ["33.33333%", "0.895", "89.5", "-5%", "5 %", "5%%", "1e1%", "%"])
def test_a_rate_that_is_not_exact_per_cent_is_refused(text: str) -> None:
    with pytest.raises(PolicyError, match="rate_format"):
        money.parse_rate_ppm(text)


@pytest.mark.parametrize(
    ("fen", "text"),
    [(1230, "12.30"), (-5, "-0.05"), (0, "0.00"), (999_999_999_999, "9999999999.99")],
)
def test_fen_are_written_in_yuan_with_two_decimals(fen: int, text: str) -> None:
    assert money.format_yuan(fen) == text
    assert pl.select(money.text_from_scaled(pl.lit(fen), 2)).item() == text


@pytest.mark.parametrize("scale", [2, 3, 6, 20])
def test_a_decimal_column_is_taken_only_where_it_is_whole_fen(scale: int) -> None:
    yuan = pl.Series("yuan", [Decimal("12.3"), Decimal("-9999999999.99"), None])
    column = yuan.cast(pl.Decimal(38, scale)).to_frame()
    fen = column.select(money.fen_from_decimal(pl.col("yuan")))
    assert fen.to_series().to_list() == [1230, -999_999_999_999, None]


def test_a_decimal_that_would_need_rounding_or_is_too_large_becomes_null() -> None:
    yuan = pl.Series("yuan", [Decimal("0.005"), Decimal("1.234"), Decimal(10**10), Decimal(10**30)])
    fen = yuan.to_frame().select(money.fen_from_decimal(pl.col("yuan")))
    assert fen.to_series().to_list() == [None, None, None, None]


def test_a_decimal_price_keeps_its_sixth_place() -> None:
    price = pl.Series("price", [Decimal("1.000001"), Decimal("0.0000001")]).to_frame()
    scaled = price.select(money.scaled_from_decimal(pl.col("price"), 6))
    assert scaled.to_series().to_list() == [1_000_001, None]


def test_parsing_keeps_the_column_name() -> None:
    frame = pl.DataFrame({"yuan": ["1.00"]})
    parsed = frame.select(money.fen_from_text(pl.col("yuan")))
    assert parsed.columns == ["yuan"]
    assert parsed.select(money.text_from_scaled(pl.col("yuan"), 2)).equals(frame)
