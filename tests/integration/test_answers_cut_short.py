"""Answers of a serving process that arrive in part: the same bytes come again, and one payment."""

import http.client
import json
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.national.signatures import signed_headers
from engine.storage import ledger_tables as t
from engine.storage.credentials import Credential, issue
from engine.storage.lake import Lake
from tests.rest_hospital import POLICY, visit
from tests.stamps import next_stamp
from tests.two_regions import Region, free_port

PAID_FEN = 18_232_00  # (22,000.00 - 800.00) x 86 %
RESET = struct.pack("ii", 1, 0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    folder = tmp_path_factory.mktemp("cut")
    policies = folder / "policies"
    policies.mkdir()
    text = POLICY.read_text("utf-8")
    text = text.replace("source: worked-by-hand", "source: {title: worked by hand}")
    (policies / "employee.yaml").write_text(text, "utf-8")
    region = Region(folder / "lake", policies, free_port())
    region.start()
    yield region
    region.kill()


@pytest.fixture(scope="module")
def key(server: Region) -> Credential:
    return issue(Lake(server.lake).database, "H1", int(time.time()), "operator")


def sent(server: Region, key: Credential, person: str) -> http.client.HTTPConnection:
    """Send the bill of a person's stay, always the same message, and read nothing yet."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=110)
    body = json.dumps(visit(f"V{person}", person_id=person)).encode()
    headers = signed_headers(key, "settle", next_stamp()) | {
        "Idempotency-Key": f"M{person}",
        "Content-Type": "application/json",
    }
    connection.request("POST", "/v1/settlements", body, headers)
    return connection


def cut_short(connection: http.client.HTTPConnection, count: int) -> bytes:
    """Read some bytes of what comes, and break the line; return the part of the body in them."""
    line = connection.sock
    found = b""
    while len(found) < count:
        found += line.recv(count - len(found))
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    line.close()
    return found.partition(b"\r\n\r\n")[2]


def whole(server: Region, key: Credential, person: str) -> bytes:
    connection = sent(server, key, person)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status == 200, body
    return body


def paid(lake: Path, person: str) -> list[int]:
    c = t.SETTLEMENTS.c
    query = sa.select(c.pool_paid_fen).where(c.person_id == person)
    with Lake(lake).database.reading() as connection:
        return list(connection.scalars(query))


def test_an_answer_cut_anywhere_is_the_same_when_it_is_asked_for_again(
    server: Region, key: Credential
) -> None:
    first = sent(server, key, "P1")
    answer = first.getresponse()
    heads = sum(len(name) + len(text) + 4 for name, text in answer.getheaders())
    body = answer.read()
    first.close()
    for count in (1, heads, heads + len(body) // 3, heads + len(body) - 1):
        part = cut_short(sent(server, key, "P1"), count)
        assert body.startswith(part)
    assert whole(server, key, "P1") == body
    assert paid(server.lake, "P1") == [PAID_FEN]


def test_a_first_answer_cut_in_its_body_settled_once(server: Region, key: Credential) -> None:
    part = cut_short(sent(server, key, "P2"), 600)
    assert part
    body = whole(server, key, "P2")
    assert body.startswith(part)
    assert len(body) > len(part)
    assert paid(server.lake, "P2") == [PAID_FEN]


def test_a_server_killed_while_it_answers_answers_the_same_when_it_is_back(
    server: Region, key: Credential
) -> None:
    connection = sent(server, key, "P3")
    begun = connection.sock.recv(1)
    server.kill()
    connection.close()
    assert begun == b"H"
    assert paid(server.lake, "P3") == [PAID_FEN]
    server.start()
    assert json.loads(whole(server, key, "P3"))["settlements"][0]["pool_paid_fen"] == PAID_FEN
    assert whole(server, key, "P3") == whole(server, key, "P3")
    assert paid(server.lake, "P3") == [PAID_FEN]
