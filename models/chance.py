"""Chance that anyone can check: keys that draw a sample, from a seed and the units' names."""

import hashlib

import numpy as np
from numpy.typing import NDArray


def public_keys(units: list[str], seed: int) -> NDArray[np.float64]:
    """Return a key a unit, shape (units,): SHA-256 of `seed:unit`, its first 52 bits as a fraction.

    The provider can compute them without our program.
    """
    digests = (hashlib.sha256(f"{seed}:{unit}".encode()).hexdigest()[:13] for unit in units)
    return np.array([int(digest, 16) / 2**52 for digest in digests])
