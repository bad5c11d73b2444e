"""The times that signed requests of the tests tell: of now, and no two alike."""

import itertools
import time

SERIALS = itertools.count()


def next_stamp() -> int:
    """Return milliseconds since 1970, of the moment of sending: an older one is refused."""
    return int(time.time() * 1000) + next(SERIALS)
