"""Puts claims into buckets by person, so that a bucket settles apart from all others."""

import numpy as np
from numpy.typing import NDArray

from engine.claims.columns import Event, Ints, State

BUCKET_CLAIMS = 1 << 15
"""How many claims a bucket is to hold: its wide events and results stay near the processor."""

KEY_BITS = 63


class Shards:
    """Which rows of each kind every bucket has, by ranges of persons.

    A person's number is a hash, so that equal ranges of numbers hold about as many persons.
    """

    def __init__(
        self,
        persons: Ints,
        opening: Ints,
        recalled: Ints,
        registered: Ints,
        count: int | None = None,
    ) -> None:
        wanted = -(-len(persons) // BUCKET_CLAIMS) if count is None else count
        self._bits = min(max(wanted - 1, 0).bit_length(), 15)
        self.count = 1 << self._bits
        self._claims = self._split(persons)
        self._opening = self._split(opening[:, State.PERSON])
        self._recalled = self._split(recalled[:, Event.PERSON])
        self._registered = self._split(registered[:, Event.PERSON])

    def claims(self, number: int) -> Ints:
        """Return the positions of a bucket's claims, ascending."""
        return _part(self._claims, number)

    def opening(self, number: int) -> Ints:
        """Return the rows of its opening state."""
        return _part(self._opening, number)

    def recalled(self, number: int) -> Ints:
        """Return the rows of its recalled settlements, ascending."""
        return _part(self._recalled, number)

    def registered(self, number: int) -> Ints:
        """Return the rows of what registers bring, ascending."""
        return _part(self._registered, number)

    def _split(self, persons: Ints) -> tuple[NDArray[np.int32], Ints]:
        # Of 16 bits, so that numpy's stable sort is a counting sort.
        bucket = (persons >> (KEY_BITS - self._bits)).astype(np.int16)
        rows = np.argsort(bucket, kind="stable").astype(np.int32)
        return rows, np.searchsorted(bucket[rows], np.arange(self.count + 1))


def _part(split: tuple[NDArray[np.int32], Ints], number: int) -> Ints:
    rows, first = split
    return rows[first[number] : first[number + 1]].astype(np.int64)
