"""Reasons of a lead in words, and what would refute each."""

from functools import cache
from pathlib import Path
from typing import Any

from engine.policy.reader import read_document

_WORDS = Path(__file__).with_suffix(".yaml")


@cache
def _words() -> dict[str, Any]:
    words: dict[str, Any] = read_document(_WORDS).value
    return words


def reason_text(reason: list[Any], lang: str) -> str:
    """Return one reason of a lead in `zh` or `en`, with its part of the log odds."""
    feature, value, part = reason
    return f"{_words()[feature][lang]} {value:g} ({part:+.2f})"


def refuted_by(reason: list[Any], lang: str) -> str:
    """Return what would refute a reason, in `zh` or `en`."""
    return str(_words()[reason[0]]["refuted"][lang])
