"""A claim by hand in the ledger: settled through the one posting, owed and paid to the person.

The policy is that of tests/ledger_world.py: 800.00 off the first stay, then 86 %.
"""

from datetime import date
from functools import lru_cache
from typing import Any

import pytest
import sqlalchemy as sa

from engine.cases.manual import LIFE
from engine.errors import CaseError, ClaimError
from engine.policy.book import PolicyBook, parse_scheme
from engine.policy.compiler import CompiledBook, compile_book
from engine.storage.audit import verify
from engine.storage.case_steps import read_case
from engine.storage.case_tables import POSTING_LEGS
from engine.storage.cases import Officer
from engine.storage.database import Database
from engine.storage.ledger_tables import LEGS, SETTLEMENTS
from engine.storage.manual import (
    check,
    enter,
    pay,
    receive,
    send_back,
    settle,
    step,
)
from tests.ledger_world import POLICY, ask, book, counters, stay

CLERK = Officer("clerk", date(2023, 4, 3), 100)
REVIEWER = Officer("reviewer", date(2023, 4, 4), 200)
LATER = Officer("clerk", date(2023, 4, 6), 900)
FOUR = ["receipt", "itemised_list", "diagnosis", "records"]
OPENING = {"person": "P1", "region": "000000", "scheme": "employee", "kind": "medical"}


def entry(total: str = "10800.00", **changed: Any) -> dict[str, Any]:
    given = {
        "invoices": ["2023-77"],
        "institution": "H9",
        "person": {"class": "active"},
        "event": {
            "visit": "inpatient",
            "level": "L3",
            "begin": "2023-03-01",
            "end": "2023-03-08",
            "total": total,
        },
    }
    return given | changed


def received(database: Database) -> str:
    return receive(database, CLERK, {**OPENING, "papers": FOUR}).case_id


def checked(database: Database, **changed: Any) -> str:
    case_id = received(database)
    enter(database, book(), case_id, CLERK, entry(**changed))
    check(database, case_id, CLERK)
    return case_id


def legs(database: Database, table: sa.Table) -> dict[tuple[int, str], int]:
    """The balance of each kind of account and party."""
    c = table.c
    query = sa.select(c.account, c.party, sa.func.sum(c.amount_fen)).group_by(c.account, c.party)
    with database.reading() as connection:
        return {(row[0], row[1]): int(row[2]) for row in connection.execute(query) if row[2]}


# (10,800 - 800) x 86 % = 8,600.00. Accounts: 1 BENEFIT, 4 PERSON_PAYABLE, 9 BANK.
def test_a_claim_is_settled_and_paid_to_the_person(database: Database) -> None:
    case_id = checked(database)
    claim = settle(database, book(), case_id, CLERK)
    assert claim.settlement["pool_paid_fen"] == 8_600_00
    assert legs(database, LEGS) == {(1, ""): 8_600_00, (4, "P1"): -8_600_00}
    step(database, case_id, "approved", REVIEWER, {})
    pay(database, case_id, "order_sent", REVIEWER)
    assert pay(database, case_id, "paid", REVIEWER).last.event == "paid"
    assert legs(database, POSTING_LEGS) == {(4, "P1"): 8_600_00, (9, ""): -8_600_00}
    with database.reading() as connection:
        assert verify(connection).first_bad is None


def test_it_counts_toward_the_year_as_any_settlement_does(database: Database) -> None:
    ask(database, stay(1))
    claim = settle(database, book(), checked(database), CLERK)
    # The second stay has 400.00 off: (10,800 - 400) x 86 %.
    assert claim.settlement["pool_paid_fen"] == 8_944_00
    assert counters(database)["stays"] == 2


def test_what_the_bank_returns_goes_out_again(database: Database) -> None:
    case_id = checked(database)
    settle(database, book(), case_id, CLERK)
    step(database, case_id, "approved", REVIEWER, {})
    for name in ("order_sent", "order_returned"):
        pay(database, case_id, name, REVIEWER)
    assert legs(database, POSTING_LEGS) == {}
    for name in ("order_sent", "paid"):
        pay(database, case_id, name, REVIEWER)
    assert legs(database, POSTING_LEGS) == {(4, "P1"): 8_600_00, (9, ""): -8_600_00}


def test_a_claim_sent_back_is_cancelled_and_settled_anew(database: Database) -> None:
    case_id = checked(database)
    settle(database, book(), case_id, CLERK)
    send_back(database, book(), case_id, REVIEWER, "the total is that of another stay")
    assert legs(database, LEGS) == {}
    assert counters(database)["stays"] == 0
    enter(database, book(), case_id, LATER, entry("5800.00"))
    check(database, case_id, LATER)
    claim = settle(database, book(), case_id, LATER)
    assert claim.settlement["pool_paid_fen"] == 4_300_00
    assert legs(database, LEGS) == {(1, ""): 4_300_00, (4, "P1"): -4_300_00}


def test_a_step_cut_off_after_the_posting_goes_on_and_settles_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = checked(database)

    def cut_off(*_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("engine.storage.manual.step", cut_off)
        with pytest.raises(KeyboardInterrupt):
            settle(database, book(), case_id, CLERK)
    assert settle(database, book(), case_id, LATER).settlement["pool_paid_fen"] == 8_600_00
    with database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(SETTLEMENTS)) == 1


