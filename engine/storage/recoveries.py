"""Recoveries in the ledger: demanded by a decision, paid back, or set off against a claim."""

from collections.abc import Mapping
from typing import Any

from engine.cases import manual
from engine.cases.life_cycle import CaseEvent
from engine.cases.recovery_case import KIND, LIFE, Recovery, follow
from engine.errors import CaseError
from engine.ledger.postings import Authority, Heading, Ledger, Posting, Purse
from engine.ledger.recovery import (
    Available,
    demand,
    receipt_posting,
    repay,
    set_off,
    set_off_posting,
)
from engine.storage.case_steps import begin, lock_case
from engine.storage.cases import CaseKey, Officer, add_event, write_postings
from engine.storage.database import Database
from engine.storage.manual import owed_to_person


def propose(database: Database, officer: Officer, said: Mapping[str, Any]) -> CaseKey:
    """Open a recovery and return its name.

    Args:
        said: person, region, debtor, reason, and owed: purse -> fen.

    Raises:
        CaseError: `no_reason`.
    """
    event = CaseEvent("proposed", officer.on, officer.name, dict(said))
    with database.transaction() as connection:
        return begin(connection, LIFE, event, officer.at)


def step(
    database: Database, case_id: str, name: str, officer: Officer, said: Mapping[str, Any]
) -> Recovery:
    """Take a step: noticed, objected, withdrawn, decided, agreed, received; with its posting.

    Raises:
        CaseError: it may not follow, or lacks something; `not_a_step`, a set-off names its claim.

    Source: 经办条例 art. 46
    """
    if name == "set_off":
        raise CaseError(
            "not_a_step", "抵扣须指明申领", "a set-off names the claim that it is taken from"
        )
    with database.transaction() as connection:
        before, events = lock_case(connection, LIFE, case_id)
        event = CaseEvent(name, officer.on, officer.name, dict(said))
        after = follow(before, event)
        heading = posting_heading(before, case_id, len(events), officer)
        add_event(connection, CaseKey(KIND, case_id), event, officer.at)
        write_postings(connection, _posted(before, after, event, heading))
        return after


def set_off_claim(database: Database, case_id: str, claim_id: str, officer: Officer) -> Recovery:
    """Set what a person owes off against what an approved claim by hand pays that person.

    The claim's settlement and the person's year stay as they are.

    Raises:
        CaseError: `nothing_to_set_off`, the claim is of another person or region, or pays nothing;
            or either may not take this step.

    Source: 经办条例 art. 46
    """
    with database.transaction() as connection:
        before, events = lock_case(connection, LIFE, case_id)
        claim, _ = lock_case(connection, manual.LIFE, claim_id)
        taken = None
        if _same(before, claim):
            taken = set_off(before.debt, Available(owed_to_person(claim)))
        if taken is None:
            raise CaseError(
                "nothing_to_set_off",
                f"申领 {claim_id} 没有应付给同一人、可供抵扣的金额",
                f"the claim {claim_id} pays nothing to the same person to set off against",
            )
        told = {purse.name: fen for purse, fen in taken.payable.items() if fen}
        said = {"claim": claim_id, "amount_fen": sum(told.values()), "taken": told}
        event = CaseEvent("set_off", officer.on, officer.name, said)
        after = follow(before, event)
        taken_from = CaseEvent(
            "set_off", officer.on, officer.name, {"recovery": case_id, "taken": told}
        )
        manual.follow(claim, taken_from)
        add_event(connection, CaseKey(KIND, case_id), event, officer.at)
        add_event(connection, CaseKey(manual.KIND, claim_id), taken_from, officer.at)
        heading = posting_heading(before, case_id, len(events), officer)
        write_postings(connection, [set_off_posting(heading, taken)])
        return after


def _same(recovery: Recovery, claim: manual.ManualClaim) -> bool:
    said, received = recovery.proposed.content, claim.received.content
    return bool(
        recovery.debt.debtor == received["person"]
        and said["region"] == received["region"]
        and claim.settlement
    )


def _posted(before: Recovery, after: Recovery, event: CaseEvent, heading: Heading) -> list[Posting]:
    if event.event == "decided":
        return [demand(heading, after.debt)]
    if event.event == "received":
        return [receipt_posting(heading, repay(before.debt, event.content["amount_fen"]))]
    return []


def posting_heading(recovery: Recovery, case_id: str, number: int, officer: Officer) -> Heading:
    """Return the heading of what a recovery's event posts; `number` counts its events from 0."""
    injury = Purse.INJURY in recovery.debt.owed
    ledger = Ledger(
        Authority.INJURY if injury else Authority.MEDICAL, recovery.proposed.content["region"]
    )
    return Heading(ledger, f"{case_id}:{number}", officer.on, case_id)
