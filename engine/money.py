"""Integer money: half-up division in three equal forms, and exact parsing of amounts.

Money is int64 fen, rates are integer parts per million, prices 1e-6 yuan, quantities 1e-4.
"""

import math
import re
from decimal import Decimal
from fractions import Fraction

import polars as pl

from engine.errors import ClaimError, PolicyError, ensure

PPM = 1_000_000
"""One whole, in parts per million."""

MAX_FEN = 10**12
"""Every amount in fen is strictly below this in size (ten thousand million yuan)."""

MAX_SCALED = 10**16
"""Every price and quantity is strictly below this in size: 16 digits, as N16,6 and N16,4."""

MAX_FACTOR = 2**62
"""Amount, multiplier and result of a division are strictly below this in size."""

MAX_DIVISOR = 2**61
"""The largest divisor: above it a remainder could not be doubled inside 64 bits."""


def mul_div(amount: int, num: int, den: int) -> int:
    """Return amount * num / den, rounded half up (away from zero for negative amounts).

    Args:
        amount: size below MAX_FACTOR, any integer unit; the result has the same unit.
        num: from 0, below MAX_FACTOR.
        den: 1 to MAX_DIVISOR.

    Raises:
        InvariantError: an argument or the result is out of bounds.

    Example:
        >>> mul_div(1001, 1, 2), mul_div(-1001, 1, 2)
        (501, -501)
    """
    ensure(-MAX_FACTOR < amount < MAX_FACTOR, "amount out of bounds", amount=amount)
    ensure(0 <= num < MAX_FACTOR, "multiplier out of bounds", num=num)
    ensure(0 < den <= MAX_DIVISOR, "divisor out of bounds", den=den)
    size = (2 * abs(amount) * num + den) // (2 * den)
    ensure(size < MAX_FACTOR, "result out of bounds", amount=amount, num=num, den=den)
    return -size if amount < 0 else size


def round_once(exact: Fraction, *, down: bool = False) -> int:
    """Return an exact amount that is not negative as a whole number, rounded half up, or down.

    For the few amounts that are products of several figures; all others use `mul_div`.

    Raises:
        InvariantError: the amount is negative.

    Example:
        >>> round_once(Fraction(1001, 2)), round_once(Fraction(1001, 2), down=True)
        (501, 500)
    """
    ensure(exact >= 0, "amount is negative", numerator=exact.numerator)
    return math.floor(exact if down else exact + Fraction(1, 2))


def share_fen(amount_fen: int, ppm: int) -> int:
    """Return the share of an amount in fen, rounded half up (away from zero for negatives).

    Args:
        amount_fen: size below MAX_FEN.
        ppm: 0 to PPM.

    Raises:
        InvariantError: an argument is out of bounds.

    Example:
        >>> share_fen(520_000, 850_000)
        442000
    """
    ensure(-MAX_FEN < amount_fen < MAX_FEN, "amount out of bounds", amount_fen=amount_fen)
    ensure(0 <= ppm <= PPM, "rate out of bounds", ppm=ppm)
    return mul_div(amount_fen, ppm, PPM)


def mul_div_i64(amount: int, num: int, den: int) -> int:
    """Return what mul_div returns, using nothing wider than a signed 64-bit integer.

    The same source runs as plain Python and compiled. It checks nothing: outside the bounds of
    mul_div, and of its result, the compiled form may wrap.

    The product is never formed. The multiplier is read digit by digit from the top; quotient and
    remainder of the part read so far are carried along. Digits are as wide as the divisor lets
    them be: remainder * 2**width + digit * unit_rest < 2 * den * 2**width <= 2**63.
    """
    size = -amount if amount < 0 else amount
    if (size < 1 << 42 and num < 1 << 20) or (size < 1 << 31 and num < 1 << 31):
        quotient = size * num // den
        remainder = size * num - quotient * den
    else:
        unit = size // den
        unit_rest = size - unit * den
        width = 31 if den < 1 << 31 else 21 if den < 1 << 41 else 1
        position = 61 // width * width
        quotient = 0
        remainder = 0
        while position >= 0:
            digit = (num >> position) & ((1 << width) - 1)
            rest = (remainder << width) + digit * unit_rest
            carry = rest // den
            quotient = (quotient << width) + digit * unit + carry
            remainder = rest - carry * den
            position -= width
    if remainder >= den - remainder:
        quotient += 1
    return -quotient if amount < 0 else quotient


