"""Cases of work injury: a recognition is recorded, then the injury fund takes bills over."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from engine.cases.injury import KIND, LIFE, InjuryCase, check_recognised, follow
from engine.cases.life_cycle import CaseEvent
from engine.cases.roles import check_apart
from engine.codes.enums import Fund
from engine.errors import CaseError, ClaimError
from engine.ledger.benefits import Benefit, Superseded, supersede
from engine.ledger.postings import (
    Account,
    AccountKind,
    Authority,
    Heading,
    Ledger,
    Leg,
    Posting,
    Purse,
)
from engine.policy.compiler import CompiledBook
from engine.storage.audit import canonical
from engine.storage.case_steps import begin, read_case, take_step
from engine.storage.cases import CaseKey, Officer, write_postings
from engine.storage.database import Database
from engine.storage.ledger_rows import posting_of
from engine.storage.ledger_state import read_settlements
from engine.storage.ledger_tables import LEGS, SETTLEMENTS
from engine.storage.messages import Mode, read_message
from engine.storage.officers import check_officer
from engine.storage.posting import post
from engine.storage.recognition import SCHEME

SENDER = "injury"
"""Who sends the messages of injury cases; no institution may bear the name."""


def report(database: Database, officer: Officer, person: str, region: str, on: date) -> CaseKey:
    """Open the case of an injury that happened on a day, and return its name.

    Raises:
        CaseError: `not_of_the_role`.
    """
    content = {"person": person, "region": region, "injured_on": on.isoformat()}
    event = CaseEvent("reported", officer.on, officer.name, content)
    with database.transaction() as connection:
        check_officer(connection, officer, KIND, event.event)
        return begin(connection, LIFE, event, officer.at)


def decide(
    database: Database, case_id: str, name: str, officer: Officer, decision: str
) -> InjuryCase:
    """Record what the authority decided: recognised, not_recognised or recognition_revoked.

    Raises:
        CaseError: it may not follow, or names no decision; `not_of_the_role`.

    Source: 经办条例 art. 21
    """
    event = CaseEvent(name, officer.on, officer.name, {"decision": decision})
    with database.transaction() as connection:
        check_officer(connection, officer, KIND, name)
        return take_step(connection, LIFE, case_id, event, officer.at)


def take_over(
    database: Database,
    book: CompiledBook,
    case_id: str,
    officer: Officer,
    bill: Mapping[str, Any],
) -> InjuryCase:
    """Let the injury fund take the place of basic insurance for one settlement.

    The settlement is cancelled and the bill settled under the injury scheme by one message; then
    what the injury agency owes the medical one is posted, in either's own ledger.

    Args:
        bill: `settlement`, the one to take over; `person` and `event` as in a case file; `mode`,
            what becomes of later settlements, where the scheme's own is not to hold.

    Raises:
        CaseError: `not_of_the_role`, `same_person`: who has recorded the recognition does not take
            over by it; `not_recognised`, `superseded_twice`, `before_injury`.
        ClaimError: `unknown_settlement`, `paid_to_person`, or the settlement cannot be undone, or
            the bill falls under the injury scheme.

    Source: 经办条例 art. 22
    """
    case, events = read_case(database, LIFE, case_id)
    check_recognised(case)
    _check_days(case, bill["event"])
    event = CaseEvent("superseded", officer.on, officer.name, {"settlement": bill["settlement"]})
    follow(case, event)
    check_apart(events, officer.name, (KIND, event.event))
    with database.reading() as connection:
        check_officer(connection, officer, KIND, event.event)
        row = _settlement(connection, bill["settlement"])
        first = _first_posting(connection, row)
    request = _request(case_id, case, row, bill)
    [answer] = post(database, book, [read_message(canonical(request).encode(), book)], officer.at)
    if isinstance(answer, ClaimError):
        raise answer
    settled = next(one for one in json.loads(answer)["settlements"] if "reverses" not in one)
    heading = Heading(first.heading.ledger, f"{case_id}:{row.settlement_id}", officer.on, case_id)
    injury = Benefit({Fund.INJURY: settled["injury_paid_fen"]}, {})
    taken = supersede(first, injury, row.institution_id, heading)
    return _record(database, case_id, event, taken, settled, officer.at)


def _record(
    database: Database,
    case_id: str,
    event: CaseEvent,
    taken: Superseded,
    settled: Mapping[str, Any],
    at: int,
) -> InjuryCase:
    """Write what follows from the message: the dues between the agencies, and the event."""
    due = sum(leg.amount_fen for leg in taken.claimed.legs if leg.amount_fen > 0)
    content = {
        **event.content,
        "settled_as": settled["settlement_id"],
        "injury_paid_fen": settled["injury_paid_fen"],
        "due_between_agencies_fen": due,
    }
    with database.transaction() as connection:
        told = CaseEvent(event.event, event.on, event.actor, content)
        case = take_step(connection, LIFE, case_id, told, at)
        # The settlements' own legs are posted with them.
        write_postings(connection, [taken.claimed, taken.owed])
    return case


def _check_days(case: InjuryCase, event: Mapping[str, Any]) -> None:
    if date.fromisoformat(event["begin"]) < case.injured_on:
        raise CaseError(
            "before_injury",
            f"就诊始于 {event['begin']}，早于受伤之日 {case.injured_on}，不属工伤",
            f"the care began on {event['begin']}, before the injury of {case.injured_on}",
        )


def _settlement(connection: sa.Connection, settlement: str) -> Any:
    c = SETTLEMENTS.c
    query = sa.select(SETTLEMENTS).where(c.settlement_id == settlement, c.reverses.is_(None))
    row = connection.execute(query).one_or_none()
    if row is None or row.visit_id is None:
        raise ClaimError(
            "unknown_settlement",
            f"没有可承接的结算 {settlement}；请核对编号",
            f"there is no settlement {settlement} to take over; check its id",
            settlement=settlement,
        )
    return row


def _first_posting(connection: sa.Connection, row: Any) -> Posting:
    """Return what a settlement of basic insurance posted."""
    c = LEGS.c
    query = sa.select(LEGS).where(c.settlement_id == row.settlement_id).order_by(c.number)
    legs = tuple(
        Leg(Account(AccountKind(leg.account), Purse(leg.purse), leg.party), leg.amount_fen)
        for leg in connection.execute(query)
    )
    if any(leg.account.kind is AccountKind.PERSON_PAYABLE for leg in legs):
        raise ClaimError(
            "paid_to_person",
            f"结算 {row.settlement_id} 已付给本人；请退回该手工报销，改以工伤申领",
            f"the settlement {row.settlement_id} is paid to the person; send that claim back and "
            "receive it as one of work injury",
            settlement=row.settlement_id,
        )
    ledger = Ledger(Authority.MEDICAL, row.region)
    heading = Heading(ledger, row.settlement_id, date(1970, 1, 1), row.settlement_id)
    if legs:
        return Posting(heading, legs)
    # A night posts in sum; what one of its settlements is of that follows from its amounts.
    [posted] = read_settlements(connection, {row.settlement_id}, ())
    return posting_of(posted, heading, row.facts)


def _request(case_id: str, case: InjuryCase, row: Any, bill: Mapping[str, Any]) -> dict[str, Any]:
    """Return the message that undoes a settlement and settles its bill under the injury scheme.

    It says nothing of today: the same step again is to be the same message.
    """
    request = {
        "sender_id": SENDER,
        "message_id": f"{case_id}:{row.settlement_id}",
        "verb": "refund",
        "person_id": case.reported.content["person"],
        "settled_at": f"{case.last.on}T00:00:00",
        "region": row.region,
        "scheme": SCHEME,
        "institution_id": row.institution_id,
        "visit_id": row.visit_id,
        "person": bill["person"],
        "event": {**bill["event"], "account_used": False},
        "original": row.settlement_id,
    }
    return request | ({"mode": Mode(bill["mode"])} if bill.get("mode") else {})
