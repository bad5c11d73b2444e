"""Renders the console's pages; amounts stay integers until they are text."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeAlias

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.schemas.nights import Night
from engine.claims.codes import Reason, reasons
from engine.money import mul_div

Language: TypeAlias = Literal["zh", "en"]

INSTITUTIONS_SHOWN: Final = 20
_FOLDER: Final = Path(__file__).parent
_DASH: Final = "–"


def night_page(night: Night | None, language: Language) -> str:
    """Return the page of the last published night, or the one that says how to run the first."""
    template = _environment().get_template("night.html" if night else "empty.html")
    return template.render(
        night=night,
        lang=language,
        t=_words()[language],
        reasons=[] if night is None else _explained(night.by_code),
        institutions_shown=INSTITUTIONS_SHOWN,
    )


def docs_page() -> str:
    """Return the page that shows the interface's documentation."""
    return _environment().get_template("docs.html").render()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        average=average, grouped=grouped, per_mille=per_mille, percent=percent, yuan=yuan
    )
    return environment


@cache
def _words() -> Mapping[Language, Mapping[str, str]]:
    words = yaml.safe_load((_FOLDER / "words.yaml").read_text(encoding="utf-8"))
    return {
        "zh": {name: word["zh"] for name, word in words.items()},
        "en": {name: word["en"] for name, word in words.items()},
    }


def _explained(by_code: Mapping[str, int]) -> list[tuple[str, int, Reason | None]]:
    """Return each code with its records and, where we know the code, what it means."""
    known = {code.value: reason for code, reason in reasons().items()}
    most_first = sorted(by_code.items(), key=lambda entry: (-entry[1], entry[0]))
    return [(code, records, known.get(code)) for code, records in most_first]


def yuan(amount_fen: int) -> str:
    """Return an amount in yuan with separators.

    Example:
        >>> yuan(-123_456_789)
        '-1,234,567.89'
    """
    whole, fen = divmod(abs(amount_fen), 100)
    return f"{'-' if amount_fen < 0 else ''}{whole:,}.{fen:02d}"


def grouped(number: int) -> str:
    """Return a count with separators."""
    return f"{number:,}"


def average(sum_fen: int, count: int) -> str:
    """Return the average amount in yuan, half up, or a dash where there is nothing to divide."""
    return yuan(mul_div(sum_fen, 1, count)) if count else _DASH


def per_mille(part: int, whole: int) -> int:
    """Return part / whole in thousandths, half up, held between 0 and 1000."""
    return max(0, min(1000, mul_div(part, 1000, whole))) if whole > 0 else 0


def percent(part: int, whole: int) -> str:
    """Return part / whole as a percentage with two decimals, or a dash where there is no whole."""
    if whole <= 0:
        return _DASH
    hundredths = mul_div(part, 10_000, whole)
    return f"{'-' if hundredths < 0 else ''}{abs(hundredths) // 100}.{abs(hundredths) % 100:02d}%"
