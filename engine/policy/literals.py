"""Reads the literals of a policy file: amounts, prices and rates. Errors name their line."""

from collections.abc import Callable
from typing import Any

from engine.errors import EngineError
from engine.money import PPM, parse_fen, parse_rate_ppm, parse_scaled
from engine.policy.reader import Document, Path_

PRICE_PLACES = 6


def read_fen(document: Document, raw: Any, path: Path_) -> int:
    """Return an amount, quoted text in yuan, as fen.

    Raises:
        PolicyError: `not_an_amount`, `negative`, `money_format` or `money_range`.
    """
    return _not_negative(document, _amount(document, raw, path, parse_fen), raw, path)


def read_price_e6(document: Document, raw: Any, path: Path_) -> int:
    """Return a price, quoted text in yuan, in 1e-6 yuan.

    Raises:
        PolicyError: as `read_fen`.
    """
    price = _amount(document, raw, path, lambda text: parse_scaled(text, PRICE_PLACES))
    return _not_negative(document, price, raw, path)


def read_rate(document: Document, raw: Any, path: Path_) -> int:
    """Return a rate from 0 % to 100 % in ppm.

    Raises:
        PolicyError: `not_a_rate`, `rate_format` or `rate_above_one`.
    """
    rate = read_factor(document, raw, path)
    if rate > PPM:
        raise document.error(
            "rate_above_one", path, f"比例 {raw} 超过 100%", f"the rate {raw} passes 100%"
        )
    return rate


def read_factor(document: Document, raw: Any, path: Path_) -> int:
    """Return a factor written in per cent, which may pass 100 %, in ppm.

    Raises:
        PolicyError: `not_a_rate` or `rate_format`.
    """
    if not isinstance(raw, str):
        raise document.error(
            "not_a_rate",
            path,
            f"{raw!r} 不是比例，请写 85% 的形式",
            f"{raw!r} is no rate; write 85%",
        )
    return _parsed(document, raw, path, parse_rate_ppm)


def _amount(document: Document, raw: Any, path: Path_, parse: Callable[[str], int]) -> int:
    if not isinstance(raw, str):
        raise document.error(
            "not_an_amount",
            path,
            f'{raw!r} 不是金额；金额写成带引号的文本，如 "800.00"',
            f'{raw!r} is no amount; write quoted text such as "800.00"',
        )
    return _parsed(document, raw, path, parse)


def _parsed(document: Document, text: str, path: Path_, parse: Callable[[str], int]) -> int:
    try:
        return parse(text)
    except EngineError as error:
        raise document.error(error.code, path, error.message_zh, error.message_en) from error


def _not_negative(document: Document, value: int, raw: str, path: Path_) -> int:
    if value < 0:
        raise document.error("negative", path, f"金额 {raw} 为负", f"the amount {raw} is negative")
    return value
