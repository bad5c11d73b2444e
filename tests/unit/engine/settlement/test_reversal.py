"""Cancelling a settlement: the exact negative, every counter as it was, last first."""

import numpy as np
import pytest

from engine.claims.columns import (
    EVENT_WIDTH,
    NONE,
    RESULT_WIDTH,
    Event,
    EventKind,
    Ints,
    Result,
    State,
    Step,
)
from engine.settlement.explanation import decode
from engine.settlement.settle import Earlier, Settled, settle
from tests.unit.engine.settlement.stories import (
    Record,
    bands,
    benefit,
    book_of,
    burden,
    cancel,
    capped,
    claim,
    credit,
    events_of,
    layer,
    per_stay,
    policy,
    tell,
    year_close,
)

pytestmark = pytest.mark.kernel

FULL = policy(
    layer(
        deductible=per_stay(["800.00", "400.00"]),
        bands=bands(("5000.00", "85%"), (None, "90%"), position="cost"),
        caps=capped("9000.00", counter="paid"),
    ),
    burden((None, "60%"), feeds={"aided": "payment"}),
    counters="stays cost paid aided:month",
    ordinal="stays",
    account={"pays": ["deductible.basic"]},
)
STATE: Record = {"account_balance": "1000.00", "counters": {"stays": 1, "paid": "100.00"}}


def stay(name: str, on: str = "2023-03-10", **more: str) -> Record:
    return claim(name, "7777.77", on, account_used=True, self_pay_off_list="77.00", **more)


def test_a_reversal_is_the_exact_negative_of_what_it_undoes() -> None:
    told = tell(FULL, stay("a"), cancel("a"), state=STATE)
    original, undone = told.result(0), told.result(1)
    assert original[Result.FUND_TOTAL] > 0
    assert original[Result.ACCOUNT] > 0
    amounts = slice(Result.TOTAL, Result.CAP_LEFT)
    assert undone[amounts].tolist() == (-original[amounts]).tolist()
    assert undone[Result.CAP_LEFT :].tolist() == [NONE] * (RESULT_WIDTH - Result.CAP_LEFT)


def test_a_reversal_names_its_original_and_keeps_its_year_row_and_ordinal() -> None:
    told = tell(FULL, stay("a", "2024-02-01"), stay("b"), cancel("b"), state=STATE)
    original, undone = told.result(1), told.result(2)
    assert undone[Result.ORIGINAL] == 1
    for column in (Result.YEAR, Result.POLICY_ROW, Result.ORDINAL):
        assert undone[column] == original[column]
    assert [step.code for step in decode(told.trace(2))] == [Step.REVERSAL]


def test_a_reversal_restores_every_counter_the_stays_and_the_balance() -> None:
    before = tell(FULL, stay("a"), state=STATE).counters()
    after = tell(FULL, stay("a"), stay("b", "2023-04-10"), cancel("b"), state=STATE).counters()
    assert after.pop("aided") == [before.pop("aided"), 0]
    assert after == before
    assert after["stays"] == 2


def test_after_a_reversal_the_same_claim_settles_as_before() -> None:
    told = tell(FULL, stay("a"), cancel("a"), stay("b"), state=STATE)
    amounts = slice(Result.POLICY_ROW, RESULT_WIDTH)
    again, first = told.result(2)[amounts].copy(), told.result(0)[amounts]
    assert again.tolist() == first.tolist()


def test_only_the_last_settlement_of_the_year_can_be_cancelled() -> None:
    told = tell(FULL, stay("a"), stay("b"), cancel("a", "x"), cancel("b", "y"), cancel("a", "z"))
    assert told.statuses() == ["settled", "settled", "reversal_not_last", "settled", "settled"]
    assert told.fen("total")[2] == 0


def test_a_settlement_of_another_year_does_not_stand_in_the_way() -> None:
    told = tell(FULL, stay("a"), stay("b", "2024-02-01"), cancel("a"))
    assert told.statuses() == ["settled"] * 3


def test_the_year_is_that_of_the_claim_and_not_of_its_settlement() -> None:
    late = stay("a", "2023-12-30") | {"settled": stay("x", "2024-01-05")["end"]}
    told = tell(FULL, stay("b", "2023-02-01"), late, cancel("b"))
    assert told.statuses()[-1] == "reversal_not_last"


def test_what_was_never_settled_cannot_be_cancelled() -> None:
    refused = stay("a") | {"self_pay_off_list": "9999.00"}
    told = tell(
        FULL, refused, cancel("a", "x"), cancel("nobody", "y"), cancel("later", "z"), stay("later")
    )
    assert told.statuses()[1:4] == ["reversal_unknown"] * 3


def test_nothing_is_cancelled_twice() -> None:
    told = tell(FULL, stay("a"), cancel("a", "x"), cancel("a", "y"), cancel("x", "z"))
    assert told.statuses() == ["settled", "settled", "reversed_twice", "reversal_unknown"]
    assert told.counters()["stays"] == 0


def test_a_refused_reversal_changes_nothing() -> None:
    told = tell(FULL, stay("a"), stay("b"), cancel("a"), state=STATE)
    assert told.counters() == tell(FULL, stay("a"), stay("b"), state=STATE).counters()


def test_a_credit_in_between_stays_when_a_claim_is_cancelled() -> None:
    told = tell(FULL, stay("a"), credit("50.00"), cancel("a"), state=STATE)
    assert told.counters()["account_balance"] == 105_000


