"""Two processes of the service as two regions, and between them a line that a test can cut."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx

from engine.policy.book import SHIPPED
from engine.storage.credentials import SignatureScheme, Terms, issue
from engine.storage.lake import Lake
from pipelines.steps.reference import read_reference
from tests.hospital_program import Hospital, Message
from tests.integration.night_world import (
    ADULT,
    NIGHT,
    RESIDENT,
    ROOT,
    Record,
    a_person,
    write,
    write_reference,
)

CARE, HOME = "610100", "460000"
START_SECONDS = 300
ANSWER_SECONDS = 110
DROP_REQUEST, DROP_ANSWER, TWICE = "drop request", "drop answer", "twice"


class Visitor(Hospital):
    """A hospital of Xi'an whose patients Hainan insures."""

    def message(self, number: str, blocks: Message, **changed: Any) -> Message:
        return super().message(number, blocks, **{"insuplc_admdvs": HOME, **changed})

    def told(self, message: Message) -> Message:
        """Send a message and return the whole answer."""
        answer: Message = json.loads(self.send(message))
        return answer


@dataclass
class Region:
    """A region's server process; its lake, database and policies are its own."""

    lake: Path
    policies: Path
    port: int
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = ["serve", "--port", str(self.port), "--lake", str(self.lake)]
        command += ["--policies", str(self.policies)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from pipelines.cli import main; main()", *command],
            cwd=ROOT,
            env=os.environ | {"NUMBA_DISABLE_JIT": "1"} | self.environment,
        )
        until = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self.process.poll() is None, "the server ended"
            assert time.monotonic() < until, "the server does not start"
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """End the server at once, whatever it is doing."""
        process, self.process = self.process, None  # The wire kills while the test starts anew.
        if process is not None:
            process.send_signal(signal.SIGKILL)
            process.wait()


class Wire:
    """A line to a port that loses what it is told to lose, request by request."""

    def __init__(self, port: int) -> None:
        self.faults: list[str | Callable[[], None]] = []
        wire = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                fault = wire.faults.pop(0) if wire.faults else None
                if fault != DROP_REQUEST:
                    answers = [wire.sent(port, self, body) for _ in range(1 + (fault == TWICE))]
                    if callable(fault):
                        fault()
                    if fault in {None, TWICE}:
                        wire.answer(self, answers[0])
                self.close_connection = True

            def log_message(self, *_told: Any) -> None:
                """Print nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        Thread(target=self._server.serve_forever, daemon=True).start()

    @staticmethod
    def sent(port: int, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, bytes] | None:
        """Pass a request on and return status and body; None where nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
        try:
            connection.request("POST", request.path, body, dict(request.headers.items()))
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            return None
        finally:
            connection.close()

    @staticmethod
    def answer(request: BaseHTTPRequestHandler, answer: tuple[int, bytes] | None) -> None:
        """Pass an answer back."""
        if answer is None:
            return
        status, body = answer
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Pair:
    """Xi'an gives care, Hainan insures."""

    care: Region
    home: Region
    wire: Wire
    hospital: Visitor


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def a_lake(folder: Path, **reference: list[Record]) -> Path:
    """Return a lake that has read its reference data and knows nothing else."""
    given = write_reference(folder / "reference", **reference)
    lake = folder / "lake"
    (lake / "reference_read").mkdir(parents=True)
    read_reference(given, lake / "reference_read", NIGHT)
    return lake


def _home_lake(folder: Path) -> Path:
    persons = [
        a_person(f"P{number}", number, region=HOME, insurance=RESIDENT, person_type=ADULT)
        for number in range(1, 9)
    ]
    hospital = {
        "institution_id": "HN1",
        "name": "海南一院",
        "region": HOME,
        "hospital_level": "02",
        "price_level": "3",
        "deductible_level": "L3",
        "kind": "hospital",
    }
    (folder / "reference").mkdir(parents=True)
    filed = {
        "person_id": "P2",
        "region": HOME,
        "insurance": RESIDENT,
        "filing": "transfer",
        "care_region": "610000",
        "institution_id": "",
        "valid_from": "2024-01-01",
        "valid_to": "",
    }
    write(folder / "reference" / "filings.csv", [filed], filed)
    return a_lake(folder, persons=persons, institutions=[hospital])


@contextmanager
def two_regions(folder: Path) -> Iterator[Pair]:
    """Yield two running regions; of Hainan's persons P1 to P8 only P2 has filed for Shaanxi."""
    home = Region(_home_lake(folder / "home"), SHIPPED / "460000-hainan", free_port())
    care = Region(a_lake(folder / "care"), SHIPPED / "610100-xian", free_port())
    wire = Wire(home.port)
    given = issue(
        Lake(home.lake).database,
        f"region-{CARE}",
        int(time.time()),
        "operator",
        Terms(SignatureScheme.SM3_MAC),
    )
    told = {
        "url": f"http://127.0.0.1:{wire.port}",
        "access_key": given.access_key,
        "secret": given.secret,
        "timeout_seconds": ANSWER_SECONDS,
    }
    file = folder / "counterparties.yaml"
    file.write_text(json.dumps({HOME: told}), encoding="utf-8")
    care.environment["JIESUAN_COUNTERPARTIES"] = str(file)
    key = issue(Lake(care.lake).database, "H3", int(time.time()), "operator")
    client = httpx.Client(base_url=f"http://127.0.0.1:{care.port}", timeout=2 * ANSWER_SECONDS)
    try:
        home.start()
        care.start()
        yield Pair(care, home, wire, Visitor(client, key))  # type: ignore[arg-type]
    finally:
        client.close()
        for region in (care, home):
            region.kill()
        wire.close()
