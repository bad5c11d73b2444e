"""Schemes that sign in headers and leave the body as it is."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from functools import partial

from api.national.signed import Claimed, Received, Scheme, not_signed
from engine.storage.credentials import Credential
from engine.storage.national_crypto import sm3, sm3_mac

SECOND_MS = 1000
STAMP_DIGITS = 16

GATEWAY = ("_api_access_key", "_api_name", "_api_timestamp", "_api_version")
TOKEN = ("x-tif-paasid", "x-tif-timestamp", "x-tif-nonce")
MAC = ("x-ca-key", "x-ca-timestamp", "x-ca-nonce")
Expected = Callable[[Received, str], str]


def gateway_signature(request: Received, secret: str) -> str:
    """Return what a gateway's client sends: HMAC-SHA1 over the four headers in order of name."""
    text = "&".join(f"{name}={request.headers[name]}" for name in sorted(GATEWAY))
    # The scheme of the gateways that hospitals already speak; a key of 256 bits carries it.
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), "sha1")).decode()


def token_signature(request: Received, secret: str) -> str:
    """Return SHA-256 over time, token, nonce and time again."""
    stamp, nonce = request.headers["x-tif-timestamp"], request.headers["x-tif-nonce"]
    return hashlib.sha256(f"{stamp}{secret}{nonce}{stamp}".encode()).hexdigest()


def mac_signature(request: Received, secret: str) -> str:
    """Return the SM3 MAC over method, address, the three headers and the body's digest."""
    parts = (request.method, request.address, *(request.headers[name] for name in MAC))
    text = "\n".join((*parts, sm3(request.body).hex()))
    return base64.b64encode(sm3_mac(secret.encode(), text.encode())).decode()


def _scheme(names: tuple[str, ...], signature: str, expected: Expected, tick_ms: int) -> Scheme:
    return Scheme(
        fits=lambda request: names[0] in request.headers or signature in request.headers,
        read=partial(_read, names, signature, tick_ms),
        proves=partial(_proves, signature, expected),
        opens=lambda request, _credential: request.body,
        seals=lambda answer, _credential, _now_ms: answer,
    )


def _read(names: tuple[str, ...], signature: str, tick_ms: int, request: Received) -> Claimed:
    headers: Mapping[str, str] = request.headers
    stamp_name = next(name for name in names if name.endswith("timestamp"))
    missing = [name for name in (*names, signature) if not headers.get(name)]
    stamp = headers.get(stamp_name, "")
    if missing or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= STAMP_DIGITS):
        raise not_signed("、".join(missing) or stamp_name)
    key = next(name for name in names if "key" in name or "paasid" in name)
    return Claimed(headers[key], int(stamp) * tick_ms, headers[signature])


def _proves(signature: str, expected: Expected, request: Received, credential: Credential) -> bool:
    right = expected(request, credential.secret)
    return hmac.compare_digest(right.encode(), request.headers[signature].encode())


GATEWAY_SCHEME = _scheme(GATEWAY, "_api_signature", gateway_signature, 1)
TOKEN_SCHEME = _scheme(TOKEN, "x-tif-signature", token_signature, SECOND_MS)
MAC_SCHEME = _scheme(MAC, "x-ca-signature", mac_signature, 1)
