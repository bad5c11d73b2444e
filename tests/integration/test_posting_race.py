"""Many at once: the cap is paid exactly, a message counts once, and weak isolation is caught.

The pool pays at most 80,000.00 a year, the large-amount fund 30,000.00 (see test_posting.py).
"""

import itertools
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa

from engine.errors import ClaimError, InvariantError, StorageError, ensure
from engine.storage import database as database_module
from engine.storage import ledger_state, posting
from engine.storage import ledger_tables as t
from engine.storage.database import Database
from engine.storage.group_commit import GroupCommit
from engine.storage.ledger_state import Year
from engine.storage.posting import Answer, post
from tests.ledger_world import NOW, Record, book, message, settled_as, stay, undo

pytestmark = pytest.mark.race

CALLERS = 16
SETTLES = 96
POOL_CAP, LARGE_CAP = 80_000_00, 30_000_00


def at_two_hospitals(count: int) -> list[Record]:
    """Return stays of one person, told by two hospitals in turn."""
    return [
        stay(k, sender_id=f"H{k % 2}", institution_id=f"H{k % 2}", visit_id=f"V{k}")
        for k in range(count)
    ]


def all_at_once(database: Database, requests: Sequence[Record]) -> list[Answer | StorageError]:
    """Post every request in a transaction of its own, CALLERS at a time, begun together."""
    messages = [message(request) for request in requests]
    together = Barrier(min(CALLERS, len(messages)), timeout=120)

    def call(number: int) -> list[Answer | StorageError]:
        together.wait()
        return [one(database, messages[k]) for k in range(number, len(messages), together.parties)]

    with ThreadPoolExecutor(together.parties) as pool:
        return [answer for part in pool.map(call, range(together.parties)) for answer in part]


def one(database: Database, told: Any) -> Answer | StorageError:
    try:
        [answer] = post(database, book(), [told], NOW)
    except StorageError as error:
        return error
    return answer


def paid(database: Database) -> tuple[int, int]:
    """Return what pool and large-amount fund have paid in all."""
    c = t.SETTLEMENTS.c
    sums = sa.select(sa.func.sum(c.pool_paid_fen), sa.func.sum(c.large_amount_paid_fen))
    with database.reading() as connection:
        pool, large = connection.execute(sums).one()
    return int(pool), int(large)


def test_96_settles_of_one_person_at_two_hospitals_pay_exactly_the_caps(
    database: Database,
) -> None:
    answers = all_at_once(database, at_two_hospitals(SETTLES))
    assert all(isinstance(answer, bytes) for answer in answers)
    assert paid(database) == (POOL_CAP, LARGE_CAP)
    c = t.SETTLEMENTS.c
    with database.reading() as connection:
        versions = connection.scalars(sa.select(c.version).order_by(c.version)).all()
    assert versions == list(range(1, SETTLES + 1))


def test_settles_committed_in_groups_pay_exactly_the_caps_too(database: Database) -> None:
    group = GroupCommit(database, book())
    messages = [message(request) for request in at_two_hospitals(SETTLES)]
    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(pool.map(lambda told: group.post(told, NOW), messages))
    assert paid(database) == (POOL_CAP, LARGE_CAP)
    assert [group.post(told, NOW) for told in messages] == answers


def test_a_bug_met_by_one_message_of_a_group_stops_only_that_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = posting._Batch._keep  # noqa: SLF001 - where a bug of ours is planted

    def broken(batch: Any, at: int, plan: Any, outcomes: Any) -> None:
        ensure(batch._messages[at].person_id != "P1", "planted")  # noqa: SLF001
        keep(batch, at, plan, outcomes)

    monkeypatch.setattr(posting._Batch, "_keep", broken)  # noqa: SLF001
    group = GroupCommit(database, book())

    def call(number: int) -> bool:
        try:
            told = message(stay(number, person_id=f"P{number}"))
            return isinstance(group.post(told, NOW), bytes)
        except InvariantError:
            return False

    with ThreadPoolExecutor(CALLERS) as pool:
        assert list(pool.map(call, range(CALLERS))) == [k != 1 for k in range(CALLERS)]


def overlapping(monkeypatch: pytest.MonkeyPatch, parties: int) -> None:
    """Lock nothing, and let every caller read before any of them writes."""
    together = Barrier(parties, timeout=120)
    seen: set[int] = set()
    read = ledger_state.read_counters

    def unlocked(connection: sa.Connection, years: set[Year]) -> dict[Year, int]:
        return ledger_state.read_years(connection, sorted(years))

    def read_together(connection: sa.Connection, years: set[Year]) -> Any:
        found = read(connection, years)
        if id(connection) not in seen and len(seen) < parties:
            seen.add(id(connection))
            together.wait()
        return found

    monkeypatch.setattr(ledger_state, "lock_years", unlocked)
    monkeypatch.setattr(ledger_state, "read_counters", read_together)


