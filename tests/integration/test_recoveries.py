"""What a person received too much comes back to the funds that paid: paid in, or set off.

The policy is that of tests/ledger_world.py: a first stay of 10,800.00 pays 8,600.00.
"""

from collections import Counter
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from engine.cases.recovery_case import LIFE
from engine.errors import CaseError
from engine.storage.audit import verify
from engine.storage.case_steps import read_case
from engine.storage.case_tables import POSTING_LEGS
from engine.storage.cases import Officer
from engine.storage.database import Database
from engine.storage.ledger_tables import LEGS
from engine.storage.manual import check, enter, pay, receive, settle
from engine.storage.manual import step as manual_step
from engine.storage.recoveries import propose, set_off_claim, step
from tests.ledger_world import book, counters

CLERK = Officer("clerk", date(2023, 4, 3), 100)
HEAD = Officer("head", date(2023, 4, 4), 200)
BENEFIT, PERSON_PAYABLE, RECEIVABLE, BANK, BETWEEN = 1, 4, 7, 9, 13
POOL, LARGE_AMOUNT = 0, 1


def proposed(database: Database, person: str = "P1", **owed: int) -> str:
    said = {
        "person": person,
        "region": "000000",
        "debtor": person,
        "reason": "insured elsewhere",
        "owed": owed or {"POOL": 6_000_00, "LARGE_AMOUNT": 3_000_00},
    }
    return propose(database, CLERK, said).case_id


def decided(database: Database, person: str = "P1", **owed: int) -> str:
    case_id = proposed(database, person, **owed)
    step(database, case_id, "noticed", CLERK, {})
    step(database, case_id, "decided", HEAD, {"decision": "D9"})
    return case_id


def balances(database: Database) -> dict[tuple[int, int], int]:
    sums: Counter[tuple[int, int]] = Counter()
    with database.reading() as connection:
        for table in (LEGS, POSTING_LEGS):
            c = table.c
            for row in connection.execute(sa.select(c.account, c.purse, c.amount_fen)):
                sums[row[0], row[1]] += row[2]
    return {key: fen for key, fen in sums.items() if fen}


def approved_claim(database: Database) -> str:
    papers = ["receipt", "itemised_list", "diagnosis", "records"]
    opening = {"person": "P1", "region": "000000", "scheme": "employee", "kind": "medical"}
    claim = receive(database, CLERK, {**opening, "papers": papers}).case_id
    event = {"visit": "inpatient", "level": "L3", "begin": "2023-03-01", "end": "2023-03-08"}
    entry: dict[str, Any] = {
        "invoices": ["1"],
        "institution": "H9",
        "person": {"class": "active"},
        "event": {**event, "total": "10800.00"},
    }
    enter(database, book(), claim, CLERK, entry)
    check(database, claim, CLERK)
    settle(database, book(), claim, CLERK)
    manual_step(database, claim, "approved", HEAD, {})
    return claim


# 3,000.00 on 6,000.00 : 3,000.00 is 2,000.00 and 1,000.00.
def test_a_debt_is_demanded_and_paid_back_to_the_funds_that_paid(database: Database) -> None:
    case_id = decided(database)
    assert balances(database) == {
        (BENEFIT, POOL): -6_000_00,
        (BENEFIT, LARGE_AMOUNT): -3_000_00,
        (RECEIVABLE, POOL): 6_000_00,
        (RECEIVABLE, LARGE_AMOUNT): 3_000_00,
    }
    agreed = {"due": ["2023-05-01", "2023-06-01", "2023-07-01"]}
    plan = step(database, case_id, "agreed", CLERK, agreed).plan
    assert [one.amount_fen for one in plan] == [3_000_00] * 3
    step(database, case_id, "received", CLERK, {"amount_fen": 3_000_00})
    assert balances(database)[BANK, POOL] == 2_000_00
    assert balances(database)[BANK, LARGE_AMOUNT] == 1_000_00
    left = step(database, case_id, "received", CLERK, {"amount_fen": 6_000_00}).debt
    assert left.total_fen == 0
    assert (RECEIVABLE, POOL) not in balances(database)
    with database.reading() as connection:
        assert verify(connection).first_bad is None


