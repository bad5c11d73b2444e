"""Money out: a month is stated once from the ledger, ordered, held, sent, returned and paid.

The policy is that of tests/ledger_world.py: stays of 22,000.00 pay 18,232.00 the first time
and 18,936.00 the second.
"""

from collections import Counter
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from engine.cases.provider_month import FundSums, ProviderMonth, sums
from engine.errors import CaseError
from engine.ledger.postings import Authority, Ledger, Purse
from engine.storage.audit import verify
from engine.storage.case_tables import POSTING_LEGS
from engine.storage.cases import CaseKey, Officer, read_events
from engine.storage.database import Database
from engine.storage.injury import decide, report, take_over
from engine.storage.ledger_tables import LEGS, SETTLEMENTS
from engine.storage.officers import change_role
from engine.storage.payments import (
    MonthTerms,
    hold,
    months_of,
    release,
    state_month,
    step,
)
from tests.injury_world import injury_book
from tests.ledger_world import ask, settled_as, stay, undo

LEDGER = Ledger(Authority.MEDICAL, "000000")
MARCH, APRIL = date(2023, 3, 1), date(2023, 4, 1)
CASHIER = Officer("cashier", date(2023, 4, 10), 100)
PAYABLE, IN_TRANSIT, BANK = 3, 8, 9


def stated(database: Database, month: date = MARCH, **terms: Any) -> list[str]:
    return state_month(database, LEDGER, month, MonthTerms(**terms), CASHIER)


def purse(database: Database, name: str) -> dict[str, int]:
    with database.transaction() as connection:
        first = read_events(connection, CaseKey("provider_month", name))[0]
    return dict(first.content["purses"]["POOL"])


def balances(database: Database) -> dict[tuple[int, int, str], int]:
    sums: Counter[tuple[int, int, str]] = Counter()
    with database.reading() as connection:
        for table in (LEGS, POSTING_LEGS):
            c = table.c
            for row in connection.execute(sa.select(c.account, c.purse, c.party, c.amount_fen)):
                sums[row[0], row[1], row[2]] += row[3]
    return {key: fen for key, fen in sums.items() if fen}


def pay(database: Database, name: str, *events: str) -> ProviderMonth:
    found = [step(database, name, event, CASHIER) for event in events]
    return found[-1]


# 18,232.00 less 232.00 refused, 3,000.00 prepaid and 5 % of 18,232.00, 911.60: 14,088.40.
def test_a_month_is_stated_and_paid_and_the_books_are_even(database: Database) -> None:
    ask(database, stay(1))
    given = {("H1", Purse.POOL): {"deducted_fen": 232_00, "prepaid_fen": 3_000_00}}
    [name] = stated(database, retention_ppm=50_000, given=given)
    assert name == "MEDICAL-000000-202303-H1"
    assert purse(database, name)["payable_fen"] == 14_088_40
    assert balances(database)[PAYABLE, 0, "H1"] == -14_088_40
    assert pay(database, name, "order_sent", "paid").last.event == "paid"
    after = balances(database)
    assert (PAYABLE, 0, "H1") not in after
    assert after[BANK, 0, ""] == -14_088_40
    with database.reading() as connection:
        assert verify(connection).first_bad is None


def test_a_late_claim_and_a_cancellation_come_with_the_next_month(database: Database) -> None:
    ask(database, stay(1))
    [march] = stated(database)
    # Settled in March, but after the statement: 18,936.00; in May it is cancelled.
    ask(database, stay(2))
    [april] = stated(database, APRIL)
    assert purse(database, april)["recognised_fen"] == 18_936_00
    ask(database, undo(3, 2, settled_at="2023-05-09T10:00:00"))
    [may] = stated(database, date(2023, 5, 1))
    assert purse(database, may)["recognised_fen"] == -18_936_00
    assert purse(database, may)["carried_fen"] == 18_936_00
    assert purse(database, march)["recognised_fen"] == 18_232_00


def test_what_a_month_could_not_bear_comes_off_the_next(database: Database) -> None:
    ask(database, stay(1))
    stated(database, given={("H1", Purse.POOL): {"deducted_fen": 20_000_00}})
    ask(database, stay(2, settled_at="2023-04-08T10:00:00"))
    [april] = stated(database, APRIL)
    # 20,000.00 - 18,232.00 = 1,768.00 carried; 18,936.00 - 1,768.00 = 17,168.00.
    assert purse(database, april)["carried_in_fen"] == 1_768_00
    assert purse(database, april)["payable_fen"] == 17_168_00
    assert balances(database)[PAYABLE, 0, "H1"] == -17_168_00


def test_a_month_is_stated_once(database: Database) -> None:
    ask(database, stay(1))
    stated(database, APRIL)
    for month in (MARCH, APRIL):
        with pytest.raises(CaseError, match="month_stated"):
            stated(database, month)


def test_a_month_in_which_nothing_is_due_has_no_order(database: Database) -> None:
    ask(database, stay(1))
    [name] = stated(database, given={("H1", Purse.POOL): {"deducted_fen": 20_000_00}})
    with pytest.raises(CaseError, match="nothing_to_pay"):
        pay(database, name, "order_sent")


