"""A posting belongs to one ledger and each purse's legs in it sum to zero."""

from datetime import date

import pytest

from engine.codes.enums import Fund
from engine.errors import InvariantError
from engine.ledger.benefits import Benefit, for_region, supersede, to_person, to_provider, to_region
from engine.ledger.orders import OrderState, PaymentOrder, order_posting
from engine.ledger.postings import (
    Account,
    AccountKind,
    Authority,
    Heading,
    Ledger,
    Leg,
    Posting,
    Purse,
    Side,
    balances,
    cut,
    reversal,
)

XIAN = Ledger(Authority.MEDICAL, "610100")
XIAN_INJURY = Ledger(Authority.INJURY, "610100")
NIGHT = date(2024, 3, 31)
STAY = Benefit({Fund.POOL: 1_732_800, Fund.LARGE_AMOUNT: 5_000}, {"P1": 30_000})
POOL = Account(AccountKind.BENEFIT, Purse.POOL)


def heading(name: str = "one", ledger: Ledger = XIAN) -> Heading:
    return Heading(ledger, name, NIGHT, "S1")


def amounts(posting: Posting) -> dict[tuple[str, str, str], int]:
    return {
        (leg.account.kind.name, leg.account.purse.name, leg.account.party): leg.amount_fen
        for leg in posting.legs
    }


def test_a_purse_bears_the_number_of_its_fund() -> None:
    assert {purse.name: int(purse) for purse in Purse if purse is not Purse.ACCOUNT} == {
        fund.name: int(fund) for fund in Fund
    }


def test_a_direct_settlement_is_owed_to_the_institution_fund_by_fund() -> None:
    assert amounts(to_provider(heading(), STAY, "H1")) == {
        ("BENEFIT", "POOL", ""): 1_732_800,
        ("BENEFIT", "LARGE_AMOUNT", ""): 5_000,
        ("PERSON_ACCOUNT", "ACCOUNT", "P1"): 30_000,
        ("PROVIDER_PAYABLE", "POOL", "H1"): -1_732_800,
        ("PROVIDER_PAYABLE", "LARGE_AMOUNT", "H1"): -5_000,
        ("PROVIDER_PAYABLE", "ACCOUNT", "H1"): -30_000,
    }


def test_a_claim_by_hand_is_owed_to_the_person() -> None:
    benefit = Benefit({Fund.POOL: 700}, {})
    assert amounts(to_person(heading(), benefit, "P1")) == {
        ("BENEFIT", "POOL", ""): 700,
        ("PERSON_PAYABLE", "POOL", "P1"): -700,
    }


def test_a_bill_paid_in_cash_alone_posts_nothing() -> None:
    assert to_provider(heading(), Benefit({}, {}), "H1").legs == ()


def test_family_money_is_taken_from_each_holder() -> None:
    benefit = Benefit({}, {"P1": 100, "P2": 40})
    assert amounts(to_provider(heading(), benefit, "H1")) == {
        ("PERSON_ACCOUNT", "ACCOUNT", "P1"): 100,
        ("PERSON_ACCOUNT", "ACCOUNT", "P2"): 40,
        ("PROVIDER_PAYABLE", "ACCOUNT", "H1"): -140,
    }


def test_care_elsewhere_leaves_the_two_regions_with_opposite_dues() -> None:
    benefit = Benefit({Fund.POOL: 900}, {"P1": 100})
    home = to_region(heading(), benefit, "110000")
    care = for_region(heading(ledger=Ledger(Authority.MEDICAL, "110000")), benefit, "610100", "H1")
    owes = {purse: fen for (kind, purse, _), fen in amounts(home).items() if kind == "CLEARING"}
    is_due = {purse: fen for (kind, purse, _), fen in amounts(care).items() if kind == "CLEARING"}
    assert owes == {"POOL": -900, "ACCOUNT": -100}
    assert is_due == {"POOL": 900, "ACCOUNT": 100}


def test_a_reversal_is_the_exact_opposite_and_names_its_original() -> None:
    first = to_provider(heading(), STAY, "H1")
    undone = reversal(first, heading("two"))
    assert undone.reverses == "one"
    assert balances([first, undone]) == {}


def test_a_reversal_is_not_reversed() -> None:
    undone = reversal(to_provider(heading(), STAY, "H1"), heading("two"))
    with pytest.raises(InvariantError):
        reversal(undone, heading("three"))


