"""Kills, lost answers, a full disk: nothing acknowledged is lost, and nothing is paid twice.

`python3 jiesuan.py test -m slow tests/integration/test_posting_killed.py` kills longer, and
`python -m tests.soak --minutes 10` for as long as it is told to.
"""

import os
import resource
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from engine.errors import StorageError
from engine.storage.database import Database
from engine.storage.posting import post
from tests.killing import (
    PERSONS,
    Place,
    answers,
    bill,
    check,
    forked,
    kill_postgresql,
    kill_under_load,
    serve,
)
from tests.ledger_world import NOW, Record, ask, book, contents, stay
from tests.postgres import Server

KILLS, MANY_KILLS = 26, 60
SERVER_KILLS, MANY_SERVER_KILLS = 8, 60
"""Of a serving process on each of two databases, and of the server: 60 in every run."""


def killed(child: int) -> bool:
    """Wait for a process; return whether it was killed."""
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_server_that_is_killed_under_load_loses_and_repeats_nothing(
    place: Place, tmp_path: Path
) -> None:
    kill_under_load(place, tmp_path, KILLS)


@pytest.mark.slow
def test_a_server_that_is_killed_many_times_loses_and_repeats_nothing(
    place: Place, tmp_path: Path
) -> None:
    kill_under_load(place, tmp_path, MANY_KILLS)


def dying_at(statement: int, *, after: bool) -> Callable[[], None]:
    """Return what kills this process before or after its so many-th statement of posting."""
    done = 0

    def watch(*_: Any) -> None:
        nonlocal done
        done += 1
        if done == statement:
            die()

    def begin() -> None:
        event = "after_cursor_execute" if after else "before_cursor_execute"
        sa.event.listen(sa.Engine, event, watch)

    return begin


def post_and_die(place: Place, numbers: Sequence[int], begin: Callable[[], None]) -> None:
    database = Database(place)
    begin()
    post(database, book(), [bill(number) for number in numbers], NOW)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_kill_at_any_statement_leaves_all_of_a_message_or_nothing(
    after: bool, place: Place
) -> None:
    database = Database(place)
    sent: list[int] = []
    deaths = 0
    for statement in range(1, 100):
        before = contents(database)
        first = 10 * statement
        begin = dying_at(statement, after=after)
        child = forked(lambda first=first, begin=begin: post_and_die(place, (first,), begin))  # type: ignore[misc]
        dead = killed(child)
        deaths += dead
        if dead:
            # Years that were made to be locked may stay: they have no settlement.
            kept = {"person_years": before["person_years"]}
            assert contents(database) | kept == before
        sent.append(first)
        ask(database, *(_request(number) for number in sent[-1:]))
        if not dead:
            break
    assert deaths > 12
    database.close()
    check(place, sent, {})


def _request(number: int) -> Record:
    return stay(number, person_id=f"P{number % PERSONS}")


@contextmanager
def lost_after_commit(database: Database) -> Iterator[None]:
    """Let the first transaction be committed, and the connection break before it is told."""
    real = database.transaction
    lost: list[bool] = []

    @contextmanager
    def transaction() -> Iterator[sa.Connection]:
        with real() as connection:
            yield connection
        if not lost:
            lost.append(True)
            raise sa.exc.OperationalError("COMMIT", {}, ConnectionResetError())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "transaction", transaction)
        yield


def test_a_commit_whose_answer_is_lost_is_answered_from_what_is_stored(database: Database) -> None:
    with lost_after_commit(database):
        [answer] = post(database, book(), [bill(1)], NOW)
    assert post(database, book(), [bill(1)], NOW) == [answer]
    assert len(contents(database)["settlements"]) == 1


def test_a_database_that_stays_away_says_so_and_nothing_is_settled(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise sa.exc.OperationalError("BEGIN", {}, ConnectionRefusedError())

    monkeypatch.setattr(database, "transaction", away)
    monkeypatch.setattr("engine.storage.attempts.FIRST_PAUSE_SECONDS", 0)
    with pytest.raises(StorageError) as refused:
        post(database, book(), [bill(1)], NOW)
    assert refused.value.code == "database_unavailable"
    assert contents(database)["settlements"] == []


def fill_up(place: Path, acknowledged: Path) -> None:
    """Post on a disk that takes few bytes more, until it takes none."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limit = place.stat().st_size + 600_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    refused = False
    try:
        serve(place, range(10_000), acknowledged)
    except StorageError as error:
        refused = error.code == "database_unavailable"
    assert refused


def test_a_full_disk_stops_posting_and_what_was_answered_stays(tmp_path: Path) -> None:
    place, acknowledged = tmp_path / "ledger.db", tmp_path / "acknowledged"
    Database(place).close()
    child = forked(lambda: fill_up(place, acknowledged))
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    found = answers(acknowledged)
    assert len(found) > 3
    check(place, [*found, len(found)], found)


@pytest.mark.pg
def test_a_database_server_that_is_killed_under_load_loses_nothing_told(postgres: Server) -> None:
    kill_postgresql(postgres, SERVER_KILLS)


@pytest.mark.pg
@pytest.mark.slow
def test_a_database_server_that_is_killed_many_times_loses_nothing_told(postgres: Server) -> None:
    kill_postgresql(postgres, MANY_SERVER_KILLS)
