"""A debt comes back whole, to the funds that paid, in one of three ways."""

from datetime import date

import pytest

from engine.codes.enums import Fund
from engine.errors import CaseError, InvariantError
from engine.ledger.benefits import Benefit, to_person, to_provider
from engine.ledger.postings import (
    Account,
    AccountKind,
    Authority,
    Heading,
    Ledger,
    Posting,
    Purse,
    balances,
)
from engine.ledger.recovery import (
    Available,
    Debt,
    demand,
    instalments,
    receipt_posting,
    repay,
    set_off,
    set_off_posting,
)

LEDGER = Ledger(Authority.MEDICAL, "610100")
DEBT = Debt("decision 9", "P1", "P1", {Purse.POOL: 6_000, Purse.SERIOUS_ILLNESS: 3_000})
MAY, JUNE, JULY = date(2024, 5, 1), date(2024, 6, 1), date(2024, 7, 1)


def heading(name: str) -> Heading:
    return Heading(LEDGER, name, MAY, "decision 9")


def by_account(*postings: Posting) -> dict[tuple[str, str], int]:
    return {
        (account.kind.name, account.purse.name): fen
        for (_, account), fen in balances(postings).items()
    }


def test_a_demand_takes_it_off_what_each_fund_has_spent() -> None:
    paid = to_person(
        heading("paid"), Benefit({Fund.POOL: 6_000, Fund.SERIOUS_ILLNESS: 3_000}, {}), "P1"
    )
    assert by_account(paid, demand(heading("demand"), DEBT)) == {
        ("PERSON_PAYABLE", "POOL"): -6_000,
        ("PERSON_PAYABLE", "SERIOUS_ILLNESS"): -3_000,
        ("RECEIVABLE", "POOL"): 6_000,
        ("RECEIVABLE", "SERIOUS_ILLNESS"): 3_000,
    }


# 90.00 in three: 30.00 each; 100 fen in three: 33, 34 and 33.
def test_instalments_are_equal_to_a_fen_and_sum_to_the_debt() -> None:
    assert [one.amount_fen for one in instalments(DEBT, [MAY, JUNE, JULY])] == [3_000] * 3
    small = Debt("decision 9", "P1", "P1", {Purse.POOL: 100})
    assert [one.amount_fen for one in instalments(small, [MAY, JUNE, JULY])] == [33, 34, 33]


@pytest.mark.parametrize("due", [[], [JUNE, MAY], [MAY, MAY]])
def test_instalments_need_days_that_ascend(due: list[date]) -> None:
    with pytest.raises(CaseError) as caught:
        instalments(DEBT, due)
    assert caught.value.code == "instalments"


def test_an_instalment_is_at_least_a_fen() -> None:
    with pytest.raises(CaseError):
        instalments(Debt("decision 9", "P1", "P1", {Purse.POOL: 1}), [MAY, JUNE])


# 30.00 on 60.00 : 30.00 is 20.00 and 10.00.
def test_a_payment_goes_to_the_funds_that_paid_in_their_proportion() -> None:
    repaid = repay(DEBT, 3_000)
    assert repaid.parts == {Purse.POOL: 2_000, Purse.SERIOUS_ILLNESS: 1_000}
    assert repaid.left.owed == {Purse.POOL: 4_000, Purse.SERIOUS_ILLNESS: 2_000}
    assert by_account(demand(heading("a"), DEBT), receipt_posting(heading("b"), repaid)) == {
        ("BENEFIT", "POOL"): -6_000,
        ("BENEFIT", "SERIOUS_ILLNESS"): -3_000,
        ("RECEIVABLE", "POOL"): 4_000,
        ("RECEIVABLE", "SERIOUS_ILLNESS"): 2_000,
        ("BANK", "POOL"): 2_000,
        ("BANK", "SERIOUS_ILLNESS"): 1_000,
    }


