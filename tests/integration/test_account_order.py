"""A cascade draws on the personal account as it was in the place of each claim.

A stay of 1,000.00 leaves the patient, as the first of the year, 800.00 + 14 % x 200.00 = 828.00, as
a later one 400.00 + 14 % x 600.00 = 484.00. The account is given 500.00 before them.
"""

import json
from datetime import date
from typing import Any

import pytest

from engine.policy.book import PolicyBook, parse_scheme
from engine.policy.compiler import CompiledBook, compile_book
from engine.settlement.entitlement import End, EndKind
from engine.storage.database import Database
from engine.storage.messages import read_message
from engine.storage.overpaid import Proposal, overpaid
from engine.storage.posting import post
from tests.ledger_world import NOW, POLICY, stay, undo

Record = dict[str, Any]


@pytest.fixture(scope="module")
def accounts() -> CompiledBook:
    text = (POLICY.parent / "hand-employee-account.yaml").read_text(encoding="utf-8")
    order = "account: {pays: [deductible.basic, copay.basic]"
    text = text.replace("last_first", "cascade").replace(order, f"{order}, family: 1")
    return compile_book(PolicyBook([parse_scheme(text, "policy")]))


def credit(number: int, amount: str, **linked: Any) -> Record:
    event = {"kind": "account_credit", "amount": amount} | linked
    request = stay(number, event=event)
    return {
        name: told for name, told in request.items() if name not in {"institution_id", "visit_id"}
    }


def a_stay(number: int, *, drawing: bool = False, **changed: Any) -> Record:
    event = {**stay(number, "1000.00")["event"], "account_used": drawing}
    return stay(number, event=event | changed)


def drawn(database: Database, book: CompiledBook, *requests: Record) -> list[list[int]]:
    """Post requests one by one and return what each of their settlements drew."""
    found = []
    for request in requests:
        [answer] = post(database, book, [read_message(json.dumps(request).encode(), book)], NOW)
        assert isinstance(answer, bytes), answer
        found.append([one["account_paid_fen"] for one in json.loads(answer)["settlements"]])
    return found


LINKED = {"kind": "family_link", "account": 1}
STORY = (credit(1, "500.00"), a_stay(2), a_stay(3, drawing=True), credit(4, "1000.00"))


def test_a_later_claim_draws_on_what_the_account_held_at_its_place(
    database: Database, accounts: CompiledBook
) -> None:
    assert drawn(database, accounts, *STORY) == [[0], [0], [484_00], [0]]
    assert drawn(database, accounts, undo(5, 2)) == [[-484_00, 0, 500_00]]
    # The second credit is whole, and open to what comes now.
    assert drawn(database, accounts, a_stay(6, drawing=True)) == [[484_00]]


def test_a_linked_account_is_drawn_on_as_it_was_too(
    database: Database, accounts: CompiledBook
) -> None:
    story = (credit(1, "500.00", **LINKED), *STORY[1:3], credit(4, "1000.00", **LINKED))
    assert drawn(database, accounts, *story) == [[0], [0], [484_00], [0]]
    assert drawn(database, accounts, undo(5, 2)) == [[-484_00, 0, 500_00]]


def test_a_claim_keeps_its_place_however_often_it_is_settled_anew(
    database: Database, accounts: CompiledBook
) -> None:
    story = (STORY[0], a_stay(8), *STORY[1:])
    drawn(database, accounts, *story)
    assert drawn(database, accounts, undo(9, 2)) == [[-484_00, 0, 484_00]]
    assert drawn(database, accounts, undo(10, 8)) == [[-484_00, 0, 500_00]]


def test_a_claim_in_its_old_place_is_reckoned_again_as_it_was_paid(
    database: Database, accounts: CompiledBook
) -> None:
    later = a_stay(3, drawing=True, begin="2023-03-10", end="2023-03-20")
    drawn(database, accounts, *STORY[:2], later, STORY[3])
    [[_, _, again]] = drawn(database, accounts, undo(5, 2))
    assert again == 500_00
    with database.reading() as connection:
        end = End(EndKind.DEATH, date(2023, 3, 9), date(2023, 6, 1))
        [found] = overpaid(connection, accounts, "P1", end)
    assert isinstance(found, Proposal)
    assert (found.funds, found.account_fen, found.cash_fen) == (
        {"POOL": 172_00},
        500_00,
        328_00,
    )
