"""Money received without right comes back: at once, by instalments, or set off; to who paid it.

The benefit against which a debt is set off is reckoned in full, and the person's counters with
it; the set-off is a leg after the split.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from engine.claims.columns import Ints
from engine.codes.enums import Fund
from engine.errors import CaseError, ensure
from engine.ledger.postings import (
    Account,
    AccountKind,
    Heading,
    Posting,
    Purse,
    Side,
    cut,
    move,
    post,
)
from engine.money import mul_div


@dataclass(frozen=True, slots=True)
class Debt:
    """What is still to come back under one decision, by the purse that paid it, in fen.

    Attributes:
        decision: the documented decision.
        debtor: who gives back: the person, or an institution.
        person: whose benefit it was; account money goes back to this person's account.
    """

    decision: str
    debtor: str
    person: str
    owed: Mapping[Purse, int]

    def __post_init__(self) -> None:
        ensure(min(self.owed.values(), default=0) >= 0, "a debt is below zero", of=self.decision)
        own = self.debtor == self.person and bool(self.owed.get(Purse.ACCOUNT))
        ensure(not own, "a person owes nothing to an account of their own", of=self.decision)

    @property
    def total_fen(self) -> int:
        """What is owed in all."""
        return sum(self.owed.values())


def owed_by_purse(funds: Ints, account_fen: int = 0) -> dict[Purse, int]:
    """Return what is to come back as a debt holds it.

    Args:
        funds: (FUNDS_COUNT,) for each fund, in fen.
        account_fen: for the personal account, where an institution gives back.
    """
    owed = {Purse.of_fund(fund): int(funds[fund]) for fund in Fund if funds[fund]}
    return owed | ({Purse.ACCOUNT: account_fen} if account_fen else {})


@dataclass(frozen=True, slots=True)
class Instalment:
    """A part of a debt and the day by which it is due."""

    due: date
    amount_fen: int


def demand(heading: Heading, debt: Debt) -> Posting:
    """Return the posting of a decision: each fund's spending falls, its receivable rises.

    Account money is no fund's: it is booked when it comes in, so that nobody spends it before.

    Source: 经办条例 art. 46; 基金条例 art. 45
    """
    funds = dict(debt.owed)
    funds.pop(Purse.ACCOUNT, None)
    receivable = Side(AccountKind.RECEIVABLE, debt.debtor)
    return post(heading, move(funds, receivable, Side(AccountKind.BENEFIT)))


def instalments(debt: Debt, due: Sequence[date]) -> list[Instalment]:
    """Return equal instalments, to a fen, that sum to the debt.

    Args:
        debt: the debt.
        due: the days of the agreement, ascending; the first alone means at once.

    Raises:
        CaseError: `instalments`, there are no days, they do not ascend, or they are more than fen.

    Source: 经办条例 art. 46
    """
    count, total = len(due), debt.total_fen
    if not 0 < count <= total or any(a >= b for a, b in pairwise(due)):
        raise CaseError(
            "instalments",
            f"{debt.decision} 的分期不成立：日期须逐次递增，每期至少一分",
            f"the instalments of {debt.decision} do not hold: their days ascend and each is at "
            "least a fen",
            decision=debt.decision,
        )
    ends = [mul_div(total, k, count) for k in range(count + 1)]
    return [Instalment(due[k], ends[k + 1] - ends[k]) for k in range(count)]


@dataclass(frozen=True, slots=True)
class Repaid:
    """A payment on a debt, what each purse has of it, and what is left."""

    parts: Mapping[Purse, int]
    left: Debt


def repay(debt: Debt, amount_fen: int) -> Repaid:
    """Return a payment cut to the purses that paid, by what each is still owed.

    Raises:
        CaseError: `repaid_too_much`, it is more than the debt, or nothing.

    Source: 基金条例 art. 45
    """
    if not 0 < amount_fen <= debt.total_fen:
        raise CaseError(
            "repaid_too_much",
            f"{debt.decision} 尚欠 {debt.total_fen} 分，不能收 {amount_fen} 分",
            f"{debt.decision} still owes {debt.total_fen} fen, so {amount_fen} fen cannot be taken",
            decision=debt.decision,
        )
    parts = cut(amount_fen, debt.owed)
    left = {purse: fen - parts[purse] for purse, fen in debt.owed.items()}
    return Repaid(parts, replace(debt, owed=left))


def receipt_posting(heading: Heading, repaid: Repaid) -> Posting:
    """Return the posting of money that came in on a debt, purse by purse."""
    debt = repaid.left
    legs = []
    for purse, fen in repaid.parts.items():
        cleared = Account(AccountKind.RECEIVABLE, purse, debt.debtor)
        if purse is Purse.ACCOUNT:
            cleared = Account(AccountKind.PERSON_ACCOUNT, purse, debt.person)
        legs += [(Account(AccountKind.BANK, purse), fen), (cleared, -fen)]
    return post(heading, legs)


@dataclass(frozen=True, slots=True)
class Available:
    """What a debt may be set off against; money owed to institutions is not part of it.

    Attributes:
        payable: owed to the person, by purse: claims by hand and allowances.
        account_fen: what the person's own account holds.
    """

    payable: Mapping[Purse, int]
    account_fen: int = 0


@dataclass(frozen=True, slots=True)
class SetOff:
    """What is taken from where, and what it repays: both sum to the same."""

    payable: Mapping[Purse, int]
    account_fen: int
    repaid: Repaid


def set_off(debt: Debt, available: Available) -> SetOff | None:
    """Return what can be set off: money owed to the person first, then the account.

    Only what the person owes is set off. None where there is nothing to set it off against.

    Source: 经办条例 art. 46
    """
    ensure(debt.debtor == debt.person, "only a person's debt is set off", of=debt.decision)
    ensure(min(available.payable.values(), default=0) >= 0, "what is owed is below zero")
    owed = min(debt.total_fen, sum(available.payable.values()))
    from_account = min(debt.total_fen - owed, max(available.account_fen, 0))
    if owed + from_account == 0:
        return None
    repaid = repay(debt, owed + from_account)
    return SetOff(cut(owed, available.payable), from_account, repaid)


def set_off_posting(heading: Heading, taken: SetOff) -> Posting:
    """Return the posting of a set-off; where one purse repays another, it says so between them."""
    person = taken.repaid.left.person
    legs = [
        (Account(AccountKind.PERSON_PAYABLE, purse, person), fen)
        for purse, fen in taken.payable.items()
    ]
    legs += [(Account(AccountKind.PERSON_ACCOUNT, Purse.ACCOUNT, person), taken.account_fen)]
    legs += [
        (Account(AccountKind.RECEIVABLE, purse, person), -fen)
        for purse, fen in taken.repaid.parts.items()
    ]
    net: Counter[Purse] = Counter()
    for account, fen in legs:
        net[account.purse] += fen
    legs += [(Account(AccountKind.BETWEEN, purse), -fen) for purse, fen in net.items()]
    return post(heading, legs)