def test_a_claim_of_a_closed_year_can_still_be_cancelled() -> None:
    told = tell(FULL, stay("a"), year_close(2023), cancel("a"))
    assert told.statuses() == ["settled"] * 3


def test_claims_of_a_closed_year_are_refused_and_those_of_others_not() -> None:
    told = tell(FULL, year_close(2023), stay("a"), stay("b", "2024-01-01"))
    assert told.statuses() == ["settled", "year_closed", "settled"]


def test_a_claim_of_another_benefit_stands_in_the_way_too() -> None:
    given = policy(layer((None, "50%")))
    given["benefits"]["outpatient"] = benefit(layer((None, "50%")), visits=("outpatient",))
    told = tell(given, claim("a", "10.00"), claim("b", "10.00", visit="outpatient"), cancel("a"))
    assert told.statuses()[-1] == "reversal_not_last"


def test_another_persons_settlement_cannot_be_cancelled() -> None:
    book = book_of(FULL)
    events, opening = events_of(book, stay("a"), cancel("a"))
    events[1, Event.PERSON] = 2
    settled = settle(book, events, opening)
    statuses = settled.results[:, Result.STATUS]
    assert statuses.tolist() == [0, 6]


def test_a_settlement_of_another_scheme_does_not_stand_in_the_way() -> None:
    book = book_of(FULL, FULL | {"scheme": "resident"})
    events, opening = events_of(book, stay("a"), stay("b"), cancel("a"))
    events[1, Event.SCHEME] = 1
    assert settle(book, events, opening).results[:, Result.STATUS].tolist() == [0, 0, 0]


# --- settlements of an earlier night


def gains_of(before: Ints, after: Ints) -> Ints:
    """Return (counter, scope, gain) of every counter that changed."""
    held = {tuple(row[1:3]): int(row[State.VALUE]) for row in before.tolist()}
    rows = [(*row[1:3], row[State.VALUE] - held.get(tuple(row[1:3]), 0)) for row in after.tolist()]
    return np.array([row for row in rows if row[2]], dtype=np.int64).reshape(-1, 3)


def recalled(event: Ints, result: Ints, at: int, feeds: tuple[int, int]) -> Ints:
    row = np.full(EVENT_WIDTH, NONE, dtype=np.int64)
    for column in (
        Event.PERSON,
        Event.SCHEME,
        Event.ORDER_TIME,
        Event.ORDER_TIE,
        Event.SETTLED_DAY,
    ):
        row[column] = event[column]
    row[Event.KIND], row[Event.REF] = EventKind.SETTLED_BEFORE, at
    row[Event.YEAR] = result[Result.YEAR]
    row[Event.ARG], row[Event.AMOUNT] = feeds
    return row


def on_two_nights(*events: Record) -> tuple[Settled, Settled]:
    """Settle the claims (all but the last two events) one by one, then the last two at night."""
    book = book_of(FULL)
    rows, state = events_of(book, *events, state=STATE)
    whole = settle(book, rows, state)
    results, feeds, before = [], [np.zeros((0, 3), dtype=np.int64)], []
    for k in range(len(events) - 2):
        one = settle(book, rows[k : k + 1], state)
        gains = gains_of(state, one.closing)
        before.append(recalled(rows[k], one.results[0], k, (sum(map(len, feeds)), len(gains))))
        feeds.append(gains)
        results.append(one.results[0])
        state = one.closing
    night = np.vstack([*before, rows[-2:]])
    earlier = Earlier(np.vstack(results), np.vstack(feeds))
    return whole, settle(book, night, state, earlier)


def test_cancelling_an_earlier_nights_settlement_equals_cancelling_it_at_once() -> None:
    whole, later = on_two_nights(stay("a"), stay("b"), cancel("b"), stay("c"))
    assert later.results[2:, Result.STATUS].tolist() == [0, 0]
    for column in (*range(Result.KIND, Result.ORIGINAL), *range(Result.TOTAL, RESULT_WIDTH)):
        assert later.results[2:, column].tolist() == whole.results[2:, column].tolist()
    held = {tuple(row[:3]): row[3] for row in later.closing.tolist()}
    assert held == {tuple(row[:3]): row[3] for row in whole.closing.tolist()}


def test_an_earlier_nights_settlement_that_is_not_the_last_cannot_be_cancelled() -> None:
    whole, later = on_two_nights(stay("a"), stay("b"), cancel("a"), stay("c"))
    assert whole.results[2, Result.STATUS] == later.results[2, Result.STATUS] == 5


def test_an_earlier_settlement_keeps_the_year_of_its_claim() -> None:
    # Settled in January, it is of December's year and blocks the cancellation of another one.
    late = stay("b", "2023-12-30") | {"settled": stay("x", "2024-01-05")["end"]}
    _, later = on_two_nights(stay("a"), late, cancel("a"), stay("c"))
    assert later.results[2, Result.STATUS] == 5


def test_a_recalled_settlement_has_no_amounts_of_its_own() -> None:
    _, later = on_two_nights(stay("a"), cancel("a"), stay("b"))
    assert not later.results[0, Result.TOTAL :].any()


def test_tonights_claim_stands_before_an_earlier_one() -> None:
    _, later = on_two_nights(stay("a"), stay("b"), cancel("a"))
    assert later.results[-1, Result.STATUS] == 5
