"""How many requests an institution may send: a bucket of tokens that fills as time goes by."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from engine.errors import ClaimError


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimit:
    """Admits each institution's requests at a steady rate, and so many at once.

    It counts in this process: a service of several processes admits as many times as much.

    Args:
        per_second: tokens that a second brings.
        burst: tokens that a full bucket holds.
        clock: seconds that never go back.
    """

    def __init__(self, per_second: int, burst: int, clock: Callable[[], float]) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self._turn = Lock()

    def admit(self, institution_id: str) -> None:
        """Take a token of an institution whose signature is right, so that names are few.

        Raises:
            ClaimError: `too_many_requests`, with the whole seconds until there is one again.
        """
        with self._turn:
            now = self._clock()
            bucket = self._buckets.setdefault(institution_id, _Bucket(self._burst, now))
            gained = (now - bucket.at) * self._per_second
            bucket.tokens, bucket.at = min(self._burst, bucket.tokens + gained), now
            if bucket.tokens >= 1:
                bucket.tokens -= 1
                return
            wait = math.ceil((1 - bucket.tokens) / self._per_second)
        raise ClaimError(
            "too_many_requests",
            f"请求过于频繁，未作任何处理；请 {wait} 秒后再发，并放慢发送",
            f"too many requests, nothing was done; send again in {wait} s, and more slowly",
            retry_after_s=wait,
        )
