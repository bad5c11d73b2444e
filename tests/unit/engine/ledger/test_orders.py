"""A payment order goes out once, and not while a sanction holds it."""

from dataclasses import replace
from datetime import date

import pytest

from engine.errors import CaseError, InvariantError
from engine.ledger.orders import NEXT, Hold, OrderState, PaymentOrder, advance, again, order_posting
from engine.ledger.postings import (
    AccountKind,
    Authority,
    Heading,
    Ledger,
    Posting,
    Purse,
    Side,
    balances,
)

H1 = Side(AccountKind.PROVIDER_PAYABLE, "H1")
ORDER = PaymentOrder("O1", H1, {Purse.POOL: 700, Purse.ASSISTANCE: 300})
APRIL_1, APRIL_2, APRIL_9 = date(2024, 4, 1), date(2024, 4, 2), date(2024, 4, 9)
HOLD = Hold("H1", "decision 7", heard=APRIL_1, begins=APRIL_2, ends=APRIL_9)


def posting(order: PaymentOrder) -> Posting:
    ledger = Ledger(Authority.MEDICAL, "610100")
    return order_posting(order, Heading(ledger, order.state.name, APRIL_1, order.order_id))


def test_a_paid_order_leaves_the_bank_and_the_payable() -> None:
    sent = advance(ORDER, OrderState.SENT, APRIL_1)
    paid = advance(sent, OrderState.PAID, APRIL_2)
    posted = balances(map(posting, [ORDER, sent, paid]))
    assert {(account.kind, account.purse): fen for (_, account), fen in posted.items()} == {
        (AccountKind.PROVIDER_PAYABLE, Purse.POOL): 700,
        (AccountKind.PROVIDER_PAYABLE, Purse.ASSISTANCE): 300,
        (AccountKind.BANK, Purse.POOL): -700,
        (AccountKind.BANK, Purse.ASSISTANCE): -300,
    }


def test_a_returned_order_is_owed_again_and_made_anew() -> None:
    sent = advance(ORDER, OrderState.SENT, APRIL_1)
    returned = advance(sent, OrderState.RETURNED, APRIL_2)
    assert balances([posting(sent), posting(returned)]) == {}
    assert again(returned, "O2") == PaymentOrder("O2", H1, ORDER.amounts, replaces="O1")


def test_an_order_that_did_not_come_back_is_not_made_anew() -> None:
    with pytest.raises(CaseError):
        again(ORDER, "O2")


@pytest.mark.parametrize("state", OrderState)
@pytest.mark.parametrize("to", OrderState)
def test_only_the_states_of_the_table_follow(state: OrderState, to: OrderState) -> None:
    order = replace(ORDER, state=state)
    if to in NEXT[state]:
        assert advance(order, to, APRIL_1).state is to
    else:
        with pytest.raises(CaseError) as caught:
            advance(order, to, APRIL_1)
        assert caught.value.code == "order_state"


@pytest.mark.parametrize(
    ("hold", "on", "held"),
    [
        (HOLD, APRIL_1, False),
        (HOLD, APRIL_2, True),
        (HOLD, APRIL_9, False),
        (replace(HOLD, ends=None), APRIL_9, True),
        (replace(HOLD, institution="H2"), APRIL_2, False),
        (replace(HOLD, purses=frozenset({Purse.ASSISTANCE})), APRIL_2, True),
        (replace(HOLD, purses=frozenset({Purse.MATERNITY})), APRIL_2, False),
    ],
)
def test_a_hold_stops_what_it_names_while_it_lasts(hold: Hold, on: date, held: bool) -> None:
    if held:
        with pytest.raises(CaseError) as caught:
            advance(ORDER, OrderState.SENT, on, [hold])
        assert caught.value.code == "order_held"
    else:
        assert advance(ORDER, OrderState.SENT, on, [hold]).state is OrderState.SENT


def test_what_the_bank_has_taken_is_not_held_any_more() -> None:
    sent = advance(ORDER, OrderState.SENT, APRIL_1)
    assert advance(sent, OrderState.PAID, APRIL_2, [HOLD]).state is OrderState.PAID


def test_a_hold_of_providers_does_not_stop_a_person() -> None:
    to_person = replace(ORDER, payee=Side(AccountKind.PERSON_PAYABLE, "H1"))
    assert advance(to_person, OrderState.SENT, APRIL_2, [HOLD]).state is OrderState.SENT


@pytest.mark.parametrize(
    ("heard", "begins", "ends"), [(APRIL_2, APRIL_1, None), (APRIL_1, APRIL_9, APRIL_2)]
)
def test_a_provider_is_heard_before_its_payment_is_held(
    heard: date, begins: date, ends: date | None
) -> None:
    with pytest.raises(CaseError) as caught:
        Hold("H1", "decision 7", heard, begins, ends)
    assert caught.value.code == "hold_dates"


@pytest.mark.parametrize("amounts", [{}, {Purse.POOL: 0}])
def test_an_order_pays_something(amounts: dict[Purse, int]) -> None:
    with pytest.raises(InvariantError):
        PaymentOrder("O1", H1, amounts)


def test_an_order_pays_only_what_is_owed_to_a_payee() -> None:
    with pytest.raises(InvariantError):
        PaymentOrder("O1", Side(AccountKind.BANK), {Purse.POOL: 1})
