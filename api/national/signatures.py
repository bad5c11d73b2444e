"""How a request proves which institution sends it. A scheme is a function in SCHEMES."""

import base64
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from engine.errors import ClaimError
from engine.storage.credentials import Credential, credential, first_seen
from engine.storage.database import Database

WINDOW_SECONDS = 300
MILLISECONDS = 1000
SIGNED = ("_api_access_key", "_api_name", "_api_timestamp", "_api_version")


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a request's headers claim.

    Attributes:
        access_key: whose key.
        timestamp_ms: when it was signed, in milliseconds of universal time.
        signature: the text that proves it.
    """

    access_key: str
    timestamp_ms: int
    signature: str


Scheme = tuple[Callable[[Mapping[str, str]], Claimed], Callable[[Mapping[str, str], str], str]]
"""What reads the headers, and what the signature over them should be under a secret."""


def verified(headers: Mapping[str, str], database: Database, now: int, scheme: str) -> str:
    """Return the institution that signed a request.

    Args:
        headers: names in small letters.
        database: holds the keys, and what was seen.
        now: seconds of universal time.
        scheme: one of SCHEMES.

    Raises:
        ClaimError: `not_signed`, `signature_expired`, `signature_wrong` or `request_replayed`.
            An unknown key and a wrong signature are told alike, and take as long.
    """
    read, expected = SCHEMES[scheme]
    claimed = read(headers)
    if abs(now * MILLISECONDS - claimed.timestamp_ms) > WINDOW_SECONDS * MILLISECONDS:
        raise ClaimError(
            "signature_expired",
            f"时间戳与本机相差超过 {WINDOW_SECONDS} 秒；请校准时钟后重新签名",
            f"the timestamp is more than {WINDOW_SECONDS} s off; set the clock and sign again",
        )
    found = credential(database, claimed.access_key)
    known = found if found is not None else Credential("", claimed.access_key, "-")
    right = hmac.compare_digest(
        expected(headers, known.secret).encode(), claimed.signature.encode()
    )
    if found is None or not right:
        raise ClaimError(
            "signature_wrong",
            "签名不符，或密钥不存在、已停用；请核对 access key 与密钥",
            "the signature does not match, or the key is unknown or revoked",
        )
    if not first_seen(database, claimed.access_key, claimed.signature, now, WINDOW_SECONDS):
        raise ClaimError(
            "request_replayed",
            "此签名已用过一次；每次请求须用新的时间戳签名，报文重发时报文号不变即可",
            "this signature was used before; sign each request anew, the msgid may stay",
        )
    return found.institution_id


def _read_gateway(headers: Mapping[str, str]) -> Claimed:
    missing = [name for name in (*SIGNED, "_api_signature") if not headers.get(name)]
    stamp = headers.get("_api_timestamp", "")
    if missing or not (stamp.isascii() and stamp.isdigit()):
        raise ClaimError(
            "not_signed",
            f"缺少网关签名头或时间戳不是毫秒数：{'、'.join(missing) or '_api_timestamp'}；"
            "若经 nginx 转发，请打开 underscores_in_headers",
            f"headers of the gateway signature are missing or malformed: "
            f"{', '.join(missing) or '_api_timestamp'}; behind nginx set underscores_in_headers on",
        )
    return Claimed(headers["_api_access_key"], int(stamp), headers["_api_signature"])


def _gateway_signature(headers: Mapping[str, str], secret: str) -> str:
    text = "&".join(f"{name}={headers[name]}" for name in sorted(SIGNED))
    # The scheme of the gateways that hospitals already speak; a key of 256 bits carries it.
    digest = hmac.new(secret.encode(), text.encode(), "sha1").digest()
    return base64.b64encode(digest).decode()


SCHEMES: Mapping[str, Scheme] = MappingProxyType(
    {"gateway-hmac-sha1": (_read_gateway, _gateway_signature)}
)
"""Signature schemes by name."""


def signed_headers(
    scheme: str, credential_: Credential, name: str, timestamp_ms: int
) -> dict[str, str]:
    """Return the headers that a client of the scheme sends; for tests and for our own role."""
    headers = {
        "_api_name": name,
        "_api_version": "1.0",
        "_api_timestamp": str(timestamp_ms),
        "_api_access_key": credential_.access_key,
    }
    return headers | {"_api_signature": SCHEMES[scheme][1](headers, credential_.secret)}
