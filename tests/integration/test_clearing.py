"""Clearing between regions: both sides come to the same sums, and the month closes on them."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.errors import CaseError, ClaimError, StorageError
from engine.ledger.clearing import Balance, Item, Role
from engine.ledger.postings import AccountKind, Authority, Ledger, Purse
from engine.periods import day_number
from engine.storage import care_claims, clearing
from engine.storage.case_tables import POSTING_LEGS
from engine.storage.cases import Officer
from engine.storage.clearing_items import Pair, day_sums, sort_items, stated_items
from engine.storage.database import Database
from engine.storage.lake import Lake
from engine.storage.ledger_tables import LEGS
from engine.storage.payments import MonthTerms, read_month, state_month
from tests.crossregion_world import (
    CARE,
    HOME,
    LOST_ANSWER,
    NOW,
    Line,
    claim,
    home_desk,
    reversal,
)
from tests.integration.night_world import World, a_bill

PAID, SECOND = 4_342_50, 4_500_00
"""Unfiled: (10,000.00 - 350.00) x 45 %, and 10,000.00 x 45 % once the year's deductible is paid."""

SERIOUS = 1_894_50
"""Of the second: 60 % of what is left of both, 5,657.50 + 5,500.00, above 8,000.00."""

MARCH, APRIL = date(2024, 3, 1), date(2024, 4, 1)
AT_CARE, AT_HOME = Pair(CARE, Role.CARE, HOME), Pair(HOME, Role.HOME, CARE)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "home.db")
    yield opened
    opened.close()


def officer(on: date) -> Officer:
    return Officer("clerk", on, NOW)


def settle(care: Database, home: Database, *numbers: int) -> list[str]:
    """Settle bills, and return the ids of their claims."""
    line = Line(home_desk(home))
    done = [
        care_claims.settle(care, line, claim(number), lambda _connection: None, NOW)
        for number in numbers
    ]
    return [one.ask.claim_id for one in done]


def undo(care: Database, home: Database, number: int) -> None:
    care_claims.reverse(care, Line(home_desk(home)), claim(number), reversal(number), NOW)


def stated(care: Database, month: date, on: date) -> tuple[str, list[Item]]:
    """State a month at the region of care, and return what goes to the other region."""
    name = clearing.state_month(care, AT_CARE, month, officer(on))
    with care.reading() as connection:
        return name, stated_items(connection, name)


def due(database: Database, name: str) -> dict[str, int]:
    """Return what a statement comes to, fund by fund."""
    purses = clearing.read_month(database, name)[0].content["purses"]
    return {purse: amounts["due_fen"] for purse, amounts in purses.items()}


def account(database: Database, kind: AccountKind) -> int:
    """Return the balance of an account of either kind of posting, over all purses and parties."""
    total = 0
    with database.reading() as connection:
        for table in (LEGS, POSTING_LEGS):
            query = sa.select(sa.func.sum(table.c.amount_fen)).where(table.c.account == int(kind))
            total += int(connection.scalar(query) or 0)
    return total


def test_a_day_s_sums_are_the_same_on_both_sides(database: Database, home: Database) -> None:
    settle(database, home, 1, 2)
    undo(database, home, 2)
    found = []
    for side in (database, home):
        with side.transaction() as connection:
            for _ in range(2):
                sort_items(connection, day_number(date(2024, 3, 31)))
            days = [
                [
                    (one.purse, one.claims, one.reversals, one.amount_fen)
                    for one in day_sums(connection, day_number(day))
                ]
                for day in (date(2024, 3, 8), date(2024, 3, 20))
            ]
        found.append(days)
    assert found[0] == found[1]
    assert found[0] == [
        [(Purse.POOL, 2, 0, PAID + SECOND), (Purse.SERIOUS_ILLNESS, 1, 0, SERIOUS)],
        [(Purse.POOL, 0, 1, -SECOND), (Purse.SERIOUS_ILLNESS, 0, 1, -SERIOUS)],
    ]


def test_a_month_is_stated_confirmed_and_paid_and_nothing_is_left(
    database: Database, home: Database
) -> None:
    settle(database, home, 1, 2)
    name, items = stated(database, MARCH, APRIL)
    sums = {"POOL": PAID + SECOND, "SERIOUS_ILLNESS": SERIOUS}
    assert due(database, name) == sums
    confirmed, found = clearing.confirm(home, AT_HOME, MARCH, items, officer(APRIL))
    assert found == []
    assert due(home, confirmed) == sums
    clearing.step(database, name, "confirmed", officer(APRIL))
    for side, statement in ((database, name), (home, confirmed)):
        clearing.step(side, statement, "paid", officer(APRIL))
        assert account(side, AccountKind.CLEARING) == 0
        assert [one.due_fen for _, one in clearing.balances(side, APRIL)] == []
    assert account(database, AccountKind.BANK) == -account(home, AccountKind.BANK)
    assert account(database, AccountKind.BANK) == sum(sums.values())


def test_a_statement_that_differs_is_told_claim_by_claim_and_confirms_nothing(
    database: Database, home: Database
) -> None:
    first, second = settle(database, home, 1, 2)
    _, items = stated(database, MARCH, APRIL)
    one, other = sorted(items, key=lambda item: item.item_id != first)
    more = Item(one.item_id, one.claim_id, one.kind, one.day, {Purse.POOL: PAID + 1})
    unknown = Item("nobody", "nobody", other.kind, other.day, {Purse.POOL: 5})
    name, found = clearing.confirm(home, AT_HOME, MARCH, [more, unknown], officer(APRIL))
    assert name == ""
    assert {(row.claim_id, row.care_fen, row.home_fen) for row in found} == {
        (first, PAID + 1, PAID),
        (second, None, SECOND + SERIOUS),
        ("nobody", 5, None),
    }
    assert clearing.confirm(home, AT_HOME, MARCH, items, officer(APRIL))[1] == []


