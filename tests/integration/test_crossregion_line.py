"""The HTTP line to another region: what it signs, what it makes of answers, what it waits for."""

import json
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from api.crossregion.client import Counterparty, HttpHome, read_homes
from engine.errors import ClaimError, StorageError
from engine.ledger.crossregion import Answered, Fate, Inquiry
from tests.crossregion_world import ask

SECRET = "s" * 32


@pytest.fixture
def answers() -> Iterator[tuple[HttpHome, list[tuple[int, bytes]]]]:
    """A region that answers what a test puts down, in turn."""
    prepared: list[tuple[int, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            status, body = prepared.pop(0)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_told: object) -> None:
            """Print nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield HttpHome(at(server.server_address[1])), prepared
    server.shutdown()
    server.server_close()


def at(port: int, timeout_seconds: float = 100) -> Counterparty:
    return Counterparty(
        url=f"http://127.0.0.1:{port}",
        access_key="key",
        secret=SECRET,
        timeout_seconds=timeout_seconds,
    )


def problem(code: str) -> bytes:
    return json.dumps({"code": code, "detail": "原因 | reason"}).encode()


def test_an_answer_is_read_as_it_was_written(
    answers: tuple[HttpHome, list[tuple[int, bytes]]],
) -> None:
    home, prepared = answers
    told = Answered(claim_id="c1", fate=Fate.ABSENT)
    prepared.append((200, told.model_dump_json().encode()))
    assert home.inquire(Inquiry(claim_id="c1")) == told


@pytest.mark.parametrize(("status", "code"), [(404, "no_policy"), (422, "no_terms")])
def test_a_refusal_keeps_its_code(
    answers: tuple[HttpHome, list[tuple[int, bytes]]], status: int, code: str
) -> None:
    home, prepared = answers
    prepared.append((status, problem(code)))
    with pytest.raises(ClaimError, match="reason") as refused:
        home.settle(ask(1))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, problem("signature_wrong")),
        (403, problem("not_a_region")),
        (429, problem("too_many_requests")),
        (500, problem("internal")),
        (503, b""),
        (422, b"<html>"),
        (302, b""),
    ],
)
def test_no_other_answer_says_that_nothing_was_done(
    answers: tuple[HttpHome, list[tuple[int, bytes]]], status: int, body: bytes
) -> None:
    home, prepared = answers
    prepared.append((status, body))
    with pytest.raises(StorageError, match="outcome_unknown"):
        home.settle(ask(1))


@pytest.mark.parametrize("body", [b"", b"{}", b'{"claim_id": "c1", "fate": "paid"}', b"\xff"])
def test_an_answer_of_another_form_pays_nothing(
    answers: tuple[HttpHome, list[tuple[int, bytes]]], body: bytes
) -> None:
    home, prepared = answers
    prepared.append((200, body))
    with pytest.raises(StorageError, match="answer_unreadable"):
        home.settle(ask(1))


def test_a_region_that_never_answers_leaves_the_outcome_unknown() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        home = HttpHome(at(silent.getsockname()[1], timeout_seconds=0.2))
        with pytest.raises(StorageError, match="outcome_unknown"):
            home.settle(ask(1))


def test_the_file_of_counterparties_is_read_strictly(tmp_path: Path) -> None:
    file = tmp_path / "counterparties.yaml"
    told = {"url": "https://home.example", "access_key": "k", "secret": SECRET}
    file.write_text(json.dumps({"460000": told}), "utf-8")
    [(region, home)] = read_homes(file).items()
    assert (region, home.at.url) == ("460000", told["url"])
    assert SECRET not in repr(home)
    for wrong in (
        {"460000": told | {"more": 1}},
        {"460000": told | {"secret": "short"}},
        {"460000": told | {"url": "ftp://home.example"}},
        {"460000": "x"},
        ["x"],
    ):
        file.write_text(json.dumps(wrong), "utf-8")
        with pytest.raises(StorageError, match="counterparties_format"):
            read_homes(file)
    assert read_homes(None) == {}