def test_a_reversal_stays_in_its_ledger() -> None:
    with pytest.raises(InvariantError):
        reversal(to_provider(heading(), STAY, "H1"), heading("two", Ledger(XIAN.authority, "1")))


@pytest.mark.parametrize(
    "legs",
    [
        (Leg(POOL, 5),),
        (Leg(POOL, 0),),
        (Leg(POOL, 5), Leg(Account(AccountKind.BANK, Purse.ASSISTANCE), -5)),
        (Leg(POOL, 10**12), Leg(Account(AccountKind.BANK, Purse.POOL), -(10**12))),
    ],
)
def test_legs_that_do_not_balance_purse_by_purse_are_refused(legs: tuple[Leg, ...]) -> None:
    with pytest.raises(InvariantError):
        Posting(heading(), legs)


@pytest.mark.parametrize(("ledger", "fund"), [(XIAN, Fund.INJURY), (XIAN_INJURY, Fund.POOL)])
def test_a_purse_of_another_authority_is_refused(ledger: Ledger, fund: Fund) -> None:
    with pytest.raises(InvariantError):
        to_provider(heading(ledger=ledger), Benefit({fund: 5}, {}), "H1")


def paid_out(first: Posting, institution: str) -> Posting:
    owed = {leg.account.purse: -leg.amount_fen for leg in first.legs if leg.amount_fen < 0}
    payee = Side(AccountKind.PROVIDER_PAYABLE, institution)
    order = PaymentOrder("O1", payee, owed, OrderState.SENT)
    return order_posting(order, heading("sent"))


def left(*postings: Posting) -> dict[tuple[Ledger, Account], int]:
    """What is open but for the money that went to the bank."""
    found = balances(postings)
    return {key: fen for key, fen in found.items() if key[1].kind is not AccountKind.IN_TRANSIT}


# Basic insurance had paid 800.00 and the account 50.00. The injury fund pays 1000.00: 850.00 of it
# goes between the agencies, the institution gets 150.00 more.
def test_the_injury_fund_takes_the_place_of_basic_insurance() -> None:
    first = to_provider(heading(), Benefit({Fund.POOL: 80_000}, {"P1": 5_000}), "H1")
    taken = supersede(first, Benefit({Fund.INJURY: 100_000}, {}), "H1", heading("injury"))
    assert left(first, paid_out(first, "H1"), *taken.postings) == {
        (XIAN, Account(AccountKind.AGENCY, Purse.POOL, "injury")): 80_000,
        (XIAN, Account(AccountKind.AGENCY, Purse.ACCOUNT, "injury")): 5_000,
        (XIAN_INJURY, Account(AccountKind.BENEFIT, Purse.INJURY)): 100_000,
        (XIAN_INJURY, Account(AccountKind.PROVIDER_PAYABLE, Purse.INJURY, "H1")): -15_000,
        (XIAN_INJURY, Account(AccountKind.AGENCY, Purse.INJURY, "medical")): -85_000,
    }


# The injury catalogue holds less: it pays 600.00 of the 800.00, and the institution owes 200.00.
def test_what_the_injury_fund_does_not_pay_the_institution_gives_back() -> None:
    first = to_provider(heading(), Benefit({Fund.POOL: 80_000}, {}), "H1")
    taken = supersede(first, Benefit({Fund.INJURY: 60_000}, {}), "H1", heading("injury"))
    assert left(first, paid_out(first, "H1"), *taken.postings) == {
        (XIAN, Account(AccountKind.AGENCY, Purse.POOL, "injury")): 60_000,
        (XIAN, Account(AccountKind.PROVIDER_PAYABLE, Purse.POOL, "H1")): 20_000,
        (XIAN_INJURY, Account(AccountKind.BENEFIT, Purse.INJURY)): 60_000,
        (XIAN_INJURY, Account(AccountKind.AGENCY, Purse.INJURY, "medical")): -60_000,
    }


# 100 over 1 : 1 : 1 ends at 33.3, 66.7 and 100, so at 33, 67 and 100.
def test_a_cut_ends_each_part_where_the_rounded_sum_so_far_ends() -> None:
    parts = cut(100, {Purse.POOL: 200, Purse.ASSISTANCE: 200, Purse.OTHER: 200})
    assert parts == {Purse.POOL: 33, Purse.ASSISTANCE: 34, Purse.OTHER: 33}


def test_more_than_there_is_cannot_be_cut() -> None:
    with pytest.raises(InvariantError):
        cut(3, {Purse.POOL: 2})
