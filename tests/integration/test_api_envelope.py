import json
from typing import Any

import pytest

from api.access_log import HEADER
from api.dependencies import latest_night
from engine.errors import StorageError
from tests.http_client import TestClient, client_of, night_summary, service

IDENTITY_NO = "999999199003070015"
EVERY_ADDRESS = [
    ("GET", "/"),
    ("GET", "/?lang=en"),
    ("GET", "/?lang=fr"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/healthz"),
    ("GET", "/v1/nights/latest"),
    ("GET", "/static/console.css"),
    ("GET", "/static/none.css"),
    ("GET", "/nowhere"),
    ("DELETE", "/healthz"),
    ("POST", "/v1/settlements:preview"),
]


@pytest.fixture
def client() -> TestClient:
    return client_of(service(night_summary()))


def logged(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(("method", "address"), EVERY_ADDRESS)
def test_every_answer_carries_the_security_headers(
    client: TestClient, method: str, address: str
) -> None:
    headers = client.request(method, address).headers
    assert headers["content-security-policy"].startswith("default-src 'self';")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] in {"no-store", "no-cache"}
    assert len(headers[HEADER]) == 32


def service_failing_with(error: Exception) -> TestClient:
    def fail() -> None:
        raise error

    app = service()
    app.dependency_overrides[latest_night] = fail
    return client_of(app)


def test_an_unexpected_failure_carries_the_headers_too() -> None:
    answer = service_failing_with(RuntimeError("planted")).get("/v1/nights/latest")
    assert answer.status_code == 500
    assert answer.json()["instance"] == f"urn:jiesuan:request:{answer.headers[HEADER]}"
    assert answer.headers["content-security-policy"].startswith("default-src 'self';")


def test_a_request_id_is_taken_over(client: TestClient) -> None:
    answer = client.get("/healthz", headers={HEADER: "gateway-7.42"})
    assert answer.headers[HEADER] == "gateway-7.42"


@pytest.mark.parametrize("name", ["", "x" * 65, "a b", "a\tb", IDENTITY_NO, "13800138000"])
def test_a_request_id_that_is_odd_or_a_person_s_number_is_replaced(
    client: TestClient, name: str
) -> None:
    assert client.get("/healthz", headers={HEADER: name}).headers[HEADER] != name


def test_the_access_log_is_json_with_the_route_and_the_request_id(
    capsys: pytest.CaptureFixture[str],
) -> None:
    client_of(service()).get("/healthz", headers={HEADER: "one"})
    (line,) = logged(capsys.readouterr().err)
    assert line.pop("duration_ms") >= 0
    line.pop("timestamp")
    assert line == {
        "event": "request",
        "level": "info",
        "request_id": "one",
        "method": "GET",
        "route": "/healthz",
        "status": 200,
    }


def test_the_log_holds_nothing_of_address_query_or_body(
    capsys: pytest.CaptureFixture[str],
) -> None:
    client = client_of(service())
    client.get(f"/v1/persons/{IDENTITY_NO}?name={IDENTITY_NO}", headers={HEADER: IDENTITY_NO})
    client.post("/v1/settlements:preview", json={"certificate": IDENTITY_NO})
    text = capsys.readouterr().err
    assert len(logged(text)) == 2
    assert IDENTITY_NO not in text


def test_a_failure_is_told_to_the_log_and_not_to_the_caller(
    capsys: pytest.CaptureFixture[str],
) -> None:
    client = service_failing_with(StorageError("locked", "湖被占用", "the lake is locked"))
    answer = client.get("/", headers={HEADER: "two"})
    assert (answer.status_code, answer.json()["code"]) == (503, "locked")
    failure, request = logged(capsys.readouterr().err)
    assert failure["request_id"] == request["request_id"] == "two"
    assert failure["code"] == "locked"
    assert "the lake is locked" in failure["reason"]
    assert "the lake is locked" not in answer.text
