"""Claims by hand, step by step: each is one transaction with its event and its audit record.

Settling and taking back go through the one posting function first. Where the step is cut off
between the two, the same step again gets the same answer and goes on.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypeAlias

import sqlalchemy as sa

from engine.cases.life_cycle import CaseEvent
from engine.cases.manual import KIND, LIFE, ManualClaim, follow
from engine.cases.roles import INJURY_CLAIM
from engine.claims.columns import Event, EventFlag
from engine.codes.enums import Fund
from engine.errors import ClaimError
from engine.ledger.orders import OrderState, PaymentOrder, order_posting
from engine.ledger.postings import (
    AccountKind,
    Authority,
    Heading,
    Ledger,
    Purse,
    Side,
    reversal,
)
from engine.periods import day_number
from engine.policy.compiler import CompiledBook
from engine.storage import manual_allowances as allowances
from engine.storage.audit import canonical
from engine.storage.case_steps import begin, lock_case, read_case, take_step
from engine.storage.cases import (
    CaseKey,
    Officer,
    cases_with_invoices,
    keep_invoices,
    write_postings,
)
from engine.storage.database import Database
from engine.storage.ledger_tables import LIVE, SETTLEMENTS
from engine.storage.messages import Message, read_message
from engine.storage.officers import check_officer
from engine.storage.posting import post
from engine.storage.recognition import SCHEME as INJURY

SENDER = "manual"
"""Who sends the messages of claims by hand; no institution may bear the name."""

POSTED_AS = "posted_as"
"""Where a settled allowance names its posting; a settled bill names its settlement instead."""

DAYS = ("begin", "end")
Content: TypeAlias = Mapping[str, Any]
ORDER_STATES = {
    "order_sent": OrderState.SENT,
    "paid": OrderState.PAID,
    "order_returned": OrderState.RETURNED,
}


def receive(database: Database, officer: Officer, content: Content) -> CaseKey:
    """Open a claim with the papers that came in, and return its name.

    Args:
        content: person, region, scheme, kind and papers.

    Raises:
        CaseError: the kind is unknown, or a paper is not asked for.
    """
    event = CaseEvent("received", officer.on, officer.name, dict(content))
    with database.transaction() as connection:
        return begin(connection, LIFE, event, officer.at)


def step(
    database: Database, case_id: str, name: str, officer: Officer, content: Content
) -> ManualClaim:
    """Take a step that only records: papers_added, approved, refused.

    Raises:
        CaseError: the step may not follow, or lacks something.
    """
    event = CaseEvent(name, officer.on, officer.name, dict(content))
    with database.transaction() as connection:
        return take_step(connection, LIFE, case_id, event, officer.at)


def enter(
    database: Database, book: CompiledBook, case_id: str, officer: Officer, entry: Content
) -> ManualClaim:
    """Enter a claim's bill, once its papers are complete.

    Args:
        entry: invoices; institution; person and event as in a case file.

    Raises:
        CaseError: papers are missing, or it may not be entered now.
        ClaimError: the entry could not be settled as it is written.
    """
    event = CaseEvent("entered", officer.on, officer.name, dict(entry))
    with database.transaction() as connection:
        claim = take_step(connection, LIFE, case_id, event, officer.at)
        keep_invoices(connection, CaseKey(KIND, case_id), entry["invoices"])
        allowances.check_kind(claim)
        if allowances.is_allowance(claim):  # What could not be settled as written is not entered.
            allowances.granted(book, claim)
        else:
            _message(book, case_id, claim, officer.on)
    return claim


def check(
    database: Database, case_id: str, officer: Officer, settled_online: Sequence[str] = ()
) -> ManualClaim:
    """Look for the claim's invoices in other claims, and for its days among online settlements.

    Args:
        settled_online: settlements of the person there on those days that only the lake knows.
    """
    with database.transaction() as connection:
        claim, _ = lock_case(connection, LIFE, case_id)
        twice = cases_with_invoices(
            connection, CaseKey(KIND, case_id), claim.entry.get("invoices", [])
        )
        online = sorted({*settled_online, *_online(connection, claim)})
        found = [f"invoice {invoice} of {other}" for invoice, other in twice]
        found += [f"settled online {settlement}" for settlement in online]
        event = CaseEvent("checked", officer.on, officer.name, {"found": found})
        return take_step(connection, LIFE, case_id, event, officer.at)


def settle(database: Database, book: CompiledBook, case_id: str, officer: Officer) -> ManualClaim:
    """Settle a checked claim: what the funds pay is owed to the person.

    Raises:
        CaseError: the check has found something, or it may not be settled now; `not_of_the_role`,
            for a claim on the injury fund.
        ClaimError: the engine turned it away, with its code; `not_recognised` among them.

    Source: 经办条例 art. 20, 22
    """
    claim, events = read_case(database, LIFE, case_id)
    if claim.received.content["scheme"] == INJURY:
        with database.reading() as connection:
            check_officer(connection, officer, INJURY_CLAIM, "settled")
    follow(claim, CaseEvent("settled", officer.on, officer.name, {}))
    times = sum(event.event == "settled" for event in events)
    if allowances.is_allowance(claim):
        granted = allowances.granted(book, claim)
        name = f"{case_id}:granted:{times}"
        return _step_posted(database, case_id, "settled", officer, granted | {POSTED_AS: name})
    message = _message(book, case_id, claim, claim.last.on, times)
    [answer] = post(database, book, [message], officer.at)
    if isinstance(answer, ClaimError):
        raise answer
    [settled] = json.loads(answer)["settlements"]
    return step(database, case_id, "settled", officer, settled)


def send_back(
    database: Database, book: CompiledBook, case_id: str, officer: Officer, reason: str
) -> ManualClaim:
    """Send a settled claim back to be entered anew; its settlement is cancelled.

    Raises:
        CaseError: the officer has worked on it, no reason is given, or it is not settled.
        ClaimError: the settlement cannot be cancelled, for a later one stands.
    """
    claim, _ = read_case(database, LIFE, case_id)
    event = CaseEvent("sent_back", officer.on, officer.name, {"reason": reason})
    follow(claim, event)
    if POSTED_AS in claim.settlement:
        return _step_posted(database, case_id, "sent_back", officer, event.content)
    settlement = claim.settlement["settlement_id"]
    request = {
        "sender_id": SENDER,
        "message_id": f"cancel {settlement}",
        "verb": "cancel",
        "person_id": claim.received.content["person"],
        "settled_at": f"{claim.last.on}T00:00:00",
        "original": settlement,
    }
    [answer] = post(database, book, [read_message(canonical(request).encode(), book)], officer.at)
    if isinstance(answer, ClaimError):
        raise answer
    return step(database, case_id, "sent_back", officer, event.content)


def _step_posted(
    database: Database, case_id: str, name: str, officer: Officer, content: Content
) -> ManualClaim:
    """Take a step of an allowance with its posting, or with the opposite of it."""
    with database.transaction() as connection:
        before, _ = lock_case(connection, LIFE, case_id)
        event = CaseEvent(name, officer.on, officer.name, dict(content))
        after = take_step(connection, LIFE, case_id, event, officer.at)
        settled = after.settlement or before.settlement
        ledger = Ledger(Authority.MEDICAL, after.received.content["region"])
        heading = Heading(ledger, settled[POSTED_AS], officer.on, case_id)
        posted = allowances.posting(after, settled, heading)
        if name == "sent_back":
            undone = Heading(ledger, f"{heading.posting_id}:undone", officer.on, case_id)
            posted = reversal(posted, undone)
        write_postings(connection, [posted])
        return after


def pay(database: Database, case_id: str, name: str, officer: Officer) -> ManualClaim:
    """Take a step of the payment: order_sent, paid or order_returned, with its posting.

    Raises:
        CaseError: it may not follow.
        ClaimError: `nothing_to_pay`, no fund pays anything.
    """
    with database.transaction() as connection:
        _, events = lock_case(connection, LIFE, case_id)
        tries = sum(event.event == "order_sent" for event in events) + (name == "order_sent")
        order_id = f"{case_id}:{tries}"
        event = CaseEvent(name, officer.on, officer.name, {"order": order_id})
        claim = take_step(connection, LIFE, case_id, event, officer.at)
        place = claim.received.content
        owed = owed_to_person(claim)
        if not owed:
            raise ClaimError(
                "nothing_to_pay",
                f"{case_id} 没有应由基金支付的金额，无须支付",
                f"no fund pays anything for {case_id}, so there is nothing to pay",
            )
        payee = Side(AccountKind.PERSON_PAYABLE, place["person"])
        order = PaymentOrder(order_id, payee, owed, ORDER_STATES[name])
        ledger = Ledger(_authority(owed), place["region"])
        heading = Heading(ledger, f"{order_id}:{name}", officer.on, case_id)
        write_postings(connection, [order_posting(order, heading)])
        return claim


def owed_to_person(claim: ManualClaim) -> dict[Purse, int]:
    """Return what each purse still pays: what its settlement says, less what was set off."""
    owed = owed_by_purse(claim.settlement)
    left = {purse: fen - claim.set_off.get(purse.name, 0) for purse, fen in owed.items()}
    return {purse: fen for purse, fen in left.items() if fen}


def owed_by_purse(settlement: Content) -> dict[Purse, int]:
    """Return what a settlement's answer says each purse pays."""
    owed = {Purse.of_fund(fund): settlement[f"{fund.name.lower()}_paid_fen"] for fund in Fund}
    owed[Purse.ACCOUNT] = settlement["account_paid_fen"]
    return {purse: fen for purse, fen in owed.items() if fen}


