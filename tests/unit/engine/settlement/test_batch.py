"""A batch of many persons is each person alone, in whatever order the rows come."""

from typing import TypeAlias

import numpy as np
import pytest

from engine.claims.columns import EVENT_WIDTH, NONE, Event, EventKind, Ints, Result, State
from engine.errors import InvariantError
from engine.policy.compiler import CompiledBook
from engine.settlement.settle import Settled, settle
from tests.unit.engine.settlement.stories import (
    Record,
    bands,
    book_of,
    burden,
    cancel,
    capped,
    claim,
    class_change,
    credit,
    events_of,
    layer,
    of_person,
    per_stay,
    policy,
    year_close,
)

pytestmark = pytest.mark.kernel

BASIC = layer(
    deductible=per_stay({"active": ["800.00", "400.00"], "retired": "300.00"}),
    bands=bands(("5000.00", "85%"), (None, "92.5%"), position="cost"),
    caps=capped("6000.00", counter="paid"),
    rounding="band",
)
GIVEN = policy(
    BASIC,
    burden((None, "60%"), feeds={"aided": "payment"}),
    counters="stays cost:month paid aided:year+disease",
    ordinal="stays",
    account={"pays": ["deductible.basic", "over_cap.basic"]},
)
OTHER = GIVEN | {"scheme": "resident", "insurance_year": "07-01"}


def stay(name: str, total: str, on: str, disease: str = "E11") -> Record:
    return claim(name, total, on, account_used=True, disease=disease)


STORIES: list[tuple[tuple[Record, ...], Record]] = [
    ((stay("a", "7777.77", "2023-03-01"), cancel("a"), stay("b", "123.45", "2023-03-02")), {}),
    ((claim("a", "1.00", self_pay_off_list="2.00"), year_close(2023),
      stay("b", "9.99", "2023-05-05")), {}),
    ((credit("55.55"), stay("a", "8000.01", "2023-02-01", "I10"), class_change("retired"),
      stay("b", "8000.01", "2023-02-02"), cancel("a"), stay("c", "60000.03", "2024-02-02")),
     {"account_balance": "1000.00", "counters": {"stays": 1, "paid": "100.00"}}),
    ((cancel("nobody"),), {"year": 2023, "counters": {"stays": 5}}),
    (tuple(stay(f"c{k}", f"{977 * (k + 1)}.37", f"2023-0{k + 1}-11") for k in range(9)), {}),
]  # fmt: skip


def batch(book: CompiledBook, persons: int) -> tuple[Ints, Ints]:
    """Return events and opening state of many persons, some of the other scheme."""
    events, opening, count = [], [], 0
    for person in range(persons):
        story, state = STORIES[person % len(STORIES)]
        more = {"state": state} if state else {}
        rows, held = events_of(book, *story, **more)
        rows = of_person(rows, 1000 - person, count)
        rows[:, Event.SCHEME] = person % 2
        held[:, State.PERSON] = 1000 - person
        events.append(rows)
        opening.append(held)
        count += len(rows)
    return np.vstack(events), np.vstack(opening)


Comparable: TypeAlias = dict[tuple[int, int], tuple[list[int], list[int]]]


def comparable(settled: Settled) -> Comparable:
    """Return results and traces by person and place, without positions in the batch."""
    found: Comparable = {}
    for at, row in enumerate(settled.results.tolist()):
        place = len([1 for person, _ in found if person == row[Result.PERSON]])
        trace = settled.trace[settled.trace_first[at] : settled.trace_first[at + 1]].tolist()
        if row[Result.KIND] == EventKind.REVERSAL:
            trace = trace[:1]
        row[Result.EVENT] = row[Result.ORIGINAL] = 0
        found[row[Result.PERSON], place] = (row, trace)
    return found


def states(settled: Settled) -> set[tuple[int, ...]]:
    return {tuple(row) for row in settled.closing.tolist()}


@pytest.fixture(scope="module")
def book() -> CompiledBook:
    return book_of(GIVEN, OTHER)


