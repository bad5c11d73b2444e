"""How many 2206 and 2207 of ten lines a server carries out a second, and how long callers wait.

`python -m benchmarks.hospital --folder DIR [--requests N] [--json]`; DIR lies on the disk that is
measured. In one run: the server's route without work, the two transactions, and the database alone
(posting, without HTTP). `cpu_ms` is the server's user and system time for one request.
"""

import argparse
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from api.national.signatures import signed_headers
from benchmarks.posting import measure as measure_posting
from benchmarks.posting import stay
from engine.errors import ensure
from engine.policy.book import SHIPPED, load_book
from engine.policy.compiler import compile_book
from engine.storage.credentials import Credential, issue
from engine.storage.database import Database
from engine.storage.lake import Lake
from engine.storage.posting import post
from engine.wire.fields import by_english
from pipelines.sandbox import prepare_sandbox

CALLERS = (1, 8, 32)
LINES = 10
INSTITUTION = "BENCH01"
ADDRESS = "/fsi/api/rsfComIfsService/callService"
MOMENT = "2024-03-01 08:00:00"
STAMPS = itertools.count()
SERIALS = itertools.count(1)
START_SECONDS = 300
Work = Callable[[HTTPConnection], object]


class Caller:
    """A hospital's program on one connection at a time."""

    def __init__(self, key: Credential) -> None:
        self._key = key

    def ask(self, line: HTTPConnection, number: str, **blocks: Any) -> dict[str, Any]:
        """Return the output of a transaction."""
        envelope = {
            "transaction": number,
            "message_id": f"{INSTITUTION}{os.getpid()}{next(SERIALS):08d}",
            "institution_id": INSTITUTION,
            "care_region": "610100",
            "home_region": "610100",
            "operator_id": "001",
        }
        body = json.dumps(_national("envelope", envelope) | {"input": blocks})
        stamp = int(time.time() * 1000) + next(STAMPS)
        line.request("POST", ADDRESS, body, signed_headers(self._key, "bench", stamp))
        answer = json.loads(line.getresponse().read())
        ensure(str(answer["infcode"]) == "0", "the server refuses", transaction=number)
        output: dict[str, Any] = answer["output"]
        return output

    def bill(self, line: HTTPConnection) -> dict[str, str]:
        """Register a visit with its lines, and return the block that settles it."""
        person = {"person_id": "SB-OK", "insurance": "310", "began_at": MOMENT}
        asked = _national("claim", person | {"outpatient_no": "1"})
        made = self.ask(line, "2201", data=asked)["data"]
        visit = _national("claim", {"person_id": "SB-OK"})
        name = by_english("claim")["visit_id"].code
        visit[name] = made[name]
        told = visit | _national("claim", {"visit_kind": "11", "disease_code": "J06.900"})
        self.ask(line, "2203", mdtrtinfo=told)
        self.ask(line, "2204", feedetail=[visit | _line(k) for k in range(LINES)])
        rest = {"charge_batch": "1", "total_fen": f"{LINES}00.00", "account_used": "0"}
        return visit | _national("claim", rest)


def _national(table: str, told: dict[str, str]) -> dict[str, str]:
    known = by_english(table)
    return {known[name].code: value for name, value in told.items()}


def _line(number: int) -> dict[str, str]:
    told = {
        "line_id": str(number),
        "charge_batch": "1",
        "charged_at": MOMENT,
        "item_code": "SB-A",
        "amount_fen": "100.00",
        "quantity_e4": "1",
        "price_e6": "100.00",
    }
    return _national("line", told)


