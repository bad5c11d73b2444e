"""Every way to sign: published vectors, the very text that is signed, and what was tampered."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gmssl_pyx
import pytest

from api.national.sealed_scheme import content_key, sealed
from api.national.signatures import Opened, verified
from api.national.signed import Received
from engine.errors import ClaimError, StorageError
from engine.storage.credentials import (
    Credential,
    SignatureScheme,
    Terms,
    issue,
    revoke,
)
from engine.storage.database import Database
from engine.storage.national_crypto import (
    sm2_pair,
    sm2_public_key,
    sm2_sign,
    sm2_verify,
    sm3,
    sm3_mac,
    sm4_decrypt,
    sm4_encrypt,
)

NOW = 1_700_000_000
BODY = '{"infno":"9001","说明":"签到"}'.encode()
PAIR = sm2_pair()
Sign = Callable[[Credential, int, bytes], Received]

# GB/T 32918.5-2017, annex A: the key, the message and its signature.
PUBLIC = (
    "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
SIGNATURE = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)


def test_sm3_digests_the_standard_s_examples() -> None:
    # GB/T 32905-2016, annex A.
    assert sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    long = "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"
    assert sm3(b"abcd" * 16).hex() == long


def test_sm4_encrypts_the_standard_s_example() -> None:
    # GB/T 32907-2016, annex A: one block under itself as the key.
    block = bytes.fromhex("0123456789abcdeffedcba9876543210")
    encrypted = sm4_encrypt(block, block)
    assert encrypted[:16].hex() == "681edf34d206965e86b3e94f536e4246"
    assert sm4_decrypt(block, encrypted) == block


def test_sm2_verifies_the_standard_s_example_in_both_encodings() -> None:
    public = sm2_public_key(PUBLIC)
    # Both numbers begin with a bit that is set, so each takes 33 bytes in DER.
    der = b"\x30\x46\x02\x21\x00" + SIGNATURE[:32] + b"\x02\x21\x00" + SIGNATURE[32:]
    assert sm2_verify(public, b"message digest", SIGNATURE)
    assert sm2_verify(public, b"message digest", der)
    assert not sm2_verify(public, b"message digesT", SIGNATURE)


@pytest.mark.parametrize("wrong", [b"", b"x", bytes(64), SIGNATURE[:63], SIGNATURE[::-1]])
def test_sm2_takes_no_other_signature(wrong: bytes) -> None:
    assert not sm2_verify(sm2_public_key(PUBLIC), b"message digest", wrong)


def test_a_point_off_the_curve_is_no_public_key() -> None:
    with pytest.raises(StorageError, match="bad_public_key"):
        sm2_public_key("04" + "11" * 64)


def test_our_sm3_mac_is_that_of_another_implementation() -> None:
    for size in (1, 64, 65, 200):
        assert sm3_mac(b"k" * size, BODY) == gmssl_pyx.sm3_hmac(b"k" * size, BODY)


def by_token(held: Credential, at: int, body: bytes) -> Received:
    text = f"{at}{held.secret}n1{at}".encode()
    headers = {
        "x-tif-paasid": held.access_key,
        "x-tif-timestamp": str(at),
        "x-tif-nonce": "n1",
        "x-tif-signature": hashlib.sha256(text).hexdigest(),
    }
    return Received("POST", "/a?b=1", headers, body)


def by_mac(held: Credential, at: int, body: bytes) -> Received:
    stamp = str(at * 1000)
    digest = gmssl_pyx.sm3_hash(body).hex()
    text = "\n".join(("POST", "/a?b=1", held.access_key, stamp, "n1", digest))
    mac = gmssl_pyx.sm3_hmac(held.secret.encode(), text.encode())
    headers = {
        "x-ca-key": held.access_key,
        "x-ca-timestamp": stamp,
        "x-ca-nonce": "n1",
        "x-ca-signature": base64.b64encode(mac).decode(),
    }
    return Received("POST", "/a?b=1", headers, body)


def by_envelope(held: Credential, at: int, body: bytes) -> Received:
    return Received("POST", "/a?b=1", {}, sealed(body, held, at * 1000, PAIR))


WAYS: dict[SignatureScheme, Sign] = {
    SignatureScheme.TOKEN: by_token,
    SignatureScheme.SM3_MAC: by_mac,
    SignatureScheme.SM_ENVELOPE: by_envelope,
}
EVERY_WAY = pytest.mark.parametrize("way", list(WAYS))


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "ledger.db")


def held(database: Database, way: SignatureScheme) -> Credential:
    return issue(database, "H1", NOW, "operator", Terms(way, PAIR[0]))


def opened(database: Database, request: Received, now: int = NOW) -> Opened:
    return verified(request, database, now, lambda _: None)


def refused(database: Database, request: Received, now: int = NOW) -> str:
    with pytest.raises(ClaimError) as told:
        opened(database, request, now)
    return told.value.code


@EVERY_WAY
def test_a_request_is_opened_once_by_the_key_s_own_scheme(
    database: Database, way: SignatureScheme
) -> None:
    key = held(database, way)
    told = opened(database, WAYS[way](key, NOW, BODY))
    assert (told.sender, told.body) == ("H1", BODY)
    assert refused(database, WAYS[way](key, NOW, BODY)) == "request_replayed"
    assert opened(database, WAYS[way](key, NOW + 1, BODY)).sender == "H1"


@EVERY_WAY
def test_a_stale_request_and_another_secret_are_refused(
    database: Database, way: SignatureScheme
) -> None:
    key = held(database, way)
    assert refused(database, WAYS[way](key, NOW - 301, BODY)) == "signature_expired"
    assert (
        refused(database, WAYS[way](replace(key, secret=SIGNATURE.hex()), NOW, BODY))
        == "signature_wrong"
    )
    unknown = WAYS[way](replace(key, access_key="f" * 24), NOW, BODY)
    assert refused(database, unknown) == "signature_wrong"
    revoke(database, key.access_key, NOW, "operator")
    assert refused(database, WAYS[way](key, NOW, BODY)) == "signature_wrong"


@pytest.mark.parametrize("theirs", list(WAYS))
@EVERY_WAY
def test_a_key_signs_by_its_own_scheme_alone(
    database: Database, way: SignatureScheme, theirs: SignatureScheme
) -> None:
    request = WAYS[way](held(database, theirs), NOW, BODY)
    if way is theirs:
        assert opened(database, request).sender == "H1"
    else:
        assert refused(database, request) == "signature_wrong"


@pytest.mark.parametrize(
    "changed",
    [{"method": "PUT"}, {"address": "/a?b=2"}, {"address": "/a"}, {"body": BODY + b" "}],
)
def test_the_sm3_mac_covers_method_address_and_body(
    database: Database, changed: dict[str, Any]
) -> None:
    request = by_mac(held(database, SignatureScheme.SM3_MAC), NOW, BODY)
    assert refused(database, replace(request, **changed)) == "signature_wrong"


@pytest.mark.parametrize("way", [SignatureScheme.TOKEN, SignatureScheme.SM3_MAC])
def test_every_header_that_is_signed_counts(database: Database, way: SignatureScheme) -> None:
    request = WAYS[way](held(database, way), NOW, BODY)
    for name, value in request.headers.items():
        if name.endswith("timestamp"):
            continue
        other = replace(request, headers={**request.headers, name: value[:-1] + "~"})
        assert refused(database, other) == "signature_wrong"
        without = {key: kept for key, kept in request.headers.items() if key != name}
        assert refused(database, replace(request, headers=without)) == "not_signed"


def envelope_of(request: Received) -> dict[str, str]:
    told: dict[str, str] = json.loads(request.body)
    return told


def with_fields(request: Received, **changed: str) -> Received:
    return replace(request, body=json.dumps(envelope_of(request) | changed).encode())


def test_an_envelope_that_was_tampered_with_is_refused(database: Database) -> None:
    request = by_envelope(held(database, SignatureScheme.SM_ENVELOPE), NOW, BODY)
    content = envelope_of(request)["encData"]
    flipped = ("0" if content[0] != "0" else "1") + content[1:]
    for changed in ({"encData": flipped}, {"version": "1"}, {"timestamp": f"{NOW}001"}):
        assert refused(database, with_fields(request, **changed)) == "signature_wrong"
    assert refused(database, with_fields(request, more="1")) == "signature_wrong"
    for changed in ({"encData": "zz"}, {"encType": "AES"}, {"signType": ""}, {"timestamp": "now"}):
        assert refused(database, with_fields(request, **changed)) == "not_signed"


def test_an_envelope_written_otherwise_is_still_the_same_once(database: Database) -> None:
    request = by_envelope(held(database, SignatureScheme.SM_ENVELOPE), NOW, BODY)
    assert opened(database, request).body == BODY
    told = envelope_of(request)
    der = base64.b64decode(told["signData"])
    again = base64.b64encode(der).decode()
    for changed in ({"encData": told["encData"].lower()}, {"extra": "1"}, {"signData": again}):
        assert refused(database, with_fields(request, **changed)) == "request_replayed"


def test_our_answer_is_sealed_by_a_pair_of_its_own(database: Database) -> None:
    key = held(database, SignatureScheme.SM_ENVELOPE)
    answer = opened(database, by_envelope(key, NOW, BODY)).seal(b'{"infcode":"0"}')
    told = json.loads(answer)
    content = sm4_decrypt(content_key(key.access_key, key.secret), bytes.fromhex(told["encData"]))
    assert content == b'{"infcode":"0"}'
    text = (
        f"appId={key.access_key}&data={content.decode()}&encType=SM4&signType=SM2"
        f"&timestamp={NOW}000&version=2.0.1&key={key.secret}"
    )
    signature = base64.b64decode(told["signData"])
    assert sm2_verify(key.platform_public_key, text.encode(), signature)
    assert not sm2_verify(PAIR[0], text.encode(), signature)


def test_what_carries_no_signature_is_refused(database: Database) -> None:
    assert refused(database, Received("POST", "/", {}, BODY)) == "not_signed"
    assert refused(database, Received("POST", "/", {}, b'{"encData": [')) == "not_signed"


def test_two_signatures_of_one_text_differ_and_both_hold() -> None:
    made = [sm2_sign(*PAIR, BODY) for _ in range(2)]
    assert made[0] != made[1]
    assert all(sm2_verify(PAIR[0], BODY, one) for one in made)
