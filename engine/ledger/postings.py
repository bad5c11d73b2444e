"""Double entry: a posting belongs to one ledger, and its legs sum to zero, purse by purse.

Debits are above zero, credits below. Nothing here is ever changed: a posting is undone by its
exact opposite, which names it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum

from engine.codes.enums import Fund
from engine.errors import ensure
from engine.money import MAX_FEN, mul_div


class Purse(IntEnum):
    """Whose money it is: that of a fund, numbered as `Fund`, or of personal accounts.

    The integers are stored: never renumber a member.
    """

    POOL = 0
    LARGE_AMOUNT = 1
    SERIOUS_ILLNESS = 2
    CIVIL_SERVANT = 3
    ENTERPRISE = 4
    ASSISTANCE = 5
    INJURY = 6
    MATERNITY = 7
    OTHER = 8
    ACCOUNT = 100

    @classmethod
    def of_fund(cls, fund: Fund) -> "Purse":
        """Return the purse of a fund."""
        return cls(fund)


class Authority(IntEnum):
    """Who keeps a ledger. The integers are stored: never renumber a member."""

    MEDICAL = 1
    INJURY = 2


class AccountKind(IntEnum):
    """What an account tells. The integers are stored: never renumber a member.

    BENEFIT: what a fund has spent on benefits; PERSON_ACCOUNT: personal accounts, a debit lowers
    them; PROVIDER_PAYABLE and PERSON_PAYABLE: what is owed to providers and persons; CLEARING:
    another region; AGENCY: another authority; RECEIVABLE: what was paid too much and is to come
    back; IN_TRANSIT: sent to the bank; BANK: the fund's payment account; RETENTION: kept back
    until the year is cleared; PREPAYMENT: lent to providers; DEDUCTION: refused after review;
    BETWEEN: one purse's claim on the others of its ledger.
    """

    BENEFIT = 1
    PERSON_ACCOUNT = 2
    PROVIDER_PAYABLE = 3
    PERSON_PAYABLE = 4
    CLEARING = 5
    AGENCY = 6
    RECEIVABLE = 7
    IN_TRANSIT = 8
    BANK = 9
    RETENTION = 10
    PREPAYMENT = 11
    DEDUCTION = 12
    BETWEEN = 13


@dataclass(frozen=True, slots=True, order=True)
class Ledger:
    """One authority's books in one region."""

    authority: Authority
    region: str


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """An account of a purse; `party` is the person, institution, region or authority behind it."""

    kind: AccountKind
    purse: Purse
    party: str = ""


@dataclass(frozen=True, slots=True)
class Leg:
    """What a posting does to an account: a debit above zero, a credit below."""

    account: Account
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Heading:
    """Where and when something is posted, and why.

    Attributes:
        posting_id: names the posting within its ledger.
        cause: the settlement, order or decision that it follows from.
    """

    ledger: Ledger
    posting_id: str
    night: date
    cause: str


@dataclass(frozen=True, slots=True)
class Posting:
    """Legs that belong together.

    Attributes:
        reverses: the id of the posting that this one undoes.

    Raises:
        InvariantError: the legs of a purse do not sum to zero, a leg is zero or out of bounds, or
            a purse is none of the ledger's authority.
    """

    heading: Heading
    legs: tuple[Leg, ...]
    reverses: str | None = None

    def __post_init__(self) -> None:
        name = self.heading.posting_id
        injury = self.heading.ledger.authority is Authority.INJURY
        sums: Counter[Purse] = Counter()
        for leg in self.legs:
            purse = leg.account.purse
            ensure(0 < abs(leg.amount_fen) < MAX_FEN, "a leg is zero or out of bounds", of=name)
            ensure((purse is Purse.INJURY) is injury, "a posting crosses authorities", of=name)
            sums[purse] += leg.amount_fen
        ensure(not any(sums.values()), "the legs of a purse do not sum to zero", of=name)


def post(heading: Heading, amounts: Iterable[tuple[Account, int]]) -> Posting:
    """Return a posting; amounts of zero are left out, those of one account added up.

    Raises:
        InvariantError: they make no posting, see `Posting`.
    """
    sums: Counter[Account] = Counter()
    for account, amount_fen in amounts:
        sums[account] += amount_fen
    legs = (Leg(account, sums[account]) for account in sorted(sums) if sums[account])
    return Posting(heading, tuple(legs))


def move(purses: Mapping[Purse, int], debit: "Side", credit: "Side") -> list[tuple[Account, int]]:
    """Return the amounts that debit one kind of account and credit another, in each purse."""
    legs = []
    for purse, amount_fen in purses.items():
        legs += [(debit.of(purse), amount_fen), (credit.of(purse), -amount_fen)]
    return legs


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a movement: accounts of one kind and party, whatever the purse."""

    kind: AccountKind
    party: str = ""

    def of(self, purse: Purse) -> Account:
        """Return the account in a purse."""
        return Account(self.kind, purse, self.party)


def reversal(posting: Posting, heading: Heading) -> Posting:
    """Return the exact opposite of a posting, in the same ledger.

    Raises:
        InvariantError: it is itself a reversal, or the heading is of another ledger.
    """
    ensure(posting.reverses is None, "a reversal is not reversed", of=posting.heading.posting_id)
    ensure(
        posting.heading.ledger == heading.ledger,
        "a reversal stands in another ledger",
        of=heading.posting_id,
    )
    legs = tuple(replace(leg, amount_fen=-leg.amount_fen) for leg in posting.legs)
    return Posting(heading, legs, reverses=posting.heading.posting_id)


def balances(postings: Iterable[Posting]) -> dict[tuple[Ledger, Account], int]:
    """Return the balance of every account, in fen, debit above zero; those at zero left out."""
    sums: Counter[tuple[Ledger, Account]] = Counter()
    for posting in postings:
        for leg in posting.legs:
            sums[posting.heading.ledger, leg.account] += leg.amount_fen
    return {key: amount_fen for key, amount_fen in sums.items() if amount_fen}


def cut(amount_fen: int, weights: Mapping[Purse, int]) -> dict[Purse, int]:
    """Return an amount cut by weights: parts that sum to it, none above its weight.

    Each part ends where the amount times the weights so far ends, rounded half up, so that the
    remainder of each rounding falls to the next purse.

    Args:
        amount_fen: from 0 to the sum of the weights.
        weights: none below zero.
    """
    whole = sum(weights.values())
    ensure(0 <= amount_fen <= whole, "more is cut than there is", amount_fen=amount_fen)
    ensure(min(weights.values(), default=0) >= 0, "a weight is below zero")
    parts: dict[Purse, int] = {}
    before = so_far = 0
    for purse in sorted(weights):
        so_far += weights[purse]
        end = mul_div(amount_fen, so_far, whole) if whole else 0
        parts[purse] = end - before
        before = end
    return parts
