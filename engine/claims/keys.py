"""Integer keys of text identifiers: equal text has an equal key on any machine, on any night."""

import hashlib

import polars as pl

from engine.errors import InvariantError

KEY_BITS = 63


def content_key(text: str | None) -> int:
    """Return the key of a text, below 2**63; 0 for none."""
    if not text:
        return 0
    digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "little") >> (64 - KEY_BITS)


def content_keys(texts: pl.Series) -> pl.Series:
    """Return the keys of texts as Int64; null and empty text have key 0.

    Raises:
        InvariantError: two different texts have one key, so that neither may be used.
    """
    distinct = texts.drop_nulls().unique()
    keys = pl.Series([content_key(text) for text in distinct], dtype=pl.Int64)
    if keys.n_unique() != len(distinct):
        message = "two identifiers have one key"
        raise InvariantError(message, column=texts.name)
    named = pl.DataFrame({"text": distinct, "key": keys})
    found = texts.alias("text").to_frame().join(named, on="text", how="left", maintain_order="left")
    return found["key"].fill_null(0)
