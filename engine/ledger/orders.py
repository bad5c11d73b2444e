"""Payment orders to providers and persons, and the sanctions that hold them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum

from engine.errors import CaseError, ensure
from engine.ledger.postings import AccountKind, Heading, Posting, Purse, Side, move, post


class OrderState(IntEnum):
    """Where a payment order stands. The integers are stored: never renumber a member."""

    CREATED = 1
    SENT = 2
    PAID = 3
    RETURNED = 4


NEXT = {
    OrderState.CREATED: frozenset({OrderState.SENT}),
    OrderState.SENT: frozenset({OrderState.PAID, OrderState.RETURNED}),
    OrderState.PAID: frozenset[OrderState](),
    OrderState.RETURNED: frozenset[OrderState](),
}
"""State -> what may follow. A returned order stays so; the money goes out by a new order."""


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """An order to pay one payee.

    Attributes:
        payee: PROVIDER_PAYABLE or PERSON_PAYABLE with its party.
        amounts: fen from each purse, all above zero.
        replaces: the returned order whose money goes out again.
    """

    order_id: str
    payee: Side
    amounts: Mapping[Purse, int]
    state: OrderState = OrderState.CREATED
    replaces: str | None = None

    def __post_init__(self) -> None:
        payable = {AccountKind.PROVIDER_PAYABLE, AccountKind.PERSON_PAYABLE}
        ensure(self.payee.kind in payable, "only what is owed is paid", order=self.order_id)
        ensure(bool(self.amounts), "an order pays nothing", order=self.order_id)
        ensure(min(self.amounts.values()) > 0, "an order pays nothing", order=self.order_id)


@dataclass(frozen=True, slots=True)
class Hold:
    """A sanction under which a provider is not paid for a time.

    Attributes:
        decision: the recorded decision.
        heard: the day by which the provider could state its case.
        begins: the first day.
        ends: the day on which payment goes on, None while it is not known.
        purses: what is held; empty for all.

    Source: 经办条例 art. 43
    """

    institution: str
    decision: str
    heard: date
    begins: date
    ends: date | None = None
    purses: frozenset[Purse] = frozenset()

    def __post_init__(self) -> None:
        if self.heard > self.begins or (self.ends is not None and self.ends < self.begins):
            raise CaseError(
                "hold_dates",
                f"暂停支付 {self.decision} 的日期不成立：应先听取陈述（{self.heard}），再开始"
                f"（{self.begins}），后结束（{self.ends}）",
                f"the dates of the hold {self.decision} do not follow: the provider is heard "
                f"({self.heard}), then it begins ({self.begins}), then it ends ({self.ends})",
                decision=self.decision,
            )

    def stops(self, order: PaymentOrder, on: date) -> bool:
        """Return whether an order may not be sent on a day because of this hold."""
        return (
            order.payee == Side(AccountKind.PROVIDER_PAYABLE, self.institution)
            and self.begins <= on
            and (self.ends is None or on < self.ends)
            and (not self.purses or not self.purses.isdisjoint(order.amounts))
        )


def advance(
    order: PaymentOrder, to: OrderState, on: date, holds: Iterable[Hold] = ()
) -> PaymentOrder:
    """Return an order in its next state.

    Raises:
        CaseError: `order_state`, the state may not follow; `order_held`, a sanction holds it.
    """
    if to not in NEXT[order.state]:
        raise CaseError(
            "order_state",
            f"支付单 {order.order_id} 处于 {order.state.name}，不能转为 {to.name}",
            f"the payment order {order.order_id} is {order.state.name} and cannot become {to.name}",
            order=order.order_id,
        )
    stopping = [hold.decision for hold in holds if hold.stops(order, on)]
    if to is OrderState.SENT and stopping:
        raise CaseError(
            "order_held",
            f"支付单 {order.order_id} 因 {stopping} 暂停支付；解除后再发出",
            f"the payment order {order.order_id} is held by {stopping}; send it when that ends",
            order=order.order_id,
        )
    return replace(order, state=to)


def again(order: PaymentOrder, order_id: str) -> PaymentOrder:
    """Return a new order for the money of a returned one.

    Raises:
        CaseError: `order_state`, the order did not come back.
    """
    if order.state is not OrderState.RETURNED:
        raise CaseError(
            "order_state",
            f"支付单 {order.order_id} 没有退回，不能重开",
            f"the payment order {order.order_id} did not come back, so it is not made again",
            order=order.order_id,
        )
    return PaymentOrder(order_id, order.payee, order.amounts, replaces=order.order_id)


def order_posting(order: PaymentOrder, heading: Heading) -> Posting:
    """Return what the state that an order has just reached posts; a new order posts nothing."""
    transit, bank = Side(AccountKind.IN_TRANSIT), Side(AccountKind.BANK)
    sides = {
        OrderState.SENT: (order.payee, transit),
        OrderState.PAID: (transit, bank),
        OrderState.RETURNED: (transit, order.payee),
    }
    if order.state is OrderState.CREATED:
        return post(heading, ())
    debit, credit = sides[order.state]
    return post(heading, move(order.amounts, debit, credit))