def without_the_net(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let versions be unique whatever was read, so that they catch no lost update."""
    lock, numbers = ledger_state.lock_years, itertools.count(1)

    def numbered(connection: sa.Connection, years: set[Year]) -> dict[Year, int]:
        lock(connection, years)
        return {year: 1_000_000 * next(numbers) for year in years}

    monkeypatch.setattr(ledger_state, "lock_years", numbered)


def autocommit(_connection: sa.Connection) -> None:
    """Begin nothing: every statement is then a transaction of its own."""


def unconfigured(connection: Any, _record: Any) -> None:
    """Let the driver open no transaction; rows of one settlement then come without each other."""
    connection.isolation_level = None


def test_without_locks_more_than_the_cap_is_paid_so_that_this_test_can_fail(
    place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(place)
    monkeypatch.setattr(database_module, "_begin", autocommit)
    monkeypatch.setattr(database_module, "_configure", unconfigured)
    weak = database if isinstance(place, str) else _weak(database, place)
    overlapping(monkeypatch, 8)
    without_the_net(monkeypatch)
    all_at_once(weak, at_two_hospitals(8))
    # Each of the eight saw nobody's payment, and was paid as the first stay of its year.
    assert paid(weak)[0] == 8 * 18_232_00 > POOL_CAP
    weak.close()
    database.close()


def _weak(database: Database, place: Any) -> Database:
    """Return the same SQLite file, every statement of which commits itself."""
    database.close()
    return Database(place)


@pytest.mark.pg
def test_without_locks_the_versions_still_let_nobody_pay_twice(
    postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(postgres.new_database())
    overlapping(monkeypatch, 8)
    answers = all_at_once(database, at_two_hospitals(8))
    settled = sum(isinstance(answer, bytes) for answer in answers)
    assert settled >= 1
    in_turn = Database(postgres.new_database())
    monkeypatch.undo()
    for request in at_two_hospitals(settled):
        post(in_turn, book(), [message(request)], NOW)
    assert paid(database) == paid(in_turn)
    database.close()
    in_turn.close()


def test_one_message_sent_by_many_at_once_settles_once_and_is_answered_alike(
    database: Database,
) -> None:
    answers = all_at_once(database, [stay(1)] * CALLERS)
    assert len(set(answers)) == 1
    assert isinstance(answers[0], bytes)
    assert paid(database)[0] == 18_232_00


def test_one_message_id_with_many_bodies_at_once_settles_one_of_them(database: Database) -> None:
    requests = [stay(1, person_id=f"P{k}", visit_id=f"V{k}") for k in range(CALLERS)]
    answers = all_at_once(database, requests)
    assert sum(isinstance(answer, bytes) for answer in answers) == 1
    refused = {answer.code for answer in answers if isinstance(answer, ClaimError)}
    assert refused == {"message_differs"}
    assert paid(database)[0] == 18_232_00


def test_one_visit_billed_by_many_messages_at_once_has_one_settlement(database: Database) -> None:
    answers = all_at_once(database, [stay(k, visit_id="V1") for k in range(CALLERS)])
    assert sum(isinstance(answer, bytes) for answer in answers) == 1
    assert paid(database)[0] == 18_232_00


@pytest.mark.parametrize("undone", [[1] * CALLERS, [1, 2] * (CALLERS // 2)], ids=["one", "two"])
def test_many_who_cancel_at_once_cancel_each_settlement_once(
    undone: list[int], database: Database
) -> None:
    post(database, book(), [message(stay(1)), message(stay(2))], NOW)
    all_at_once(database, [undo(10 + k, of) for k, of in enumerate(undone)])
    c = t.SETTLEMENTS.c
    with database.reading() as connection:
        reversed_ = connection.scalars(sa.select(c.reverses).where(c.reverses.is_not(None))).all()
        live = set(connection.scalars(sa.select(t.LIVE.c.settlement_id)))
    assert len(reversed_) == len(set(reversed_))
    assert live | set(reversed_) == {settled_as(1), settled_as(2)}
    assert live & set(reversed_) == set()


def test_two_families_that_settle_across_each_other_do_not_wait_for_ever(
    database: Database,
) -> None:
    def batch(order: int) -> Callable[[], list[Answer]]:
        persons = [f"P{k}" for k in range(6)][::order]
        messages = [
            message(stay(100 * order + k, person_id=person, visit_id=f"{order}{person}"))
            for k, person in enumerate(persons)
        ]
        return lambda: post(database, book(), messages, NOW)

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda call: call(), [batch(1), batch(-1)]))
    assert [len([json.loads(answer) for answer in part]) for part in found] == [6, 6]
