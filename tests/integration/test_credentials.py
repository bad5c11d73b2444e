"""Keys of institutions, and who a signed request is taken to be from."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from api.national.signatures import WINDOW_SECONDS, signed_headers, verified
from api.national.signed import Received
from engine.errors import ClaimError, StorageError
from engine.storage.credentials import (
    Credential,
    SignatureScheme,
    Terms,
    credential,
    issue,
    live_keys,
    revoke,
)
from engine.storage.database import Database
from engine.storage.lake import Lake
from engine.storage.national_crypto import sm2_pair
from tests.integration.night_world import command

NOW = 1_700_000_000


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "ledger.db")


@pytest.fixture
def held(database: Database) -> Credential:
    return issue(database, "H1", NOW, "operator")


def headers(held: Credential, at: int = NOW) -> dict[str, str]:
    return signed_headers(held, "callService", at * 1000)


def whose(database: Database, given: Mapping[str, str], now: int = NOW) -> str:
    return verified(Received("POST", "/", given, b""), database, now, lambda _: None).sender


def refused(database: Database, given: Mapping[str, str], now: int = NOW) -> str:
    with pytest.raises(ClaimError) as told:
        whose(database, given, now)
    return told.value.code


def test_a_signed_request_is_of_the_institution_whose_key_signs(
    database: Database, held: Credential
) -> None:
    assert whose(database, headers(held)) == "H1"


def test_the_signature_is_the_one_that_hospitals_clients_make() -> None:
    # HMAC-SHA1 over the four sorted headers, by `openssl dgst -sha1 -hmac key -binary | base64`.
    given = signed_headers(Credential("H1", "ak", "key"), "api", 1_700_000_000_000)
    assert given["_api_signature"] == "aERgRkjd2odm4r0zZXijcSzAux8="


def test_one_signature_serves_once(database: Database, held: Credential) -> None:
    assert whose(database, headers(held)) == "H1"
    assert refused(database, headers(held)) == "request_replayed"
    assert whose(database, headers(held, NOW + 1), NOW + 1) == "H1"


@pytest.mark.parametrize("off", [-WINDOW_SECONDS - 1, WINDOW_SECONDS + 1])
def test_a_stale_timestamp_is_refused(database: Database, held: Credential, off: int) -> None:
    assert refused(database, headers(held, NOW + off)) == "signature_expired"


@pytest.mark.parametrize("name", ["_api_name", "_api_version", "_api_timestamp"])
def test_a_header_that_was_changed_is_refused(
    database: Database, held: Credential, name: str
) -> None:
    given = headers(held)
    given[name] = str(NOW * 1000 + 1)
    assert refused(database, given) == "signature_wrong"


def test_an_unknown_key_a_wrong_secret_and_a_revoked_key_are_told_alike(
    database: Database, held: Credential
) -> None:
    wrong, unknown = replace(held, secret=held.secret[:-1]), replace(held, access_key="unknown")
    assert refused(database, headers(wrong)) == "signature_wrong"
    assert refused(database, headers(unknown)) == "signature_wrong"
    revoke(database, held.access_key, NOW, "operator")
    assert refused(database, headers(held)) == "signature_wrong"


@pytest.mark.parametrize("missing", ["_api_signature", "_api_timestamp"])
def test_an_unsigned_request_is_refused(database: Database, held: Credential, missing: str) -> None:
    given = headers(held)
    del given[missing]
    assert refused(database, given) == "not_signed"


def test_two_keys_serve_while_they_are_rotated_and_no_third(
    database: Database, held: Credential
) -> None:
    second = issue(database, "H1", NOW + 1, "operator")
    assert live_keys(database, "H1") == [held.access_key, second.access_key]
    with pytest.raises(StorageError, match="keys_in_use"):
        issue(database, "H1", NOW + 2, "operator")
    assert revoke(database, held.access_key, NOW + 3, "operator") == "H1"
    assert issue(database, "H1", NOW + 4, "operator").access_key in live_keys(database, "H1")


def test_a_key_is_revoked_once(database: Database, held: Credential) -> None:
    revoke(database, held.access_key, NOW, "operator")
    with pytest.raises(StorageError, match="no_such_key"):
        revoke(database, held.access_key, NOW, "operator")


def test_no_secret_is_shown_by_repr(held: Credential) -> None:
    assert held.secret not in repr(held)


def test_the_command_prints_the_three_and_the_secret_nowhere_again(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    told = command("institution", "add", "H43010000001", "--lake", lake, "--json")
    answer = json.loads(told.stdout)
    assert list(answer) == ["institution", "access_key", "secret"]
    assert answer["institution"] == "H43010000001"
    listed = command("institution", "keys", "H43010000001", "--lake", lake)
    assert listed.stdout.split() == [answer["access_key"]]
    assert answer["secret"] not in listed.stdout + listed.stderr


def test_the_command_issues_a_key_of_the_scheme_that_is_asked_for(tmp_path: Path) -> None:
    lake, (public, _) = tmp_path / "lake", sm2_pair()
    asked = ("--scheme", "sm2-sm4-envelope", "--public-key", public, "--lake", lake, "--json")
    answer = json.loads(command("institution", "add", "H1", *asked).stdout)
    database = Lake(lake).database
    found = credential(database, answer["access_key"])
    assert found is not None
    assert (found.scheme, found.public_key) == (SignatureScheme.SM_ENVELOPE, public)
    assert found.platform_public_key == answer["platform_public_key"]


def test_an_envelope_s_key_needs_the_institution_s_public_key(database: Database) -> None:
    with pytest.raises(StorageError, match="bad_public_key"):
        issue(database, "H1", NOW, "operator", Terms(SignatureScheme.SM_ENVELOPE))