def test_no_month_is_stated_twice_or_before_it_is_over_or_while_a_claim_is_unknown(
    database: Database, home: Database
) -> None:
    settle(database, home, 1)
    with pytest.raises(CaseError, match="month_open"):
        stated(database, MARCH, date(2024, 3, 31))
    line = Line(home_desk(home), LOST_ANSWER)
    with pytest.raises(StorageError, match="outcome_unknown"):
        care_claims.settle(database, line, claim(2), lambda _connection: None, NOW)
    with pytest.raises(CaseError, match="claims_open"):
        stated(database, MARCH, APRIL)
    settle(database, home, 2)
    stated(database, MARCH, APRIL)
    with pytest.raises(StorageError, match="case_exists"):
        stated(database, MARCH, APRIL)


def test_a_contested_amount_comes_off_a_later_month_on_both_sides(
    database: Database, home: Database
) -> None:
    [name] = settle(database, home, 1)
    _, march = stated(database, MARCH, APRIL)
    clearing.confirm(home, AT_HOME, MARCH, march, officer(APRIL))
    clearing.dispute(database, name, {Purse.POOL: 1_000_00}, "audit 7", officer(APRIL))
    april, items = stated(database, APRIL, date(2024, 5, 1))
    assert due(database, april) == {"POOL": -1_000_00}
    confirmed, found = clearing.confirm(home, AT_HOME, APRIL, items, officer(date(2024, 5, 2)))
    assert (found, due(home, confirmed)) == ([], {"POOL": -1_000_00})
    left = PAID - 1_000_00
    assert account(database, AccountKind.CLEARING) == -account(home, AccountKind.CLEARING) == left
    assert account(database, AccountKind.PROVIDER_PAYABLE) == -left
    assert account(home, AccountKind.BENEFIT) == left


@pytest.mark.parametrize(
    "wanted", [{Purse.POOL: PAID + 1}, {Purse.POOL: 0}, {Purse.OTHER: 1}, {Purse.ACCOUNT: 1}, {}]
)
def test_no_more_is_deducted_than_a_claim_is_owed(
    database: Database, home: Database, wanted: dict[Purse, int]
) -> None:
    [name] = settle(database, home, 1)
    stated(database, MARCH, APRIL)
    with pytest.raises(CaseError, match="deduction_too_much"):
        clearing.dispute(database, name, wanted, "audit 7", officer(APRIL))


def test_a_second_deduction_meets_what_the_first_has_left(
    database: Database, home: Database
) -> None:
    [name] = settle(database, home, 1)
    stated(database, MARCH, APRIL)
    clearing.dispute(database, name, {Purse.POOL: PAID}, "audit 7", officer(APRIL))
    with pytest.raises(CaseError, match="deduction_too_much"):
        clearing.dispute(database, name, {Purse.POOL: 1}, "audit 8", officer(APRIL))


def test_a_claim_that_is_in_no_statement_is_cancelled_and_not_contested(
    database: Database, home: Database
) -> None:
    [name] = settle(database, home, 1)
    with pytest.raises(CaseError, match="claim_not_stated"):
        clearing.dispute(database, name, {Purse.POOL: 1}, "audit 7", officer(APRIL))
    with pytest.raises(ClaimError, match="no_claim"):
        clearing.dispute(database, "none", {Purse.POOL: 1}, "audit 7", officer(APRIL))


def test_a_prepayment_is_used_up_by_what_is_due_and_refilled(
    database: Database, home: Database
) -> None:
    settle(database, home, 1)
    for side, pair in ((database, AT_CARE), (home, AT_HOME)):
        clearing.prepay(side, pair, 5_000_00, officer(APRIL))
        assert clearing.balances(side, APRIL) == [
            (pair.region, Balance(pair.role, pair.other, 5_000_00, PAID))
        ]
        clearing.prepay(side, pair, 1_000_00, officer(APRIL))
        [(_, balance)] = clearing.balances(side, APRIL)
        assert (balance.prepaid_fen, balance.used_ppm) == (6_000_00, 723_750)
    assert account(database, AccountKind.PREPAYMENT) == -6_000_00
    assert account(home, AccountKind.PREPAYMENT) == 6_000_00


def test_the_hospital_is_paid_with_its_other_claims_of_the_month(
    database: Database, home: Database
) -> None:
    settle(database, home, 1, 2)
    undo(database, home, 2)
    ledger = Ledger(Authority.MEDICAL, CARE)
    [name] = state_month(database, ledger, MARCH, MonthTerms(), officer(APRIL))
    amounts = read_month(database, name).stated.content["purses"]
    assert amounts["POOL"]["payable_fen"] == PAID


def test_a_statement_takes_no_step_that_may_not_follow(database: Database, home: Database) -> None:
    settle(database, home, 1)
    name, _ = stated(database, MARCH, APRIL)
    with pytest.raises(CaseError, match="event_order"):
        clearing.step(database, name, "paid", officer(APRIL))


def test_the_night_sorts_what_counts_up_to_it(tmp_path: Path, home: Database) -> None:
    world = World(tmp_path)
    lake = Lake(world.lake)
    settle(lake.database, home, 1)
    lake.database.close()
    world.night(a_bill(1, "E1", ("A", "100.00")))
    with lake.database.reading() as connection:
        [one] = day_sums(connection, day_number(date(2024, 3, 8)))
    lake.database.close()
    assert (one.pair, one.amount_fen) == (AT_CARE, PAID)