def test_an_invoice_that_another_claim_holds_is_found(database: Database) -> None:
    first = checked(database)
    second = received(database)
    enter(database, book(), second, CLERK, entry())
    claim = check(database, second, CLERK)
    assert claim.last.content["found"] == [f"invoice 2023-77 of {first}"]
    with pytest.raises(CaseError, match="not_clear"):
        settle(database, book(), second, CLERK)
    refused = step(database, second, "refused", REVIEWER, {"reason": "the invoice is used"})
    assert refused.decided


def test_days_that_were_settled_online_are_found(database: Database) -> None:
    ask(database, stay(1, institution_id="H9"))
    case_id = received(database)
    enter(database, book(), case_id, CLERK, entry())
    [found] = check(database, case_id, CLERK).last.content["found"]
    assert found.startswith("settled online ")


def test_days_beside_or_elsewhere_are_not_found(database: Database) -> None:
    ask(database, stay(1))
    after = {**entry()["event"], "begin": "2023-03-09", "end": "2023-03-12"}
    ask(database, stay(2, institution_id="H9", settled_at="2023-03-13T10:00:00", event=after))
    case_id = checked(database)
    assert read_case(database, LIFE, case_id)[0].last.content["found"] == []


def test_what_only_the_lake_knows_is_a_finding_too(database: Database) -> None:
    case_id = received(database)
    enter(database, book(), case_id, CLERK, entry())
    claim = check(database, case_id, CLERK, ["S77"])
    assert claim.last.content["found"] == ["settled online S77"]


def test_an_entry_that_cannot_be_read_is_not_entered(database: Database) -> None:
    case_id = received(database)
    wrong = {**entry()["event"], "level": "L9"}
    with pytest.raises(ClaimError, match="unknown_member"):
        enter(database, book(), case_id, CLERK, entry(event=wrong))
    assert read_case(database, LIFE, case_id)[0].last.event == "received"


def test_a_claim_that_no_fund_pays_for_has_no_order(database: Database) -> None:
    case_id = checked(database, total="700.00")
    settle(database, book(), case_id, CLERK)
    step(database, case_id, "approved", REVIEWER, {})
    with pytest.raises(ClaimError, match="nothing_to_pay"):
        pay(database, case_id, "order_sent", REVIEWER)
    assert read_case(database, LIFE, case_id)[0].last.event == "approved"


MATERNITY = POLICY.with_name("unnamed-maternity-30-days.yaml")
BIRTH = {
    "kind": "allowance",
    "allowance": "birth",
    "on": "2023-03-01",
    "employer_wage": "6000.00",
    "days": 98,
}


@lru_cache(maxsize=1)
def maternity() -> CompiledBook:
    text = MATERNITY.read_text(encoding="utf-8")
    return compile_book(PolicyBook([parse_scheme(text, "policy")]))


def birth(database: Database, event: dict[str, Any]) -> str:
    opening = {**OPENING, "scheme": "maternity", "kind": "allowance", "papers": ["records"]}
    case_id = receive(database, CLERK, opening).case_id
    entered = {"invoices": [], "person": {"class": "active"}, "event": event}
    enter(database, maternity(), case_id, CLERK, entered)
    check(database, case_id, CLERK)
    return case_id


# 6,000.00 x 98 / 30 = 19,600.00.
def test_an_allowance_needs_the_records_alone_and_is_paid_by_its_fund(database: Database) -> None:
    case_id = birth(database, BIRTH)
    claim = settle(database, maternity(), case_id, CLERK)
    assert claim.settlement["maternity_paid_fen"] == 19_600_00
    assert legs(database, POSTING_LEGS) == {(1, ""): 19_600_00, (4, "P1"): -19_600_00}
    step(database, case_id, "approved", REVIEWER, {})
    for name in ("order_sent", "paid"):
        pay(database, case_id, name, REVIEWER)
    assert legs(database, POSTING_LEGS) == {(1, ""): 19_600_00, (9, ""): -19_600_00}


def test_an_allowance_sent_back_is_posted_back_and_granted_anew(database: Database) -> None:
    case_id = birth(database, BIRTH)
    settle(database, maternity(), case_id, CLERK)
    send_back(database, maternity(), case_id, REVIEWER, "the wage is that of another year")
    assert legs(database, POSTING_LEGS) == {}
    entered = {"invoices": [], "person": {"class": "active"}, "event": {**BIRTH, "days": 15}}
    enter(database, maternity(), case_id, LATER, entered)
    check(database, case_id, LATER)
    settle(database, maternity(), case_id, LATER)
    assert legs(database, POSTING_LEGS) == {(1, ""): 3_000_00, (4, "P1"): -3_000_00}


def test_a_bill_is_not_entered_as_an_allowance_nor_the_other_way_round(
    database: Database,
) -> None:
    with pytest.raises(ClaimError, match="entry_kind"):
        birth(database, entry()["event"])
    case_id = received(database)
    with pytest.raises(ClaimError, match="entry_kind"):
        enter(database, book(), case_id, CLERK, entry(event=BIRTH))


def test_an_allowance_that_lacks_a_fact_is_not_entered(database: Database) -> None:
    without = {key: value for key, value in BIRTH.items() if key != "employer_wage"}
    with pytest.raises(ClaimError, match="no_terms"):
        birth(database, without)