@pytest.mark.parametrize("amount_fen", [0, 9_001])
def test_no_more_is_taken_than_is_owed(amount_fen: int) -> None:
    with pytest.raises(CaseError) as caught:
        repay(DEBT, amount_fen)
    assert caught.value.code == "repaid_too_much"


# A claim by hand of 50.00 from assistance and 25.00 of account money settle 75.00 of the 90.00:
# 50.00 to the pool, 25.00 to serious illness.
def test_a_set_off_takes_what_is_owed_to_the_person_and_then_the_account() -> None:
    taken = set_off(DEBT, Available({Purse.ASSISTANCE: 5_000}, account_fen=2_500))
    assert taken is not None
    assert (taken.payable, taken.account_fen) == ({Purse.ASSISTANCE: 5_000}, 2_500)
    assert taken.repaid.parts == {Purse.POOL: 5_000, Purse.SERIOUS_ILLNESS: 2_500}
    assert by_account(set_off_posting(heading("off"), taken)) == {
        ("PERSON_PAYABLE", "ASSISTANCE"): 5_000,
        ("PERSON_ACCOUNT", "ACCOUNT"): 2_500,
        ("RECEIVABLE", "POOL"): -5_000,
        ("RECEIVABLE", "SERIOUS_ILLNESS"): -2_500,
        ("BETWEEN", "ASSISTANCE"): -5_000,
        ("BETWEEN", "ACCOUNT"): -2_500,
        ("BETWEEN", "POOL"): 5_000,
        ("BETWEEN", "SERIOUS_ILLNESS"): 2_500,
    }


def test_the_account_is_spared_where_what_is_owed_suffices() -> None:
    taken = set_off(DEBT, Available({Purse.POOL: 20_000}, account_fen=2_500))
    assert taken is not None
    assert (taken.payable, taken.account_fen) == ({Purse.POOL: 9_000}, 0)
    assert taken.repaid.left.total_fen == 0


def test_the_benefit_that_is_set_off_is_posted_in_full() -> None:
    small = Debt("decision 9", "P1", "P1", {Purse.POOL: 100})
    benefit = to_person(heading("claim"), Benefit({Fund.POOL: 700}, {}), "P1")
    taken = set_off(small, Available({Purse.POOL: 700}))
    assert taken is not None
    posted = by_account(benefit, set_off_posting(heading("off"), taken))
    assert posted[("BENEFIT", "POOL")] == 700
    assert posted[("PERSON_PAYABLE", "POOL")] == -600


def test_nothing_is_set_off_against_nothing() -> None:
    assert set_off(DEBT, Available({})) is None


def test_the_debt_of_an_institution_is_not_set_off_against_a_person() -> None:
    with pytest.raises(InvariantError):
        set_off(Debt("decision 9", "H1", "P1", {Purse.POOL: 1}), Available({Purse.POOL: 1}))


def test_account_money_comes_back_to_the_account_when_it_is_there() -> None:
    debt = Debt("decision 9", "H1", "P1", {Purse.POOL: 200, Purse.ACCOUNT: 100})
    assert by_account(demand(heading("a"), debt)) == {
        ("RECEIVABLE", "POOL"): 200,
        ("BENEFIT", "POOL"): -200,
    }
    receipt = receipt_posting(heading("b"), repay(debt, 300))
    assert (
        balances([receipt])[LEDGER, Account(AccountKind.PERSON_ACCOUNT, Purse.ACCOUNT, "P1")]
        == -100
    )


def test_a_person_owes_nothing_to_an_account_of_their_own() -> None:
    with pytest.raises(InvariantError):
        Debt("decision 9", "P1", "P1", {Purse.ACCOUNT: 100})


def test_money_owed_to_an_institution_is_not_available() -> None:
    direct = to_provider(heading("direct"), Benefit({Fund.POOL: 700}, {}), "H1")
    kinds = {account.kind for _, account in balances([direct])}
    assert AccountKind.PERSON_PAYABLE not in kinds