def test_a_hold_stops_the_order_until_it_is_released(database: Database) -> None:
    ask(database, stay(1))
    [name] = stated(database)
    said = {"decision": "D7", "heard": "2023-04-01"}
    held = hold(database, "H1", "000000", Officer("head", date(2023, 4, 5), 100), said)
    with pytest.raises(CaseError, match="order_held"):
        pay(database, name, "order_sent")
    assert balances(database)[PAYABLE, 0, "H1"] == -18_232_00
    release(database, held, Officer("head", date(2023, 4, 10), 100))
    assert pay(database, name, "order_sent").last.event == "order_sent"


def test_a_provider_is_heard_before_it_is_held(database: Database) -> None:
    said = {"decision": "D7", "heard": "2023-04-06"}
    with pytest.raises(CaseError, match="hold_dates"):
        hold(database, "H1", "000000", Officer("head", date(2023, 4, 5), 100), said)


def test_what_the_bank_returns_goes_out_by_a_new_order(database: Database) -> None:
    ask(database, stay(1))
    [name] = stated(database)
    month = pay(database, name, "order_sent", "order_returned")
    assert balances(database)[PAYABLE, 0, "H1"] == -18_232_00
    month = pay(database, name, "order_sent")
    assert month.order is not None
    assert (month.order.order_id, month.order.replaces) == (f"{name}:2", f"{name}:1")
    assert balances(database)[IN_TRANSIT, 0, ""] == -18_232_00


def test_the_two_authorities_pay_an_institution_what_the_injury_fund_pays(
    database: Database,
) -> None:
    ask(database, stay(1))
    chief, clerk, recorder = (
        Officer(name, date(2023, 3, 20), 100) for name in ("chief", "clerk", "recorder")
    )
    for name, role in (
        ("clerk", "injury_reception"),
        ("recorder", "injury_recognition"),
        ("clerk", "injury_settlement"),
    ):
        change_role(database, "granted", name, role, chief)
    case_id = report(database, clerk, "P1", "000000", MARCH).case_id
    decide(database, case_id, "recognised", recorder, "D5")
    bill = {
        "settlement": settled_as(1),
        "person": {"class": "active"},
        "event": stay(1)["event"],
    }
    take_over(database, injury_book(), case_id, clerk, bill)
    [medical] = stated(database)
    injury = Ledger(Authority.INJURY, "000000")
    [own] = state_month(database, injury, MARCH, MonthTerms(), CASHIER)
    pay(database, medical, "order_sent", "paid")
    pay(database, own, "order_sent", "paid")
    # 22,000.00 in all: 18,232.00 through basic insurance, which the injury agency owes it.
    after = balances(database)
    assert (after[BANK, 0, ""], after[BANK, 6, ""]) == (-18_232_00, -3_768_00)
    assert not any(kind == PAYABLE for kind, _, _ in after)


# 18,232.00 less 232.00 is 18,000.00; of that 3,000.00 were lent before, so 15,000.00 go out.
def test_a_month_says_what_was_declared_recognised_and_paid_by_each_fund(
    database: Database,
) -> None:
    ask(database, stay(1))
    given = {("H1", Purse.POOL): {"deducted_fen": 232_00, "prepaid_fen": 3_000_00}}
    [name] = stated(database, given=given)
    pay(database, name, "order_sent")
    sent = sums(months_of(database, "000000", "H1", MARCH)[name])[Purse.POOL]
    assert sent == FundSums(declared_fen=18_232_00, deducted_fen=232_00, paid_fen=0)
    assert sent.recognised_fen == 18_000_00
    pay(database, name, "paid")
    paid = sums(months_of(database, "000000", "H1", MARCH)[name])[Purse.POOL]
    assert paid.paid_fen == -balances(database)[BANK, 0, ""] == 15_000_00


def test_months_declare_together_what_settlements_say_the_funds_pay(database: Database) -> None:
    ask(database, stay(1))
    names = stated(database)
    ask(
        database,
        stay(2, settled_at="2023-04-02T10:00:00"),
        undo(3, 2, settled_at="2023-04-03T10:00:00"),
    )
    ask(database, stay(4, settled_at="2023-04-04T10:00:00"))
    names += stated(database, APRIL)
    months = months_of(database, "000000", "H1", MARCH) | months_of(database, "000000", "H1", APRIL)
    assert sorted(months) == sorted(names)
    declared = sum(one.declared_fen for month in months.values() for one in sums(month).values())
    c = SETTLEMENTS.c.fund_total_fen
    with database.reading() as connection:
        assert declared == connection.scalar(sa.select(sa.func.sum(c))) == 37_168_00


@pytest.mark.parametrize(
    ("region", "institution"), [("000000", "H2"), ("610100", "H1")], ids=["institution", "region"]
)
def test_a_month_that_nobody_stated_says_so(
    database: Database, region: str, institution: str
) -> None:
    ask(database, stay(1))
    stated(database)
    with pytest.raises(CaseError, match="month_not_stated"):
        months_of(database, region, institution, MARCH)