def share_fen_i64(amount_fen: int, ppm: int) -> int:
    """Return what share_fen returns, using nothing wider than a signed 64-bit integer.

    Unchecked like mul_div_i64. Inside the bounds of share_fen the product stays below 10**18,
    and the constant divisor compiles to a multiplication.
    """
    size = -amount_fen if amount_fen < 0 else amount_fen
    share = (size * ppm + PPM // 2) // PPM
    return -share if amount_fen < 0 else share


def mul_div_expr(amount: pl.Expr, num: int | pl.Expr, den: int | pl.Expr) -> pl.Expr:
    """Return what mul_div returns, as an Int64 expression; null where an operand is null.

    Collecting it raises polars' InvalidOperationError on a row that is out of bounds.
    """
    size, num, den = _wide(amount).abs(), _wide(num), _wide(den)
    quotient = (size * num * 2 + den) // (den * 2)
    outside = (
        (size >= MAX_FACTOR)
        | ~num.is_between(0, MAX_FACTOR - 1)
        | ~den.is_between(1, MAX_DIVISOR)
        | (quotient >= MAX_FACTOR)
    )
    # A null operand makes `outside` null, takes the second branch and stays null. Division by
    # zero also gives null, which is why the divisor is tested and not the quotient alone.
    checked = pl.when(outside).then(_POISON).otherwise(quotient).cast(pl.Int64, strict=True)
    return pl.when(amount < 0).then(-checked).otherwise(checked)


_POISON = pl.lit(2**100, dtype=pl.Int128)
"""Stands where a row is out of bounds: the strict cast to 64 bits refuses it by raising."""


def _wide(value: int | pl.Expr) -> pl.Expr:
    return (value if isinstance(value, pl.Expr) else pl.lit(value)).cast(pl.Int128)


def parse_fen(text: str) -> int:
    """Return an amount written in yuan as fen.

    The text is an optional minus sign, ASCII digits and at most two decimals; nothing else.

    Raises:
        ClaimError: `money_format` when the text is anything else, `money_range` when the
            amount is not below MAX_FEN.

    Example:
        >>> parse_fen("12.30"), parse_fen("-0.5")
        (1230, -50)
    """
    return _parse_decimal(text, 2, MAX_FEN)


def parse_scaled(text: str, places: int) -> int:
    """Return a decimal as an integer count of its last place: 6 for prices, 4 for quantities.

    Args:
        text: an optional minus sign, ASCII digits and at most `places` decimals; nothing else.
        places: 1 to 6.

    Raises:
        ClaimError: `money_format` when the text is anything else, `money_range` when the
            number is not below MAX_SCALED.

    Example:
        >>> parse_scaled("1.5", 4)
        15000
    """
    return _parse_decimal(text, places, MAX_SCALED)


def parse_rate_ppm(text: str) -> int:
    """Return a rate written in per cent as parts per million.

    Raises:
        PolicyError: `rate_format` when the text is not one to three digits, at most four
            decimals (the most that parts per million can hold) and a per cent sign.

    Example:
        >>> parse_rate_ppm("89.5%")
        895000
    """
    if not re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{1,4})?%", text):
        raise PolicyError(
            code="rate_format",
            message_zh=f"比例“{text}”不能精确表示为百万分数；"
            "请写成如 89.5% 的百分数，小数最多 4 位",
            message_en=f"the rate {text!r} is not exact in parts per million; "
            "write it in per cent like 89.5%, with at most 4 decimals",
        )
    return parse_scaled(text.removesuffix("%"), 4)


def format_yuan(amount_fen: int) -> str:
    """Return an amount in fen written in yuan with two decimals.

    Example:
        >>> format_yuan(1230), format_yuan(-5)
        ('12.30', '-0.05')
    """
    return format_scaled(amount_fen, 2)


