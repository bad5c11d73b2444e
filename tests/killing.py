"""Kills a serving process, or its database server, under load, and looks at what is left."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import sqlalchemy as sa

from engine.errors import StorageError
from engine.storage import ledger_tables as t
from engine.storage.audit import verify
from engine.storage.database import Database
from engine.storage.messages import Message
from engine.storage.posting import post
from tests.ledger_world import NOW, book, message, stay
from tests.postgres import Server

Place = Path | str
PERSONS = 5
CALLERS = 8


def bill(number: int) -> Message:
    """Return the message that bills the stay with this number, of one of a few persons."""
    return message(stay(number, person_id=f"P{number % PERSONS}"))


def forked(work: Callable[[], None]) -> int:
    """Do something in a process of its own, which ends by being killed or by `os._exit`."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return child


def serve(place: Place, numbers: Sequence[int], acknowledged: Path) -> None:
    """Post bill after bill, and write each answer down once it is there."""
    database = Database(place)
    with acknowledged.open("ab", buffering=0) as file:
        for number in numbers:
            [answer] = post(database, book(), [bill(number)], NOW)
            assert isinstance(answer, bytes)
            file.write(f"{number} ".encode() + answer + b"\n")


def answers(acknowledged: Path) -> dict[int, bytes]:
    """Return the answers that were written down; the last line may be torn."""
    if not acknowledged.exists():
        return {}
    lines = acknowledged.read_bytes().split(b"\n")[:-1]
    return {int(number): rest for number, _, rest in (line.partition(b" ") for line in lines)}


def check(place: Place, sent: Sequence[int], acknowledged: dict[int, bytes]) -> None:
    """Send everything again: each is answered as before, and counts as one settlement."""
    database = Database(place)
    for number in sent:
        [answer] = post(database, book(), [bill(number)], NOW)
        assert isinstance(answer, bytes)
        assert acknowledged.get(number, answer) == answer
    c, k, f = t.SETTLEMENTS.c, t.COUNTERS.c, t.CONTRIBUTIONS.c
    with database.reading() as connection:
        made = connection.scalars(sa.select(c.message_id)).all()
        held = connection.scalar(sa.select(sa.func.sum(k.value)))
        fed = connection.scalar(sa.select(sa.func.sum(f.gain)))
        legs = connection.scalar(sa.select(sa.func.sum(t.LEGS.c.amount_fen)))
        assert verify(connection).first_bad is None
    database.close()
    assert sorted(made) == sorted(f"M{number}" for number in sent)
    assert (held, legs) == (fed, 0)


def kill_under_load(place: Place, folder: Path, rounds: int) -> None:
    """Kill a serving process again and again, each time after a few more answers."""
    Database(place).close()
    sent: list[int] = []
    acknowledged = folder / "acknowledged"
    for turn in range(rounds):
        numbers = range(100 * turn, 100 * turn + 60)
        begun = len(answers(acknowledged))
        child = forked(lambda numbers=numbers: serve(place, numbers, acknowledged))  # type: ignore[misc]
        while len(answers(acknowledged)) < begun + 1 + turn % 7:
            time.sleep(0.001 * (1 + turn % 5))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        sent += [number for number in numbers if number in answers(acknowledged)]
        sent.append(sent[-1] + 1)  # What it was at work on may be there, or not.
    check(place, sent, answers(acknowledged))


def call_until_told(
    database: Database, numbers: Sequence[int], stop: Event
) -> dict[int, bytes | None]:
    """Post bills one by one; None stands for what nobody answered."""
    found: dict[int, bytes | None] = {}
    for number in numbers:
        if stop.is_set():
            break
        found[number] = None
        try:
            [answer] = post(database, book(), [bill(number)], NOW)
        except StorageError:
            continue
        assert isinstance(answer, bytes)
        found[number] = answer
    return found


def kill_postgresql(server: Server, rounds: int) -> None:
    """Kill every process of the server under load, again and again."""
    place = server.new_database()
    database = Database(place)
    sent: dict[int, bytes | None] = {}
    for turn in range(rounds):
        stop = Event()
        with ThreadPoolExecutor(CALLERS) as pool:
            first = 100_000 * turn
            parts = [
                pool.submit(call_until_told, database, range(first + k, first + 90_000, 10), stop)
                for k in range(CALLERS)
            ]
            time.sleep(0.3 + 0.05 * (turn % 6))  # However far they are: any moment will do.
            server.kill()
            stop.set()
            for part in parts:
                sent |= part.result()
        server.start()
    database.close()
    told = {number: answer for number, answer in sent.items() if answer is not None}
    assert told
    check(place, list(sent), told)
