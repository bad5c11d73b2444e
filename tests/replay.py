"""Replays recorded conversations of the national form against a real server process.

    python -m tests.replay tests/conversations/stay.yaml

Every message that changes something is sent twice more: as it is, to be answered by the same
bytes, and with another body, to be refused.
"""

import base64
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import yaml

from api.national.signatures import signed_headers
from api.national.transactions import CHANGES
from engine.storage.clock import local_seconds
from engine.storage.credentials import Credential, issue
from engine.storage.lake import Lake
from engine.storage.messages import EPOCH
from tests.hospital_program import SERVICE
from tests.integration.night_world import INSTITUTIONS, joined_stays
from tests.stamps import next_stamp
from tests.two_regions import DROP_ANSWER, DROP_REQUEST, Region, Wire, a_lake, free_port

FOLDER = Path(__file__).parent / "conversations"
ANY = "${any}"
SHOP = INSTITUTIONS[0] | {"institution_id": "Y1", "name": "药店", "kind": "pharmacy"}
LOST = {"answer": DROP_ANSWER, "request": DROP_REQUEST}
Step = dict[str, Any]


@dataclass
class Line:
    """The line to the server, and the keys by which institutions sign on it."""

    wire: Wire
    keys: dict[str, Credential]

    def send(self, institution: str, body: bytes) -> bytes | None:
        """Send bytes, signed anew, and return those that answer; None where the line lost them."""
        headers = signed_headers(self.keys[institution], "callService", next_stamp())
        url = f"http://127.0.0.1:{self.wire.port}{SERVICE}"
        headers |= {"Content-Type": "text/plain"}
        try:
            return httpx.post(url, content=body, headers=headers, timeout=300).content
        except httpx.TransportError:
            return None


@dataclass
class Conversation:
    """A recorded conversation as it is held."""

    told: dict[str, Any]
    line: Line
    known: dict[str, str]
    serial: int = 0

    def hold(self, say: Callable[[str], None]) -> None:
        """Hold it, step by step, and check each answer."""
        for number, step in enumerate(self.told["steps"], start=1):
            self._step(step)
            outcome = step.get("refused", "0")
            say(f"{number:>3}  {step['infno']:<6} {outcome:<20} {step.get('note', '')}")

    def _step(self, step: Step) -> None:
        self.serial += 1
        institution = self.told["institution"]
        stamp = self.known["now"]
        self.known["msgid"] = f"{institution:0<12}{stamp}{self.serial:04}"
        message = self._filled(self.told["envelope"]) | {
            "infno": step["infno"],
            "input": self._filled(step["input"]),
        }
        if "name" in step:
            self.known[step["name"]] = self.known["msgid"]
        body = json.dumps(message, ensure_ascii=False).encode()
        if "lost" in step:
            self.line.wire.faults.append(LOST[step["lost"]])
            assert self.line.send(institution, body) is None
            if step.get("again") is False:
                return
        answer = self.line.send(institution, body)
        assert answer is not None
        self._check(step, answer)
        if step["infno"] in CHANGES and "refused" not in step:
            assert self.line.send(institution, body) == answer
            other = json.dumps(message | {"opter": "002"}, ensure_ascii=False).encode()
            told = json.loads(self.line.send(institution, other) or b"")
            assert told["err_msg"].split(" ")[0] == "message_differs"

    def _check(self, step: Step, answer: bytes) -> None:
        if "lines" in step:
            assert sorted(answer.decode().splitlines()) == sorted(self._filled(step["lines"]))
            return
        told = json.loads(answer)
        if "refused" in step:
            assert (told["infcode"], told["err_msg"].split(" ")[0]) == ("-1", step["refused"])
            return
        assert told["infcode"] == "0", told["err_msg"]
        found = _apart(self._filled(step.get("answer", {})), told["output"], step["infno"])
        assert not found, found
        for name, path in step.get("keep", {}).items():
            self.known[name] = _at(told["output"], path)

    def _filled(self, value: Any) -> Any:
        """Return a value whose placeholders are filled in."""
        if isinstance(value, dict) and set(value) == {"base64"}:
            return base64.b64encode(self._filled(value["base64"]).encode()).decode()
        if isinstance(value, dict):
            return {name: self._filled(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._filled(one) for one in value]
        if not isinstance(value, str) or value == ANY:
            return value
        return re.sub(r"\$\{(\w+)\}", lambda found: self.known[found[1]], value)


def _apart(expected: Any, found: Any, where: str) -> str:
    """Return where an answer is not as expected, empty if it is; what is not expected may be."""
    if expected == ANY:
        return "" if found else f"{where} is empty"
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return f"{where} is {found!r}"
        apart = (_apart(one, found.get(name), f"{where}.{name}") for name, one in expected.items())
        return next(filter(None, apart), "")
    if isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            return f"{where} is {found!r}"
        pairs = enumerate(zip(expected, found, strict=True))
        return next(filter(None, (_apart(a, b, f"{where}.{k}") for k, (a, b) in pairs)), "")
    return "" if expected == found else f"{where} is {found!r}, not {expected!r}"


def _at(output: Any, path: str) -> str:
    for part in path.split("."):
        output = output[int(part)] if isinstance(output, list) else output[part]
    return str(output)


@contextmanager
def served(folder: Path) -> Iterator[Line]:
    """Yield the line to a running server of Xi'an with three hospitals and a pharmacy."""
    lake = a_lake(folder, institutions=[*INSTITUTIONS, SHOP])
    server = Region(lake, joined_stays(folder / "policies"), free_port())
    wire = Wire(server.port)
    database = Lake(lake).database
    names = ("H1", "H2", "H3", "Y1")
    keys = {name: issue(database, name, int(time.time()), "operator") for name in names}
    database.close()
    try:
        server.start()
        yield Line(wire, keys)
    finally:
        server.kill()
        wire.close()


def replay(path: Path, line: Line, say: Callable[[str], None]) -> None:
    """Hold the conversation of a file."""
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    now = EPOCH + timedelta(seconds=local_seconds())
    known = {"now": f"{now:%Y%m%d%H%M%S}", "today": f"{now:%Y-%m-%d}"}
    say(told["about"])
    Conversation(told, line, known).hold(say)


def main() -> None:
    """Replay the files named on the command line, or all."""
    paths = [Path(name) for name in sys.argv[1:]] or sorted(FOLDER.glob("*.yaml"))
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as line:
        for path in paths:
            replay(path, line, print)


if __name__ == "__main__":
    main()
