"""A lone settlement uses arrays that others used before it, and comes out as one of a batch."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

from engine.claims.columns import STATE_WIDTH, Event, Ints, Result, State
from engine.policy.compiler import CompiledBook
from engine.settlement.lone import OPENING_MAX
from engine.settlement.settle import Settled, settle
from tests.unit.engine.settlement.stories import (
    bands,
    book_of,
    capped,
    claim,
    credit,
    events_of,
    layer,
    per_stay,
    policy,
)

pytestmark = pytest.mark.kernel

THREADS, ROUNDS = 2, 200


def book_at(rate: str) -> CompiledBook:
    basic = layer(
        deductible=per_stay("100.00"),
        bands=bands(("1000.00", "50%"), (None, rate), position="cost"),
        caps=capped("9000.00", counter="paid"),
    )
    return book_of(policy(basic, counters="stays cost paid"))


def bill(book: CompiledBook, person: int, total: str) -> tuple[Ints, Ints]:
    """Return one claim of a person who has been to hospital for 500 yuan before."""
    state = {"year": 2023, "counters": {"cost": "500.00", "paid": "200.00"}}
    events, opening = events_of(book, claim("a", total), state=state)
    events[:, Event.PERSON] = person
    opening[:, State.PERSON] = person
    return events, opening


def rows_of(settled: Settled, person: int) -> list[list[int]]:
    """Return result, trace and closing state of a person, save where they lay in a batch."""
    (at,) = np.flatnonzero(settled.results[:, Result.PERSON] == person)
    result = settled.results[at].copy()
    result[Result.EVENT] = 0
    trace = settled.trace[settled.trace_first[at] : settled.trace_first[at + 1]]
    mine = settled.closing[:, State.PERSON] == person
    return [result.tolist(), trace.tolist(), *settled.closing[mine].tolist()]


def test_a_lone_claim_comes_out_as_in_a_batch() -> None:
    book = book_at("80%")
    asked = [bill(book, person, f"{person}000.07") for person in range(1, 6)]
    events, opening = (np.vstack(parts) for parts in zip(*asked, strict=True))
    batch = settle(book, events, opening)
    for person, one in enumerate(asked, start=1):
        assert rows_of(settle(book, *one), person) == rows_of(batch, person)


def test_what_was_settled_before_stays_as_it_was_when_another_is_settled() -> None:
    book = book_at("80%")
    first = settle(book, *bill(book, 1, "5000.00"))
    before = rows_of(first, 1)
    settle(book, *bill(book, 2, "0.01"))
    assert rows_of(first, 1) == before


def test_the_state_of_others_is_left_out() -> None:
    book = book_at("80%")
    events, opening = bill(book, 1, "5000.00")
    _, strange = bill(book, 2, "1.00")
    settled = settle(book, events, np.vstack([strange, opening]))
    assert rows_of(settled, 1) == rows_of(settle(book, events, opening), 1)


def test_an_account_credit_leaves_no_trace_of_the_claim_before_it() -> None:
    book = book_at("80%")
    settle(book, *bill(book, 1, "5000.00"))
    events, opening = events_of(book, credit("55.55"))
    settled = settle(book, events, opening)
    assert settled.trace.size == 0
    assert settled.closing[:, State.VALUE].tolist() == [5555 * 1_000_000]


@pytest.mark.parametrize("rows", [OPENING_MAX, OPENING_MAX + 1])
def test_a_person_may_have_more_counters_than_there_is_room_for(rows: int) -> None:
    book = book_at("80%")
    events, opening = bill(book, 1, "5000.00")
    more = np.zeros((rows - len(opening), STATE_WIDTH), dtype=np.int64)
    more[:, State.PERSON], more[:, State.COUNTER] = 1, np.arange(1, len(more) + 1)
    settled = settle(book, events, np.vstack([opening, more]))
    asked = settle(book, events, opening)
    assert settled.results.tolist() == asked.results.tolist()
    assert len(settled.closing) == len(asked.closing) + len(more)


def test_two_books_of_one_form_do_not_share_their_tables() -> None:
    before, after = book_at("80%"), book_at("90%")
    paid = []
    for book in (before, after, before):
        settled = settle(book, *bill(book, 1, "2600.00"))
        paid.append(int(settled.results[0, Result.FUND_TOTAL]))
    # 500 to 1000 yuan of the year at half, less the deductible of 100; the rest at 80 or 90 %.
    assert paid[0] == paid[2] != paid[1]
    assert paid[1] - paid[0] == 21000


def test_threads_settle_side_by_side() -> None:
    books = [book_at("80%"), book_at("90%")]
    together = Barrier(THREADS)

    def settles(thread: int) -> list[list[list[int]]]:
        asked = ((books[(thread + k) % 2], f"{k + 1}00.00") for k in range(ROUNDS))
        return [rows_of(settle(book, *bill(book, thread, fen)), thread) for book, fen in asked]

    def at_once(thread: int) -> list[list[list[int]]]:
        together.wait()
        return settles(thread)

    expected = [settles(thread) for thread in range(THREADS)]
    with ThreadPoolExecutor(THREADS) as pool:
        assert list(pool.map(at_once, range(THREADS))) == expected