def _authority(owed: Mapping[Purse, int]) -> Authority:
    return Authority.INJURY if Purse.INJURY in owed else Authority.MEDICAL


def _message(
    book: CompiledBook, case_id: str, claim: ManualClaim, on: date, times: int = 0
) -> Message:
    """Return the message that settles a claim; of the same claim always the same."""
    place, entry = claim.received.content, claim.entry
    request = {
        "sender_id": SENDER,
        "message_id": f"{case_id}:{times}",
        "verb": "settle",
        "person_id": place["person"],
        "settled_at": f"{on}T00:00:00",
        "region": place["region"],
        "scheme": place["scheme"],
        "person": entry["person"],
        "event": entry["event"],
    }
    if "institution" in entry:
        request |= {"institution_id": entry["institution"], "visit_id": case_id}
    message = read_message(canonical(request).encode(), book)
    if message.event is not None and message.visit_id:
        message.event[Event.FLAGS] |= EventFlag.PAID_TO_PERSON
    return message


def _online(connection: sa.Connection, claim: ManualClaim) -> list[str]:
    """Return live settlements of the person at the institution whose days meet the claim's."""
    if "institution" not in claim.entry:
        return []  # An allowance is for no visit.
    begin, end = (day_number(date.fromisoformat(claim.entry["event"][at])) for at in DAYS)
    query = (
        sa.select(SETTLEMENTS.c.settlement_id, SETTLEMENTS.c.facts)
        .join(LIVE, LIVE.c.settlement_id == SETTLEMENTS.c.settlement_id)
        .where(
            SETTLEMENTS.c.person_id == claim.received.content["person"],
            SETTLEMENTS.c.institution_id == claim.entry["institution"],
        )
    )
    stays = [(row.settlement_id, json.loads(row.facts)) for row in connection.execute(query)]
    return [
        settlement
        for settlement, facts in stays
        if facts["begin_day"] <= end and begin <= facts["end_day"]
    ]
