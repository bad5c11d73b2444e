"""A case of work injury: nothing is settled under it before a recognition is recorded."""

from dataclasses import dataclass, replace
from datetime import date

from engine.cases.life_cycle import CaseEvent, Life, check_follows
from engine.errors import CaseError

KIND = "work_injury"
RECOGNISED = ("recognised", "superseded")
"""Last events of a case whose recognition holds."""


@dataclass(frozen=True, slots=True)
class InjuryCase:
    """Where a case stands.

    Attributes:
        reported: its first event: person, region and the day of the injury.
        last: its last event.
        recognition: the decision that recognises the injury; empty where none holds.
        superseded: settlements of basic insurance that it has taken the place of.
    """

    reported: CaseEvent
    last: CaseEvent
    recognition: str = ""
    superseded: frozenset[str] = frozenset()

    @property
    def injured_on(self) -> date:
        """The day of the injury."""
        return date.fromisoformat(self.reported.content["injured_on"])


def follow(case: InjuryCase | None, event: CaseEvent) -> InjuryCase:
    """Return a case after one more event.

    Raises:
        CaseError: `event_order`; `no_decision`; `superseded_twice`.
    """
    check_follows(KIND, None if case is None else case.last.event, event.event)
    if case is None:
        return InjuryCase(event, event)
    match event.event:
        case "recognised" | "not_recognised" | "recognition_revoked":
            decision = str(event.content.get("decision", "")).strip()
            if not decision:
                raise CaseError(
                    "no_decision",
                    "须写明认定决定书的文号",
                    "name the decision of the authority that recognises work injuries",
                )
            case = replace(case, recognition=decision if event.event == "recognised" else "")
        case "superseded":
            case = replace(case, superseded=_one_more(case, str(event.content["settlement"])))
    return replace(case, last=event)


LIFE = Life(KIND, "I", follow)


def _one_more(case: InjuryCase, settlement: str) -> frozenset[str]:
    if settlement in case.superseded:
        raise CaseError(
            "superseded_twice",
            f"结算 {settlement} 已由工伤保险承接",
            f"the injury fund has taken the place of the settlement {settlement} already",
            settlement=settlement,
        )
    return case.superseded | {settlement}


def check_recognised(case: InjuryCase | None) -> None:
    """Check that a recognition is recorded and holds: the gate of every injury settlement.

    Raises:
        CaseError: `not_recognised`.
    """
    if case is None or not case.recognition:
        raise CaseError(
            "not_recognised",
            "没有已登记的工伤认定，工伤保险基金不支付；请先登记认定决定",
            "no recognition is recorded, so the injury fund does not pay; record the decision",
        )
