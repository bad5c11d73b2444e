"""What is paid to a provider for a month: stated fund by fund, then ordered, sent and paid."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from engine.cases.life_cycle import CaseEvent, check_follows
from engine.errors import CaseError
from engine.ledger.orders import Hold, OrderState, PaymentOrder, advance, again
from engine.ledger.payables import Payable
from engine.ledger.postings import AccountKind, Purse, Side

KIND = "provider_month"
HOLD = "payment_hold"
STATES = {
    "order_sent": OrderState.SENT,
    "paid": OrderState.PAID,
    "order_returned": OrderState.RETURNED,
}


@dataclass(frozen=True, slots=True)
class ProviderMonth:
    """Where a provider's month stands.

    Attributes:
        stated: its first event: institution, region, month and the amounts of each purse.
        last: its last event.
        order: the payment order; None where no fund pays anything.
    """

    stated: CaseEvent
    last: CaseEvent
    order: PaymentOrder | None


@dataclass(frozen=True, slots=True)
class FundSums:
    """What became of a month's bills with one fund, in fen.

    Attributes:
        declared_fen: what settlements say that the fund pays, as the hospital has billed them.
        deducted_fen: what review refused of it.
        paid_fen: what the bank has paid out of this fund for the month.
    """

    declared_fen: int
    deducted_fen: int
    paid_fen: int

    @property
    def recognised_fen(self) -> int:
        """What stands after review: declared less deducted."""
        return self.declared_fen - self.deducted_fen


def sums(month: ProviderMonth) -> dict[Purse, FundSums]:
    """Return what each fund was asked for, and has paid, for a month; sent orders are not paid."""
    order = month.order
    paid = order.amounts if order is not None and order.state is OrderState.PAID else {}
    return {
        Purse[name]: FundSums(
            declared_fen=amounts["recognised_fen"],
            deducted_fen=amounts["deducted_fen"],
            paid_fen=paid.get(Purse[name], 0),
        )
        for name, amounts in month.stated.content["purses"].items()
    }


def fold(name: str, events: Sequence[CaseEvent]) -> ProviderMonth:
    """Return where the month of a name stands after its events, of which there is one at least."""
    first, *rest = events
    month = begun(name, first)
    for event in rest:
        month = _moved(name, month, event, ())
    return month


def begun(name: str, event: CaseEvent) -> ProviderMonth:
    """Return a month that has just been stated."""
    check_follows(KIND, None, event.event)
    payee = Side(AccountKind.PROVIDER_PAYABLE, event.content["institution"])
    amounts = {
        Purse[purse]: told["payable_fen"]
        for purse, told in event.content["purses"].items()
        if told["payable_fen"]
    }
    order = PaymentOrder(f"{name}:1", payee, amounts) if amounts else None
    return ProviderMonth(event, event, order)


def follow(
    name: str, month: ProviderMonth, event: CaseEvent, holds: Iterable[Hold]
) -> ProviderMonth:
    """Return a month after one more event.

    Raises:
        CaseError: `event_order`; `nothing_to_pay`; `order_held`, a sanction holds it.
    """
    return _moved(name, month, event, holds)


def _moved(
    name: str, month: ProviderMonth, event: CaseEvent, holds: Iterable[Hold]
) -> ProviderMonth:
    check_follows(KIND, month.last.event, event.event)
    order = month.order
    if order is None:
        raise CaseError(
            "nothing_to_pay",
            f"{name} 没有应付金额，无须支付",
            f"nothing is due for {name}, so there is nothing to pay",
        )
    if order.state is OrderState.RETURNED:
        number = int(order.order_id.rsplit(":", 1)[1]) + 1
        order = again(order, f"{name}:{number}")
    return replace(month, last=event, order=advance(order, STATES[event.event], event.on, holds))


def told(due: Mapping[Purse, Payable]) -> dict[str, dict[str, int]]:
    """Return a month's amounts of each purse as its first event keeps them."""
    return {
        purse.name: {
            "recognised_fen": one.month.recognised_fen,
            "deducted_fen": one.month.deducted_fen,
            "prepaid_fen": one.month.prepaid_fen,
            "retained_fen": one.month.retained_fen,
            "released_fen": one.month.released_fen,
            "carried_in_fen": one.month.carried_fen,
            "payable_fen": one.payable_fen,
            "carried_fen": one.carried_fen,
        }
        for purse, one in due.items()
    }


def hold_of(events: Sequence[CaseEvent]) -> Hold:
    """Return the sanction that a hold's events tell.

    Raises:
        CaseError: `event_order`, `hold_dates`.

    Source: 经办条例 art. 43
    """
    before: str | None = None
    for event in events:
        check_follows(HOLD, before, event.event)
        before = event.event
    said: Mapping[str, Any] = events[0].content
    until = events[-1].on if events[-1].event == "released" else None
    return Hold(
        institution=said["person"],
        decision=said["decision"],
        heard=date.fromisoformat(said["heard"]),
        begins=events[0].on,
        ends=until,
    )
