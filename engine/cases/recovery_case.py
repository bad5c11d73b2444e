"""Getting back what a person received too much: proposed, heard, decided, then paid back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from engine.cases.life_cycle import CaseEvent, Life, check_follows, check_said
from engine.errors import CaseError
from engine.ledger.postings import Purse
from engine.ledger.recovery import Debt, Instalment, instalments, repay

KIND = "recovery"


@dataclass(frozen=True, slots=True)
class Recovery:
    """Where a recovery stands.

    Attributes:
        proposed: its first event: person, region, debtor, what each purse is owed, and why.
        last: its last event.
        debt: what is still to come back; its decision is empty before there is one.
        plan: the instalments agreed last, of what was owed then; none for at once.
    """

    proposed: CaseEvent
    last: CaseEvent
    debt: Debt
    plan: tuple[Instalment, ...] = ()


def follow(recovery: Recovery | None, event: CaseEvent) -> Recovery:
    """Return a recovery after one more event.

    Raises:
        CaseError: `event_order`, `no_reason`, `no_decision`, `instalments`, `repaid_too_much`, or
            `same_person`: who has proposed it does not decide it.

    Source: 经办条例 art. 46, 52
    """
    check_follows(KIND, None if recovery is None else recovery.last.event, event.event)
    if recovery is None:
        check_said(event, "reason", "no_reason", "理由", "a reason")
        return Recovery(event, event, _debt(event.content))
    change = CHANGES.get(event.event)
    changed = recovery if change is None else change(recovery, event)
    return replace(changed, last=event)


LIFE = Life(KIND, "R", follow)


def _debt(said: Mapping[str, Any]) -> Debt:
    owed = {Purse[name]: fen for name, fen in said["owed"].items()}
    return Debt("", said["debtor"], said["person"], owed)


def _decided(recovery: Recovery, event: CaseEvent) -> Recovery:
    if event.actor == recovery.proposed.actor:
        raise CaseError(
            "same_person",
            f"{event.actor} 提出此项追回，须由他人决定",
            f"{event.actor} has proposed it; another person decides",
        )
    check_said(event, "decision", "no_decision", "决定书文号", "the number of the decision")
    return replace(recovery, debt=replace(recovery.debt, decision=event.content["decision"]))


def _agreed(recovery: Recovery, event: CaseEvent) -> Recovery:
    days = [date.fromisoformat(day) for day in event.content["due"]]
    return replace(recovery, plan=tuple(instalments(recovery.debt, days)))


def _received(recovery: Recovery, event: CaseEvent) -> Recovery:
    return replace(recovery, debt=repay(recovery.debt, event.content["amount_fen"]).left)


def _reasoned(recovery: Recovery, event: CaseEvent) -> Recovery:
    check_said(event, "reason", "no_reason", "理由", "a reason")
    return recovery


CHANGES: Mapping[str, Callable[[Recovery, CaseEvent], Recovery]] = {
    "objected": _reasoned,
    "withdrawn": _reasoned,
    "decided": _decided,
    "agreed": _agreed,
    "received": _received,
    "set_off": _received,
}
