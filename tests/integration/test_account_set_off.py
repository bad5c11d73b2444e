"""A debt is set off against the debtor's own account: the balance falls, nothing else moves.

The policy is tests/golden/policies/hand-employee-account.yaml.
"""

import json
from collections import Counter
from datetime import date
from functools import lru_cache
from pathlib import Path

import pytest
import sqlalchemy as sa

from engine.cases.recovery_case import LIFE
from engine.errors import CaseError
from engine.policy.book import PolicyBook, parse_scheme
from engine.policy.compiler import CompiledBook, compile_book
from engine.storage.account_set_off import set_off_account
from engine.storage.audit import verify
from engine.storage.case_steps import read_case
from engine.storage.case_tables import POSTING_LEGS
from engine.storage.cases import Officer
from engine.storage.database import Database
from engine.storage.ledger_check import check_ledger
from engine.storage.messages import read_message
from engine.storage.posting import post
from engine.storage.recoveries import propose, step
from tests.ledger_world import NOW, Record, counters, stay

POLICY = Path(__file__).parents[1] / "golden/policies/hand-employee-account.yaml"
CLERK = Officer("clerk", date(2023, 4, 3), 100)
HEAD = Officer("head", date(2023, 4, 4), 200)
PERSON_ACCOUNT, RECEIVABLE, BETWEEN = 2, 7, 13
POOL, ACCOUNT = 0, 100


@lru_cache(maxsize=1)
def book() -> CompiledBook:
    return compile_book(PolicyBook([parse_scheme(POLICY.read_text(encoding="utf-8"), "policy")]))


def ask(database: Database, request: Record) -> None:
    message = read_message(json.dumps(request).encode(), book())
    [answer] = post(database, book(), [message], NOW)
    assert isinstance(answer, bytes), answer


def credit(database: Database, yuan: str) -> None:
    told = stay(9, visit_id=None, institution_id=None)
    ask(database, told | {"event": {"kind": "account_credit", "amount": yuan}})


def decided(database: Database, debtor: str = "P1", **owed: int) -> str:
    said = {"person": "P1", "region": "000000", "debtor": debtor, "reason": "twice", "owed": owed}
    case_id = propose(database, CLERK, said).case_id
    step(database, case_id, "noticed", CLERK, {})
    step(database, case_id, "decided", HEAD, {"decision": "D9"})
    return case_id


def balances(database: Database) -> dict[tuple[int, int], int]:
    sums: Counter[tuple[int, int]] = Counter()
    c = POSTING_LEGS.c
    with database.reading() as connection:
        for row in connection.execute(sa.select(c.account, c.purse, c.amount_fen)):
            sums[row[0], row[1]] += row[2]
    return {key: fen for key, fen in sums.items() if fen}


# The account holds 500.00 and 600.00 are owed to the pool: 100.00 stay owed.
def test_a_debt_takes_what_the_account_holds_and_the_rest_stays_owed(database: Database) -> None:
    credit(database, "500.00")
    case_id = decided(database, POOL=600_00)
    assert set_off_account(database, book(), case_id, HEAD).debt.total_fen == 100_00
    assert counters(database)["account_balance"] == 0
    found = balances(database)
    assert found[PERSON_ACCOUNT, ACCOUNT] == 500_00
    assert found[RECEIVABLE, POOL] == 100_00
    assert (found[BETWEEN, POOL], found[BETWEEN, ACCOUNT]) == (500_00, -500_00)
    with database.reading() as connection:
        check_ledger(connection)
        assert verify(connection).first_bad is None


def test_no_more_leaves_the_account_than_is_owed(database: Database) -> None:
    credit(database, "500.00")
    case_id = decided(database, POOL=120_01)
    assert set_off_account(database, book(), case_id, HEAD).debt.total_fen == 0
    assert counters(database)["account_balance"] == 379_99 * 10**6
    with pytest.raises(CaseError, match="nothing_to_set_off"):
        set_off_account(database, book(), case_id, HEAD)


def test_what_the_year_has_used_up_stays_as_it_is(database: Database) -> None:
    credit(database, "5000.00")
    ask(database, stay(1))
    before = counters(database)
    case_id = decided(database, POOL=100_00)
    set_off_account(database, book(), case_id, HEAD)
    after = counters(database)
    assert before["account_balance"] - after["account_balance"] == 100_00 * 10**6
    assert {**after, "account_balance": 0} == {**before, "account_balance": 0}


@pytest.mark.parametrize(
    ("debtor", "owed"),
    [("H1", {"POOL": 100_00}), ("P1", {"INJURY": 100_00})],
    ids=["an institution's debt", "the injury fund's"],
)
def test_a_debt_that_is_not_the_persons_to_basic_insurance_leaves_the_account(
    database: Database, debtor: str, owed: dict[str, int]
) -> None:
    credit(database, "500.00")
    case_id = decided(database, debtor, **owed)
    with pytest.raises(CaseError, match="nothing_to_set_off"):
        set_off_account(database, book(), case_id, HEAD)
    assert counters(database)["account_balance"] == 500_00 * 10**6


def test_an_empty_account_pays_nothing(database: Database) -> None:
    with pytest.raises(CaseError, match="nothing_to_set_off"):
        set_off_account(database, book(), decided(database, POOL=1), HEAD)


def test_who_proposes_does_not_take_it_out_of_the_account(database: Database) -> None:
    credit(database, "500.00")
    case_id = decided(database, POOL=100_00)
    with pytest.raises(CaseError, match="same_person"):
        set_off_account(database, book(), case_id, CLERK)
    assert read_case(database, LIFE, case_id)[0].debt.total_fen == 100_00


def test_nothing_leaves_the_account_before_the_decision(database: Database) -> None:
    credit(database, "500.00")
    said = {"person": "P1", "region": "000000", "debtor": "P1", "reason": "twice"}
    case_id = propose(database, CLERK, {**said, "owed": {"POOL": 100_00}}).case_id
    with pytest.raises(CaseError, match="event_order"):
        set_off_account(database, book(), case_id, HEAD)
    assert counters(database)["account_balance"] == 500_00 * 10**6
