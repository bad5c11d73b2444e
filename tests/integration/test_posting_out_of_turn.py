"""What comes at once that should come in turn, and clocks that go back: nothing stands twice."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa

from engine.errors import ClaimError
from engine.storage import ledger_tables as t
from engine.storage.audit import verify
from engine.storage.database import Database
from engine.storage.group_commit import GroupCommit
from engine.storage.ledger_check import check_ledger
from engine.storage.messages import Message
from engine.storage.posting import Answer, post
from tests.ledger_world import NOW, Record, book, message, settled_as, stay, undo

pytestmark = pytest.mark.race
Post = Callable[[Message], Answer]
PERSONS = 12
HOUR = 3_600


def alone(database: Database) -> Post:
    return lambda told: post(database, book(), [told], NOW)[0]


def in_groups(database: Database) -> Post:
    group = GroupCommit(database, book())
    return lambda told: group.post(told, NOW)


def at_once(post_one: Post, requests: Sequence[Record]) -> list[Answer]:
    messages = [message(request) for request in requests]
    together = Barrier(len(messages), timeout=120)

    def call(told: Message) -> Answer:
        together.wait()
        return post_one(told)

    with ThreadPoolExecutor(len(messages)) as pool:
        return list(pool.map(call, messages))


def live(database: Database) -> set[str]:
    """Return what stands, in a ledger that holds and whose audit chain does."""
    with database.reading() as connection:
        check_ledger(connection)
        assert verify(connection).first_bad is None
        return set(connection.scalars(sa.select(t.LIVE.c.settlement_id)))


def codes(answers: Sequence[Answer]) -> set[str]:
    return {one.code for one in answers if isinstance(one, ClaimError)}


@pytest.mark.parametrize("way", [alone, in_groups])
def test_a_message_and_its_reversal_at_once_leave_nothing_standing(
    way: Callable[[Database], Post], database: Database
) -> None:
    pairs = [
        pair
        for k in range(PERSONS)
        for pair in (
            stay(k, person_id=f"P{k}"),
            undo(100 + k, k, "reverse_message", person_id=f"P{k}"),
        )
    ]
    answers = at_once(way(database), pairs)
    assert live(database) == set()
    settled = [isinstance(one, bytes) for one in answers[::2]]
    # Whichever came first: it was settled and undone, or its reversal kept it from being settled.
    assert [isinstance(one, bytes) for one in answers[1::2]] == settled
    assert codes(answers) <= {"message_unknown", "message_void"}


def test_a_cancellation_and_another_bill_of_the_visit_at_once_leave_one_at_most(
    database: Database,
) -> None:
    post(database, book(), [message(stay(1))], NOW)
    answers = at_once(
        alone(database),
        [undo(2, 1), *(stay(k, visit_id="V1") for k in range(3, 9)), undo(9, 1)],
    )
    assert live(database) < {settled_as(k) for k in range(3, 9)}
    assert len(live(database)) <= 1
    assert codes(answers) <= {"duplicate_visit", "reversed_twice"}
    assert sum(isinstance(one, bytes) for one in (answers[0], answers[-1])) == 1


def test_the_same_cancellation_many_times_at_once_cancels_once_and_is_answered_alike(
    database: Database,
) -> None:
    post(database, book(), [message(stay(1))], NOW)
    answers = at_once(in_groups(database), [undo(2, 1)] * 8)
    assert len(set(answers)) == 1
    assert isinstance(answers[0], bytes)
    assert live(database) == set()


def test_a_clock_that_goes_back_changes_neither_order_nor_money(database: Database) -> None:
    first = stay(1, settled_at="2023-03-08T10:00:00")
    second = stay(2, settled_at="2023-03-08T09:00:00")
    post(database, book(), [message(first)], NOW)
    post(database, book(), [message(second)], NOW - HOUR)
    post(database, book(), [message(undo(3, 2))], NOW - 2 * HOUR)
    assert live(database) == {settled_as(1)}
    c = t.SETTLEMENTS.c
    query = sa.select(c.message_id, c.pool_paid_fen).order_by(c.version)
    with database.reading() as connection:
        found = list(map(tuple, connection.execute(query)))
    assert found == [("M1", 18_232_00), ("M2", 18_936_00), ("M3", -18_936_00)]