def test_many_persons_settle_as_each_of_them_alone(book: CompiledBook) -> None:
    events, opening = batch(book, 25)
    whole = settle(book, events, opening)
    alone: Comparable = {}
    held: set[tuple[int, ...]] = set()
    for person in np.unique(events[:, Event.PERSON]):
        mine = np.flatnonzero(events[:, Event.PERSON] == person)
        one = settle(book, of_person(events[mine], person, -int(mine[0])), opening)
        alone |= comparable(one)
        held |= states(one)
    assert comparable(whole) == alone
    assert states(whole) == held
    assert len(whole.closing) == len(held)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_rows_does_not_matter(book: CompiledBook, seed: int) -> None:
    events, opening = batch(book, 25)
    whole = settle(book, events, opening)
    random = np.random.default_rng(seed)
    order = random.permutation(len(events))
    shuffled = events[order]
    place = np.argsort(order)
    refers = shuffled[:, Event.REF] >= 0
    shuffled[refers, Event.REF] = place[shuffled[refers, Event.REF]]
    other = settle(book, shuffled, opening[random.permutation(len(opening))])
    assert comparable(other) == comparable(whole)
    assert states(other) == states(whole)


def test_an_event_at_a_time_settles_as_the_whole_story(book: CompiledBook) -> None:
    story, _ = STORIES[4]
    events, opening = events_of(book, *story)
    whole = settle(book, events, opening)
    state, results = opening, []
    for k in range(len(events)):
        one = settle(book, events[k : k + 1], state)
        results.append(one.results[0, Result.STATUS :].tolist())
        state = one.closing
    assert results == whole.results[:, Result.STATUS :].tolist()
    assert {tuple(row) for row in state.tolist()} == states(whole)


def test_nothing_is_left_on_the_desk_for_the_next_person(book: CompiledBook) -> None:
    events, opening = events_of(book, stay("a", "7777.77", "2023-03-01"))
    alone = settle(book, events, opening)
    full, state = events_of(book, *STORIES[2][0], state=STORIES[2][1])
    both = settle(book, np.vstack([full, of_person(events, 2)]), state)
    assert (
        both.results[-1, Result.STATUS :][3:].tolist()
        == alone.results[0, Result.STATUS :][3:].tolist()
    )


def test_results_name_the_rows_of_their_events(book: CompiledBook) -> None:
    events, opening = batch(book, 10)
    results = settle(book, events, opening).results
    assert sorted(results[:, Result.EVENT].tolist()) == list(range(len(events)))
    rows = results[:, Result.EVENT]
    assert (results[:, Result.PERSON] == events[rows, Event.PERSON]).all()
    assert (results[:, Result.KIND] == events[rows, Event.KIND]).all()


def test_the_events_that_are_given_stay_as_they_are(book: CompiledBook) -> None:
    events, opening = batch(book, 5)
    before, held = events.copy(), opening.copy()
    settle(book, events, opening)
    assert (events == before).all()
    assert (opening == held).all()


def test_time_and_tie_put_a_persons_events_in_order(book: CompiledBook) -> None:
    events, opening = events_of(
        book, stay("a", "1000.00", "2023-03-01"), stay("b", "2000.00", "2023-03-01")
    )
    events[:, Event.ORDER_TIME] = 7
    events[:, Event.ORDER_TIE] = (2, 1)
    results = settle(book, events, opening).results
    assert results[:, Result.EVENT].tolist() == [1, 0]
    assert results[:, Result.DEDUCTIBLE].tolist() == [80_000, 40_000]


def test_persons_may_have_keys_of_63_bits(book: CompiledBook) -> None:
    events, opening = events_of(
        book, stay("a", "1000.00", "2023-03-01"), state={"counters": {"stays": 1}}
    )
    events[0, Event.PERSON] = opening[0, State.PERSON] = 2**63 - 1
    assert settle(book, events, opening).results[0, Result.DEDUCTIBLE] == 40_000


def test_events_of_another_width_are_refused(book: CompiledBook) -> None:
    events = np.full((1, EVENT_WIDTH - 1), NONE, dtype=np.int64)
    with pytest.raises(InvariantError, match="another width"):
        settle(book, events, np.zeros((0, 4), dtype=np.int64))
