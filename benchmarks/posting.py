"""How many settlements a second are on the disk, how long a caller waits, and what CPU it takes.

`python -m benchmarks.posting --folder DIR [--postgresql URL] [--settles N] [--json]`; DIR lies on
the disk that is measured. Each caller settles stays of persons of its own, one after the other.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from engine.claims.columns import STATE_WIDTH
from engine.policy.book import SHIPPED, load_book
from engine.policy.compiler import CompiledBook, compile_book
from engine.settlement.settle import Earlier, settle_located
from engine.storage.database import Database
from engine.storage.group_commit import GroupCommit
from engine.storage.messages import Message, read_message
from engine.storage.posting import Answer, post

CALLERS = (1, 8, 32)
VISITS_EACH = 8
ENGINE_BATCH, ENGINE_ROUNDS, ENGINE_CALLS = 10_000, 5, 20_000
MICROSECONDS = 1e6
Post = Callable[[Message], Answer]


def stay(number: int, run: str, book: CompiledBook) -> Message:
    """Return the message of a stay in Xi'an; every person has a few of them."""
    person = f"{run}-{number // VISITS_EACH}"
    request = {
        "sender_id": "H1",
        "message_id": f"{run}-{number}",
        "verb": "settle",
        "person_id": person,
        "settled_at": "2024-03-08T10:00:00",
        "region": "610100",
        "scheme": "employee",
        "institution_id": "H1",
        "visit_id": f"{run}-{number}",
        "person": {"class": "active"},
        "event": {
            "visit": "inpatient",
            "level": "L3",
            "begin": "2024-03-01",
            "end": "2024-03-08",
            "total": "22000.00",
            "self_pay_first_share": "500.00",
        },
    }
    return read_message(json.dumps(request).encode(), book)


def measure(posting: Post, messages: list[Message], callers: int) -> dict[str, float]:
    """Return settlements a second, waits and CPU of so many callers at once."""
    waits: list[float] = []

    def call(mine: list[Message]) -> None:
        for message in mine:
            begun = time.perf_counter()
            posting(message)
            waits.append(time.perf_counter() - begun)

    with ThreadPoolExecutor(callers) as pool:
        wall, cpu = time.perf_counter(), time.process_time()
        for done in [pool.submit(call, messages[k::callers]) for k in range(callers)]:
            done.result()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    cuts = statistics.quantiles(waits, n=100)
    return {
        "settles_per_s": round(len(messages) / wall, 1),
        "p50_ms": round(cuts[49] * 1e3, 2),
        "p99_ms": round(cuts[98] * 1e3, 2),
        "cpu_us_each": round(cpu / len(messages) * MICROSECONDS),
    }


def engine_microseconds(book: CompiledBook) -> dict[str, float]:
    """Return CPU of the engine per claim: in a batch, and called for one claim alone."""
    one = [stay(k, "engine", book).event for k in range(100)]
    events = np.vstack([event for event in one if event is not None])
    batch = np.repeat(events, ENGINE_BATCH // len(events), axis=0)
    nothing = np.zeros((0, STATE_WIDTH), dtype=np.int64)

    def cpu(events: Any, rounds: int) -> float:
        settle_located(book, events, nothing, Earlier.none())
        begun = time.process_time()
        for _ in range(rounds):
            settle_located(book, events, nothing, Earlier.none())
        spent = (time.process_time() - begun) / rounds / len(events) * MICROSECONDS
        return round(spent, 2)

    return {"batch_us": cpu(batch, ENGINE_ROUNDS), "alone_us": cpu(events[:1], ENGINE_CALLS)}


@contextmanager
def opened(place: Path | str) -> Iterator[Database]:
    """Yield a database, and give it back."""
    database = Database(place)
    yield database
    database.close()


def table(place: Path | str, book: CompiledBook, settles: int) -> list[dict[str, Any]]:
    """Return a row for each number of callers, posting each alone and in groups."""
    rows = []
    with opened(place) as database:
        group = GroupCommit(database, book)
        ways: dict[str, Post] = {
            "alone": lambda message: post(database, book, [message], 0)[0],
            "group": lambda message: group.post(message, 0),
        }
        for way, posting in ways.items():
            for callers in CALLERS:
                run = f"{way}{callers}-{os.getpid()}"
                messages = [stay(k, run, book) for k in range(settles)]
                posting(stay(settles, run, book))
                rows.append(
                    {"commit": way, "callers": callers, **measure(posting, messages, callers)}
                )
    return rows


def main() -> None:
    """Measure, and print a table or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--postgresql", default=os.environ.get("JIESUAN_POSTGRESQL"))
    parser.add_argument("--settles", type=int, default=300)
    parser.add_argument("--json", action="store_true", dest="as_json")
    told = parser.parse_args()
    os.environ["JIESUAN_COMPILE"] = "1"
    book = compile_book(load_book(SHIPPED))
    found: dict[str, Any] = {"engine": engine_microseconds(book)}
    with TemporaryDirectory(dir=told.folder) as folder:
        found["sqlite"] = table(Path(folder) / "ledger.db", book, told.settles)
    if told.postgresql:
        found["postgresql"] = table(told.postgresql, book, told.settles)
    if told.as_json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    sys.stdout.write(f"engine {found.pop('engine')}\n")
    for name, rows in found.items():
        for row in rows:
            sys.stdout.write(f"{name:10} {row}\n")


if __name__ == "__main__":
    main()
