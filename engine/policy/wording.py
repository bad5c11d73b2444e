"""Texts of a policy file that have a form of their own."""

import datetime
import re

COMMON_YEAR = 2023


def named(text: str) -> str:
    """Return a name: letters, digits and underscores, a letter first.

    Raises:
        ValueError: it is none.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", text):
        message = f"{text!r} is not a name: letters, digits and underscores, a letter first"
        raise ValueError(message)
    return text


def starts_a_year(text: str) -> str:
    """Return MM-dd of a day that every year has.

    Raises:
        ValueError: it is none.
    """
    try:
        datetime.date.fromisoformat(f"{COMMON_YEAR}-{text}")
    except ValueError as error:
        message = f"{text!r} is not MM-dd of a day that every year has"
        raise ValueError(message) from error
    return text


def both_sexes(words: list[str]) -> list[str]:
    """Return the two words for the sexes, in their order.

    Raises:
        ValueError: it is none.
    """
    if words != ["male", "female"]:
        message = "sexes are [male, female]"
        raise ValueError(message)
    return words
