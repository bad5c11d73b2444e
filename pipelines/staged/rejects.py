"""Rejected records as they are kept: where they stand and why, without their values."""

import hashlib

import polars as pl

_HASH_LENGTH = 16


def hashed(values: pl.Series) -> pl.Series:
    """Return the head of the SHA-256 of each text, so that equal values can still be told."""
    distinct = values.unique()
    hashes = pl.Series([_hash(value) for value in distinct], dtype=pl.String)
    return values.replace_strict(distinct, hashes, return_dtype=pl.String)


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:_HASH_LENGTH] if value else ""
