"""A request as it came, and what its signature claims: what every signature scheme works on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.errors import ClaimError
from engine.storage.credentials import Credential


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came.

    Attributes:
        address: path and query, as they were sent.
        headers: names in small letters.
    """

    method: str
    address: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a request claims.

    Attributes:
        access_key: whose key.
        timestamp_ms: when it was signed, in milliseconds of universal time.
        once: what tells this signing from every other of the key; it is taken once.
    """

    access_key: str
    timestamp_ms: int
    once: str


@dataclass(frozen=True, slots=True)
class Scheme:
    """A way to sign.

    Attributes:
        fits: whether a request is signed this way, judged by its marks alone.
        read: what the request claims.
        proves: whether the signature is that of a key, compared in constant time.
        opens: the body as it was before it was sealed.
        seals: an answer as the key's holder reads it, at a time in milliseconds.
    """

    fits: Callable[[Received], bool]
    read: Callable[[Received], Claimed]
    proves: Callable[[Received, Credential], bool]
    opens: Callable[[Received, Credential], bytes]
    seals: Callable[[bytes, Credential, int], bytes]


def not_signed(missing: str) -> ClaimError:
    """Return the refusal of a request that lacks a part of its signature."""
    return ClaimError(
        "not_signed",
        f"缺少签名或其格式不对：{missing}；若经 nginx 转发，请打开 underscores_in_headers",
        f"the signature or a part of it is missing or malformed: {missing}; behind nginx set "
        "underscores_in_headers on",
    )