@contextmanager
def served(lake: Path) -> Iterator[tuple[int, int]]:
    """Yield process id and port of a server that says that it is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["serve", "--port", str(port), "--lake", str(lake)]
    endless = {"JIESUAN_RATE_PER_SECOND": "1000000", "JIESUAN_RATE_BURST": "1000000"}
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines.cli", *command],
        env=os.environ | endless,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(process, port)
        yield process.pid, port
    finally:
        process.kill()
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        ensure(process.poll() is None and time.monotonic() < until, "the server does not start")
        try:
            line = HTTPConnection("127.0.0.1", port)
            line.request("GET", "/healthz")
            ensure(line.getresponse().status == 200, "the server is not ready")  # noqa: PLR2004
        except ConnectionError:
            time.sleep(0.05)
        else:
            return


def cpu_seconds(process: int) -> float:
    """Return user and system time of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(process: int, port: int, callers: int, work: list[Work]) -> dict[str, float]:
    """Return requests a second, waits and the server's CPU of so many callers at once."""
    waits: list[float] = []

    def call(mine: list[Work]) -> None:
        line = HTTPConnection("127.0.0.1", port)
        for one in mine:
            begun = time.perf_counter()
            one(line)
            waits.append(time.perf_counter() - begun)

    with ThreadPoolExecutor(callers) as pool:
        wall, cpu = time.perf_counter(), cpu_seconds(process)
        for done in [pool.submit(call, work[k::callers]) for k in range(callers)]:
            done.result()
        wall, cpu = time.perf_counter() - wall, cpu_seconds(process) - cpu
    cuts = statistics.quantiles(waits, n=100)
    return {
        "per_s": round(len(work) / wall, 1),
        "p50_ms": round(cuts[49] * 1e3, 2),
        "p99_ms": round(cuts[98] * 1e3, 2),
        "cpu_ms": round(cpu / len(work) * 1e3, 2),
    }


def _bare(line: HTTPConnection) -> None:
    line.request("GET", "/healthz")
    line.getresponse().read()


def over_http(folder: Path, requests: int) -> tuple[list[dict[str, Any]], float]:
    """Return a row for each kind of request and number of callers, and the first one's wait."""
    lake = prepare_sandbox(folder, INSTITUTION)
    caller = Caller(issue(Lake(lake).database, INSTITUTION, int(time.time()), "benchmark"))
    rows = []
    with served(lake) as (process, port):
        line, begun = HTTPConnection("127.0.0.1", port), time.perf_counter()
        caller.ask(line, "9001", signIn={})
        first_ms = round((time.perf_counter() - begun) * 1e3, 2)
        for callers in CALLERS:
            line.close()  # The server closes a line that was idle while others were measured.
            bills = [caller.bill(line) for _ in range(requests)]
            kinds: dict[str, list[Work]] = {
                "bare": [_bare] * requests,
                "2206": [_asking(caller, "2206", bill) for bill in bills],
                "2207": [_asking(caller, "2207", bill) for bill in bills],
            }
            for kind, work in kinds.items():
                told = measure(process, port, callers, work)
                rows.append({"what": kind, "callers": callers, **told})
    return rows, first_ms


def _asking(caller: Caller, number: str, bill: dict[str, str]) -> Work:
    return lambda line: caller.ask(line, number, data=bill)


def alone(folder: Path, requests: int) -> list[dict[str, Any]]:
    """Return the same table of the database alone: posting by threads of this process."""
    book = compile_book(load_book(SHIPPED))
    database = Database(folder / "alone.db")
    rows = []
    for callers in CALLERS:
        run = f"alone{callers}"
        messages = [stay(k, run, book) for k in range(requests)]
        told = measure_posting(lambda one: post(database, book, [one], 0)[0], messages, callers)
        shown = {"per_s": told["settles_per_s"], "p50_ms": told["p50_ms"], "p99_ms": told["p99_ms"]}
        cpu = round(told["cpu_us_each"] / 1e3, 2)
        rows.append({"what": "database", "callers": callers, **shown, "cpu_ms": cpu})
    database.close()
    return rows


def main() -> None:
    """Measure, and print a table or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--json", action="store_true", dest="as_json")
    told = parser.parse_args()
    os.environ["JIESUAN_COMPILE"] = "1"
    with TemporaryDirectory(dir=told.folder) as folder:
        rows, first_ms = over_http(Path(folder), told.requests)
        rows += alone(Path(folder), told.requests)
    if told.as_json:
        sys.stdout.write(json.dumps({"first_request_ms": first_ms, "rows": rows}) + "\n")
        return
    sys.stdout.write(f"first request after /healthz: {first_ms} ms\n")
    for row in sorted(rows, key=lambda one: (one["callers"], one["what"])):
        sys.stdout.write("  ".join(f"{name} {value!s:>9}" for name, value in row.items()) + "\n")


if __name__ == "__main__":
    main()