# The claim pays 8,600.00; the person owes 9,000.00, and 400.00 stay: 8,600 x 6/9 = 5,733.33 to the
# pool and 2,866.67 to the large-amount fund, which the pool owes it.
def test_a_debt_is_set_off_against_a_claim_that_is_reckoned_in_full(database: Database) -> None:
    case_id = decided(database)
    claim = approved_claim(database)
    left = set_off_claim(database, case_id, claim, HEAD).debt
    assert left.total_fen == 400_00
    assert counters(database)["pool_paid"] == 8_600_00 * 10**6
    found = balances(database)
    assert (PERSON_PAYABLE, POOL) not in found
    assert found[RECEIVABLE, POOL] == 266_67
    assert found[RECEIVABLE, LARGE_AMOUNT] == 133_33
    assert (found[BETWEEN, POOL], found[BETWEEN, LARGE_AMOUNT]) == (-2_866_67, 2_866_67)
    with pytest.raises(Exception, match="nothing_to_pay"):
        pay(database, claim, "order_sent", HEAD)


def test_what_is_left_of_a_claim_is_paid(database: Database) -> None:
    case_id = decided(database, POOL=600_00)
    claim = approved_claim(database)
    assert set_off_claim(database, case_id, claim, HEAD).debt.total_fen == 0
    pay(database, claim, "order_sent", HEAD)
    pay(database, claim, "paid", HEAD)
    assert balances(database)[BANK, POOL] == -8_000_00
    assert (PERSON_PAYABLE, POOL) not in balances(database)


def test_a_claim_of_another_person_pays_nobodys_debt(database: Database) -> None:
    case_id = decided(database, person="P2")
    with pytest.raises(CaseError, match="nothing_to_set_off"):
        set_off_claim(database, case_id, approved_claim(database), HEAD)


def test_nothing_is_set_off_before_the_decision(database: Database) -> None:
    case_id = proposed(database)
    claim = approved_claim(database)
    before = balances(database)
    with pytest.raises(CaseError, match="event_order"):
        set_off_claim(database, case_id, claim, HEAD)
    assert balances(database) == before


def test_who_proposes_does_not_decide(database: Database) -> None:
    case_id = proposed(database)
    step(database, case_id, "noticed", CLERK, {})
    with pytest.raises(CaseError, match="same_person"):
        step(database, case_id, "decided", CLERK, {"decision": "D9"})
    assert read_case(database, LIFE, case_id)[0].last.event == "noticed"


@pytest.mark.parametrize(
    ("name", "said", "code"),
    [
        ("objected", {"reason": " "}, "no_reason"),
        ("decided", {"decision": ""}, "no_decision"),
        ("set_off", {}, "not_a_step"),
        ("received", {"amount_fen": 1}, "event_order"),
    ],
)
def test_a_step_that_lacks_something_is_refused(
    database: Database, name: str, said: dict[str, Any], code: str
) -> None:
    case_id = proposed(database)
    step(database, case_id, "noticed", CLERK, {})
    with pytest.raises(CaseError, match=code):
        step(database, case_id, name, HEAD, said)


def test_no_more_comes_back_than_is_owed(database: Database) -> None:
    case_id = decided(database)
    with pytest.raises(CaseError, match="repaid_too_much"):
        step(database, case_id, "received", CLERK, {"amount_fen": 9_000_01})


def test_an_objection_may_end_it(database: Database) -> None:
    case_id = proposed(database)
    step(database, case_id, "noticed", CLERK, {})
    step(database, case_id, "objected", CLERK, {"reason": "was insured here"})
    step(database, case_id, "withdrawn", HEAD, {"reason": "the register was wrong"})
    assert balances(database) == {}