def format_scaled(value: int, places: int) -> str:
    """Return an integer count of the last place as a decimal with exactly `places` decimals."""
    whole, rest = divmod(abs(value), 10**places)
    return f"{'-' if value < 0 else ''}{whole}.{rest:0{places}d}"


def fen_from_text(expr: pl.Expr) -> pl.Expr:
    """Return what parse_fen returns, as Int64; null exactly where parse_fen would raise."""
    return _parsed_expr(expr, 2, MAX_FEN)


def scaled_from_text(expr: pl.Expr, places: int) -> pl.Expr:
    """Return what parse_scaled returns, as Int64; null exactly where it would raise."""
    return _parsed_expr(expr, places, MAX_SCALED)


def fen_from_decimal(expr: pl.Expr) -> pl.Expr:
    """Return a polars Decimal column in yuan as fen, Int64.

    Null where the amount is not a whole fen or not below MAX_FEN: it is never rounded.
    """
    return _exact_expr(expr, 2, MAX_FEN)


def scaled_from_decimal(expr: pl.Expr, places: int) -> pl.Expr:
    """Return a polars Decimal column as Int64 counts of its last place.

    Null where the number has more decimals than `places` or is not below MAX_SCALED.
    """
    return _exact_expr(expr, places, MAX_SCALED)


def text_from_scaled(expr: pl.Expr, places: int) -> pl.Expr:
    """Return what format_scaled returns, as String; format_yuan is the case of two places."""
    unit = pl.lit(Decimal(1).scaleb(-places))
    return (expr.cast(pl.Decimal(38, 0)) * unit).cast(pl.String)


def _grammar(places: int) -> str:
    return rf"^-?[0-9]+(?:\.[0-9]{{1,{places}}})?$"


def _parse_decimal(text: str, places: int, limit: int) -> int:
    # Unlike Rust's, Python's `$` also matches before a final line feed, hence fullmatch.
    if not re.fullmatch(_grammar(places), text):
        raise ClaimError(
            code="money_format",
            message_zh=f"数值“{text}”不是至多 {places} 位小数的十进制数，无法精确入账；"
            "请写成如 12.30 的半角数字，不带逗号、正号、空格、指数",
            message_en=f"the number {text!r} is not a plain decimal with at most {places} "
            "decimals, so it cannot be booked exactly; write ASCII digits like 12.30, "
            "without comma, plus sign, blank or exponent",
            text=text,
        )
    whole, _, fraction = text.partition(".")
    digits = whole.lstrip("-0") + fraction.ljust(places, "0")
    # Comparing lengths first keeps int() away from texts of thousands of digits.
    if len(digits) > len(str(limit)) or int(digits) >= limit:
        bound = format_scaled(limit, places)
        raise ClaimError(
            code="money_range",
            message_zh=f"数值“{text}”不小于上限 {bound}，不能入账；请核对单位和小数点",
            message_en=f"the number {text!r} is not below the limit {bound}, so it cannot be "
            "booked; check the unit and the decimal point",
            text=text,
        )
    return -int(digits) if text.startswith("-") else int(digits)


def _parsed_expr(expr: pl.Expr, places: int, limit: int) -> pl.Expr:
    # The cast alone would take exponents and round surplus decimals; the grammar forbids both,
    # so what is left is exact. A text too long for 38 digits becomes null, as out of bounds.
    value = expr.cast(pl.Decimal(38, places), strict=False).to_physical()
    allowed = expr.str.contains(_grammar(places)) & value.is_between(1 - limit, limit - 1)
    return pl.when(allowed).then(value).cast(pl.Int64)


def _exact_expr(expr: pl.Expr, places: int, limit: int) -> pl.Expr:
    rescaled = expr.cast(pl.Decimal(38, places), strict=False)
    value = rescaled.to_physical()
    allowed = (rescaled == expr) & value.is_between(1 - limit, limit - 1)
    return pl.when(allowed).then(value).cast(pl.Int64)
