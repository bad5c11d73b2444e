"""The envelope that is encrypted by SM4 and signed by SM2, in and out."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from api.national.signed import Claimed, Received, Scheme, not_signed
from engine.storage.credentials import Credential
from engine.storage.national_crypto import (
    sm2_sign,
    sm2_verify,
    sm3,
    sm4_decrypt,
    sm4_encrypt,
)

VERSION = "2.0.1"
CONTENT = "data"
NOT_SIGNED = frozenset({"signData", "encData", "extra", CONTENT})
FIELDS = ("appId", "encData", "encType", "signData", "signType", "timestamp", "version")
HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+", re.ASCII)
KEY_CHARACTERS = 16
STAMP_DIGITS = 16


def content_key(app_id: str, secret: str) -> bytes:
    """Return the SM4 key of an application: the head of its secret under the head of its id."""
    outer = app_id[:KEY_CHARACTERS].ljust(KEY_CHARACTERS, "0").encode()
    return sm4_encrypt(outer, secret.encode()).hex().upper()[:KEY_CHARACTERS].encode()


def signed_text(told: Mapping[str, Any], content: bytes, secret: str) -> bytes:
    """Return what is signed: all fields in the order of their names, the content, the secret."""
    fields = {name: str(value) for name, value in told.items() if name not in NOT_SIGNED}
    pairs = fields | {CONTENT: content.decode("utf-8", "surrogateescape")}
    text = "&".join(f"{name}={pairs[name]}" for name in sorted(pairs))
    return f"{text}&key={secret}".encode("utf-8", "surrogateescape")


def sealed(content: bytes, credential: Credential, now_ms: int, pair: tuple[str, str]) -> bytes:
    """Return content as an envelope, signed by a key pair; clients and service seal alike."""
    told = {
        "appId": credential.access_key,
        "encType": "SM4",
        "signType": "SM2",
        "timestamp": str(now_ms),
        "version": VERSION,
    }
    signature = sm2_sign(*pair, signed_text(told, content, credential.secret))
    key = content_key(credential.access_key, credential.secret)
    return json.dumps(
        told
        | {
            "signData": base64.b64encode(signature).decode(),
            "encData": sm4_encrypt(key, content).hex().upper(),
        }
    ).encode()


def _fits(request: Received) -> bool:
    return b'"encData"' in request.body


def _fields(request: Received) -> dict[str, str]:
    try:
        told = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise not_signed("encData") from error
    found = told if isinstance(told, dict) else {}
    wrong = [name for name in FIELDS if not isinstance(found.get(name), str) or not found[name]]
    stamp = found.get("timestamp")
    if wrong or not (isinstance(stamp, str) and _is_stamp(stamp)):
        raise not_signed("、".join(wrong) or "timestamp")
    kinds = found["encType"], found["signType"]
    if kinds != ("SM4", "SM2") or not HEX.fullmatch(found["encData"]):
        raise not_signed("encType、signType、encData")
    return found


def _is_stamp(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= STAMP_DIGITS


def _read(request: Received) -> Claimed:
    told = _fields(request)
    # A signature may be written in several ways, and not all fields are signed: what tells one
    # signing from another is what it covers.
    covered = "&".join((told["appId"], told["timestamp"], told["encData"].upper()))
    return Claimed(told["appId"], int(told["timestamp"]), sm3(covered.encode()).hex())


def _proves(request: Received, credential: Credential) -> bool:
    told = _fields(request)
    try:
        content = _opens(request, credential)
        signature = base64.b64decode(told["signData"], validate=True)
    except (ValueError, binascii.Error):
        return False
    text = signed_text(told, content, credential.secret)
    return sm2_verify(credential.public_key, text, signature)


def _opens(request: Received, credential: Credential) -> bytes:
    key = content_key(credential.access_key, credential.secret)
    return sm4_decrypt(key, bytes.fromhex(_fields(request)["encData"]))


def _seals(answer: bytes, credential: Credential, now_ms: int) -> bytes:
    pair = credential.platform_public_key, credential.platform_private_key
    return sealed(answer, credential, now_ms, pair)


SEALED_SCHEME = Scheme(_fits, _read, _proves, _opens, _seals)
