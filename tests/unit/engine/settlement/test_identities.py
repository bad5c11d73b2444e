"""The check of the results' identities catches each planted break."""

from collections.abc import Callable

import numpy as np
import pytest

from engine.claims.columns import Ints, Result
from engine.errors import InvariantError
from engine.settlement.identities import check_identities
from engine.settlement.settle import settle
from tests.unit.engine.settlement.stories import (
    book_of,
    burden,
    cancel,
    capped,
    claim,
    events_of,
    layer,
    per_stay,
    policy,
    tell,
)

TOTAL = "total = off list + over price + first share + covered"
FUNDS = "fund total = sum of funds = sum of layers"
WHOLE = "total = funds + account + cash + hospital"
PERSON = "person = account + cash"
NEGATIVE = "no part is negative"
CAP = "no layer pays more than its cap left"
UNSETTLED = "a row that is not settled has no amounts"


def results() -> Ints:
    """Return a claim of 1,000.00, its reversal and a refused claim."""
    given = policy(
        layer((None, "80%"), deductible=per_stay("100.00"), caps=capped("750.00")),
        burden((None, "50%")),
        account={"pays": ["copay.basic"]},
    )
    told = tell(
        given,
        claim("a", "1000.00", account_used=True, self_pay_off_list="50.00"),
        cancel("a"),
        claim("c", "1.00", self_pay_off_list="1.01"),
        state={"account_balance": "10.00"},
    )
    assert told.statuses() == ["settled", "settled", "buckets_do_not_sum"]
    return told.settled.results


def broken(results: Ints) -> str:
    with pytest.raises(InvariantError) as caught:
        check_identities(results)
    assert "use no amount of this run" in caught.value.message_en
    return caught.value.message_en


def test_results_as_they_are_keep_every_identity() -> None:
    check_identities(results())


def test_no_results_keep_every_identity() -> None:
    check_identities(results()[:0])


@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize(
    ("identity", "changes"),
    [
        (TOTAL, {Result.COVERED: 1}),
        (TOTAL, {Result.OFF_LIST: -1}),
        (FUNDS, {Result.FUND: 1}),
        (FUNDS, {Result.FUND: 1, Result.LAYER_PAID: 1}),
        (FUNDS, {Result.LAYER_PAID: 1}),
        (FUNDS, {Result.FUND_TOTAL: -1}),
        (WHOLE, {Result.CASH: 1, Result.PERSON_TOTAL: 1}),
        (WHOLE, {Result.ACCOUNT: 1, Result.PERSON_TOTAL: 1}),
        (WHOLE, {Result.HOSPITAL_PART: 1}),
        (WHOLE, {Result.TOTAL: 1, Result.COVERED: 1}),
        (PERSON, {Result.PERSON_TOTAL: 1}),
    ],
)
def test_a_fen_astray_is_caught(row: int, identity: str, changes: dict[Result, int]) -> None:
    planted = results()
    for column, change in changes.items():
        planted[row, column] += change
    message = broken(planted)
    assert identity in message
    assert f"result={row}" in message


@pytest.mark.parametrize(("row", "sign"), [(0, 1), (1, -1)])
@pytest.mark.parametrize(
    ("column", "against"),
    [
        (Result.OFF_LIST, Result.COVERED),
        (Result.OVER_PRICE, Result.COVERED),
        (Result.FIRST_SHARE, Result.COVERED),
        (Result.FUND + 3, Result.FUND),
        (Result.ACCOUNT, Result.CASH),
        (Result.CASH, Result.ACCOUNT),
        (Result.DEDUCTIBLE, None),
    ],
)
def test_a_part_below_zero_is_caught(
    row: int, sign: int, column: Result, against: Result | None
) -> None:
    planted = results()
    change = -sign - planted[row, column]
    planted[row, column] += change
    if against is not None:
        planted[row, against] -= change
    assert NEGATIVE in broken(planted)


def test_a_layer_above_its_cap_is_caught() -> None:
    planted = results()
    assert planted[0, Result.LAYER_PAID] == 68_000
    planted[0, Result.CAP_LEFT] = 67_999
    assert CAP in broken(planted)


def test_amounts_on_a_row_that_is_not_settled_are_caught() -> None:
    planted = results()
    for column in (Result.TOTAL, Result.COVERED, Result.CASH, Result.PERSON_TOTAL):
        planted[2, column] = 1
    assert UNSETTLED in broken(planted)


def test_the_first_broken_row_is_named() -> None:
    planted = np.vstack([results(), results()])
    planted[4, Result.COVERED] += 1
    planted[3, Result.COVERED] += 1
    assert "result=3" in broken(planted)


def test_settling_checks_what_it_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Ints] = []
    monkeypatch.setattr("engine.settlement.settle.check_identities", seen.append)
    book = book_of(policy(layer((None, "50%"))))
    settled = settle(
        book, *events_of(book, claim("a", "1.00"), claim("b", "2.00", on="2023-02-01"))
    )
    assert seen[0] is settled.results


def test_a_lone_settlement_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Ints] = []

    def check_of(results: Ints) -> Callable[[], None]:
        return lambda: seen.append(results.copy())

    monkeypatch.setattr("engine.settlement.lone.check_of", check_of)
    book = book_of(policy(layer((None, "50%"))))
    settled = settle(book, *events_of(book, claim("a", "1.00")))
    assert seen[0].tolist() == settled.results.tolist()
