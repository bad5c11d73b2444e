"""What one region owes another: items, the month's sums, what is contested, and the prepayment.

An amount is above zero where the region of insurance owes the region of care, on both sides.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.errors import CaseError
from engine.ledger.postings import AccountKind, Heading, Posting, Purse, Side, move, post
from engine.money import PPM, mul_div, parse_rate_ppm
from engine.policy.reader import read_document

TABLE = Path(__file__).with_name("clearing.yaml")


class Role(StrEnum):
    """Which side of a pair a region is. The texts are stored: never change one."""

    CARE = "care"
    HOME = "home"


class ItemKind(StrEnum):
    """What makes an item. The texts are stored: never change one."""

    CLAIM = "claim"
    REVERSAL = "reversal"
    DEDUCTION = "deduction"


@dataclass(frozen=True, slots=True)
class Item:
    """Something that one region owes another for, by purse, in fen.

    Attributes:
        item_id: the same on both sides: that of the claim, its reversal or the deduction.
        claim_id: the claim that it is of.
        day: on which it counts.
    """

    item_id: str
    claim_id: str
    kind: ItemKind
    day: int
    purses: Mapping[Purse, int]


@dataclass(frozen=True, slots=True)
class Difference:
    """An item on which two regions do not agree; None for the side that has none."""

    item_id: str
    claim_id: str
    care_fen: int | None
    home_fen: int | None


def differences(care: Iterable[Item], home: Iterable[Item]) -> list[Difference]:
    """Return where two regions' items are not the same, purse by purse, in order of their ids."""
    ours = {item.item_id: item for item in home}
    theirs = {item.item_id: item for item in care}
    found = []
    for name in sorted({*ours, *theirs}):
        one, other = theirs.get(name), ours.get(name)
        if one is not None and other is not None and dict(one.purses) == dict(other.purses):
            continue
        known = one or other
        claim = "" if known is None else known.claim_id
        found.append(Difference(name, claim, _sum(one), _sum(other)))
    return found


def _sum(item: Item | None) -> int | None:
    return None if item is None else sum(item.purses.values())


def due_of(items: Iterable[Item]) -> dict[Purse, dict[str, int]]:
    """Return what items come to, purse by purse: each kind, and what is due in all, in fen."""
    sums: dict[Purse, Counter[str]] = {}
    for item in items:
        for purse, fen in item.purses.items():
            sums.setdefault(purse, Counter())[item.kind] += fen
    return {
        purse: {f"{kind.value}_fen": amounts[kind] for kind in ItemKind}
        | {"due_fen": sum(amounts.values())}
        for purse, amounts in sorted(sums.items())
    }


def check_deduction(name: str, owed: Mapping[Purse, int], deducted: Mapping[Purse, int]) -> None:
    """Check that what is contested of a claim is owed for it by funds, purse by purse.

    Account money is the person's: it comes back when the claim is cancelled.

    Args:
        name: of the claim.
        owed: what is owed for it, less what was deducted before.
        deducted: what is contested, above zero.

    Raises:
        CaseError: `deduction_too_much`.
    """
    most: dict[Purse, int] = dict(owed)
    most.pop(Purse.ACCOUNT, None)
    lacking = [purse.name for purse, fen in deducted.items() if not 0 < fen <= most.get(purse, 0)]
    if lacking or not deducted:
        raise CaseError(
            "deduction_too_much",
            f"申请 {name} 在 {lacking} 中没有这么多应付金额可扣减；请核对基金与金额",
            f"less than that is owed for the claim {name} in {lacking}; check fund and amount",
            claim=name,
        )


def deduction_posting(
    heading: Heading, role: Role, parties: tuple[str, str], purses: Mapping[Purse, int]
) -> Posting:
    """Return what a contested amount posts: less is due, and less was earned or spent.

    Args:
        heading: of the side that posts.
        role: of that side.
        parties: the other region, and the institution that treated.
        purses: above zero.

    Source: 经办条例 art. 23
    """
    other, institution = parties
    clearing = Side(AccountKind.CLEARING, other)
    if role is Role.CARE:
        return post(
            heading, move(purses, Side(AccountKind.PROVIDER_PAYABLE, institution), clearing)
        )
    return post(heading, move(purses, clearing, Side(AccountKind.BENEFIT)))


def payment_posting(
    heading: Heading, role: Role, other: str, purses: Mapping[Purse, int]
) -> Posting:
    """Return what the payment of a month posts: the bank against what was due."""
    bank, clearing = Side(AccountKind.BANK), Side(AccountKind.CLEARING, other)
    sides = (bank, clearing) if role is Role.CARE else (clearing, bank)
    return post(heading, move(purses, *sides))


def prepayment_posting(heading: Heading, role: Role, other: str, amount_fen: int) -> Posting:
    """Return what a prepayment posts: the pooled fund of insurance lends, that of care holds it."""
    bank, lent = Side(AccountKind.BANK), Side(AccountKind.PREPAYMENT, other)
    sides = (bank, lent) if role is Role.CARE else (lent, bank)
    return post(heading, move({Purse.POOL: amount_fen}, *sides))


@dataclass(frozen=True, slots=True)
class Balance:
    """Where a pair of regions stands, in fen.

    Attributes:
        prepaid_fen: what the region of insurance has lent to that of care.
        due_fen: what it owes and has not paid.
    """

    role: Role
    other: str
    prepaid_fen: int
    due_fen: int

    @property
    def used_ppm(self) -> int | None:
        """What share of the prepayment is used up; None where nothing was prepaid."""
        if self.prepaid_fen <= 0:
            return None
        return mul_div(max(self.due_fen, 0), PPM, self.prepaid_fen)


@dataclass(frozen=True, slots=True)
class Warned:
    """A level of warning, and what to do at it."""

    from_ppm: int
    level: str
    zh: str
    en: str


def warning_of(balance: Balance) -> Warned | None:
    """Return the highest warning whose share of the prepayment is used up, or None.

    Example:
        >>> warning_of(Balance(Role.HOME, "610100", 100_00, 69_99)) is None
        True
        >>> [warning_of(Balance(Role.HOME, "610100", 100_00, due)).level for due in (70_00, 90_00)]
        ['yellow', 'red']
    """
    used = balance.used_ppm
    reached = [one for one in _warnings() if used is not None and used >= one.from_ppm]
    return max(reached, key=lambda one: one.from_ppm, default=None)


def statuses() -> Mapping[str, Mapping[str, str]]:
    """Return how each state of a month's statement is called, by its last event."""
    found: Mapping[str, Mapping[str, str]] = _table()["statuses"]
    return found


@lru_cache(maxsize=1)
def _warnings() -> tuple[Warned, ...]:
    return tuple(
        Warned(
            parse_rate_ppm(row["from"]),
            row["level"],
            f"{row['zh']}：{row['do_zh']}",
            f"{row['en']}: {row['do_en']}",
        )
        for row in _table()["warnings"]
    )


@lru_cache(maxsize=1)
def _table() -> Any:
    return read_document(TABLE, TABLE.name).value
