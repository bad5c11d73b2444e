"""The check digit of a resident identity number."""

import polars as pl

_FORM = r"^(?:[0-9]{15}|[0-9]{17}[0-9Xx])$"
_LENGTH = 18
_MODULUS = 11


def is_identity_number(text: pl.Expr) -> pl.Expr:
    """Return whether a text is a resident identity number; null for null.

    Eighteen characters, the last of which brings the sum of all, weighted by the powers of two,
    to 1 modulo 11 (X counts 10); or the fifteen digits of the old form, which has no check.

    The standard is GB 11643-1999.
    """
    last = text.str.slice(_LENGTH - 1, 1).str.to_uppercase()
    total = pl.when(last == "X").then(10).otherwise(last.cast(pl.Int32, strict=False))
    for place in range(_LENGTH - 1):
        digit = text.str.slice(place, 1).cast(pl.Int32, strict=False)
        total = total + digit * (2 ** (_LENGTH - 1 - place) % _MODULUS)
    checked = (text.str.len_bytes() != _LENGTH) | (total % _MODULUS == 1)
    return text.str.contains(_FORM) & checked
