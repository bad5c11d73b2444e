"""What is due to a provider for a month, fund by fund; what one fund cannot bear stays in it."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import ensure
from engine.ledger.postings import AccountKind, Heading, Posting, Purse, Side, move, post
from engine.money import share_fen


@dataclass(frozen=True, slots=True)
class MonthOfFund:
    """What a month brought between one fund and one provider, in fen.

    Attributes:
        recognised_fen: settlements of the month less those cancelled in it; below zero where
            more was cancelled.
        deducted_fen: refused after review.
        prepaid_fen: of what was lent to the provider, what is to be set off.
        retention_ppm: share of the recognised amount that is kept until the year is cleared.
        released_fen: of what was kept before, what is paid out now.
        carried_fen: what earlier months could not bear.
    """

    recognised_fen: int
    deducted_fen: int = 0
    prepaid_fen: int = 0
    retention_ppm: int = 0
    released_fen: int = 0
    carried_fen: int = 0

    def __post_init__(self) -> None:
        given = (self.deducted_fen, self.prepaid_fen, self.released_fen, self.carried_fen)
        ensure(min(given) >= 0, "an amount of the month is below zero")

    @property
    def retained_fen(self) -> int:
        """What is kept; where more was cancelled than settled it is given back."""
        return share_fen(self.recognised_fen, self.retention_ppm)


@dataclass(frozen=True, slots=True)
class Payable:
    """What a fund pays a provider for a month, or what it carries forward: one of them is zero."""

    month: MonthOfFund
    payable_fen: int
    carried_fen: int


def payable_of(month: MonthOfFund) -> Payable:
    """Return what a fund pays for a month.

    payable - carried forward = recognised + released - deducted - prepaid - retained - carried in

    Source: 经办条例 art. 20, 43; 基金条例 art. 38
    """
    left = (
        month.recognised_fen
        + month.released_fen
        - month.deducted_fen
        - month.prepaid_fen
        - month.retained_fen
        - month.carried_fen
    )
    return Payable(month, payable_fen=max(left, 0), carried_fen=max(-left, 0))


def payables(months: Mapping[Purse, MonthOfFund]) -> dict[Purse, Payable]:
    """Return what each fund pays a provider for a month; no fund bears what another cannot."""
    return {purse: payable_of(month) for purse, month in sorted(months.items())}


def statement(heading: Heading, due: Mapping[Purse, Payable], institution: str) -> Posting:
    """Return the posting of a month's statement: what is not paid out leaves the payable.

    After it, and the postings of the month's settlements, the institution's payable in each fund
    is what is to be paid; where it owes, that is what is carried forward.
    """
    provider = Side(AccountKind.PROVIDER_PAYABLE, institution)
    months = {purse: payable.month for purse, payable in due.items()}
    legs = move(
        {purse: month.deducted_fen for purse, month in months.items()},
        provider,
        Side(AccountKind.DEDUCTION, institution),
    )
    legs += move(
        {purse: month.prepaid_fen for purse, month in months.items()},
        provider,
        Side(AccountKind.PREPAYMENT, institution),
    )
    legs += move(
        {purse: month.retained_fen - month.released_fen for purse, month in months.items()},
        provider,
        Side(AccountKind.RETENTION, institution),
    )
    return post(heading, legs)
