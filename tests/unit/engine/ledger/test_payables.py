"""A month's payable of each fund, and what a fund cannot bear."""

from datetime import date

import pytest

from engine.codes.enums import Fund
from engine.errors import InvariantError
from engine.ledger.benefits import Benefit, to_provider
from engine.ledger.payables import MonthOfFund, payables, statement
from engine.ledger.postings import (
    Account,
    AccountKind,
    Authority,
    Heading,
    Ledger,
    Purse,
    balances,
)

LEDGER = Ledger(Authority.MEDICAL, "610100")


def heading(name: str) -> Heading:
    return Heading(LEDGER, name, date(2024, 4, 1), "2024-03")


# 100000.00 recognised - 1200.00 refused - 20000.00 prepaid - 5 % of 100000.00 = 73800.00
def test_a_payable_is_what_is_recognised_less_all_that_is_kept() -> None:
    month = MonthOfFund(
        10_000_000, deducted_fen=120_000, prepaid_fen=2_000_000, retention_ppm=50_000
    )
    due = payables({Purse.POOL: month})[Purse.POOL]
    assert (due.payable_fen, due.carried_fen) == (7_380_000, 0)


# The pool cannot bear 500.00 of its deduction; assistance pays its own 300.00 all the same.
def test_what_a_fund_cannot_bear_stays_in_that_fund() -> None:
    due = payables(
        {
            Purse.POOL: MonthOfFund(100_000, deducted_fen=150_000),
            Purse.ASSISTANCE: MonthOfFund(30_000),
        }
    )
    assert (due[Purse.POOL].payable_fen, due[Purse.POOL].carried_fen) == (0, 50_000)
    assert (due[Purse.ASSISTANCE].payable_fen, due[Purse.ASSISTANCE].carried_fen) == (30_000, 0)


def test_what_was_carried_comes_off_the_next_month() -> None:
    month = MonthOfFund(80_000, carried_fen=50_000)
    assert payables({Purse.POOL: month})[Purse.POOL].payable_fen == 30_000


def test_retention_is_paid_out_when_it_is_released() -> None:
    month = MonthOfFund(0, released_fen=5_000)
    assert payables({Purse.POOL: month})[Purse.POOL].payable_fen == 5_000


# 1000.00 more cancelled than settled gives back 50.00 of retention: 950.00 carried forward.
def test_a_month_of_cancellations_gives_retention_back() -> None:
    due = payables({Purse.POOL: MonthOfFund(-100_000, retention_ppm=50_000)})[Purse.POOL]
    assert (due.payable_fen, due.carried_fen) == (0, 95_000)


def test_an_amount_below_zero_is_refused() -> None:
    with pytest.raises(InvariantError):
        MonthOfFund(0, deducted_fen=-1)


def test_after_the_statement_the_books_owe_exactly_the_payable() -> None:
    settled = to_provider(heading("S1"), Benefit({Fund.POOL: 100_000}, {}), "H1")
    month = MonthOfFund(100_000, deducted_fen=10_000, prepaid_fen=20_000, retention_ppm=50_000)
    due = payables({Purse.POOL: month})
    posted = balances([settled, statement(heading("statement"), due, "H1")])
    owed = {account.kind: fen for (_, account), fen in posted.items()}
    assert due[Purse.POOL].payable_fen == 65_000
    assert owed == {
        AccountKind.BENEFIT: 100_000,
        AccountKind.PROVIDER_PAYABLE: -65_000,
        AccountKind.DEDUCTION: -10_000,
        AccountKind.PREPAYMENT: -20_000,
        AccountKind.RETENTION: -5_000,
    }
    assert Account(AccountKind.RETENTION, Purse.POOL, "H1") in {account for _, account in posted}
