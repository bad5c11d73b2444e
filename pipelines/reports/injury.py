"""What the commands of work injury tell, and print for people."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console

from engine.cases.injury import InjuryCase
from engine.cases.life_cycle import CaseEvent
from engine.money import format_yuan
from pipelines.reports.cases import told_event

STATES = {
    "reported": "已登记，尚未认定 reported",
    "recognised": "已认定 recognised",
    "not_recognised": "不予认定 not recognised",
    "recognition_revoked": "认定已撤销 recognition revoked",
    "superseded": "已承接 taken over",
}


def told_injury(case: str, found: InjuryCase, events: Iterable[CaseEvent]) -> dict[str, Any]:
    """Return where a case stands, what it took over, and its events."""
    return {
        "case": case,
        "state": found.last.event,
        "recognition": found.recognition or None,
        "superseded": sorted(found.superseded),
        "events": [told_event(event) for event in events],
    }


def print_injury(case: InjuryCase) -> None:
    """Print where a case stands, and what the last bill came to."""
    console = Console()
    console.print(f"{STATES[case.last.event]}  {case.recognition}")
    said = case.last.content
    if case.last.event == "superseded":
        console.print(f"  {said['settlement']} → {said['settled_as']}")
        console.print(f"  工伤保险支付 injury fund {format_yuan(said['injury_paid_fen']):>14}")
        due = format_yuan(said["due_between_agencies_fen"])
        console.print(f"  应还医保机构 owed to the medical agency {due:>14}")
