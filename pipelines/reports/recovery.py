"""What the commands of recoveries tell, and print for people."""

from collections.abc import Iterable
from typing import Any

import typer

from engine.cases.life_cycle import CaseEvent
from engine.cases.recovery_case import Recovery
from engine.money import format_yuan
from pipelines.reports.cases import told_event


def told_recovery(case: str, found: Recovery, events: Iterable[CaseEvent]) -> dict[str, Any]:
    """Return where a recovery stands: what is still owed by purse, the plan, and its events."""
    return {
        "recovery": case,
        "state": found.last.event,
        "owed": {purse.name: fen for purse, fen in found.debt.owed.items()},
        "plan": [{"due": one.due.isoformat(), "amount_fen": one.amount_fen} for one in found.plan],
        "events": [told_event(event) for event in events],
    }


def print_recovery(found: Recovery) -> None:
    """Print the last event of a recovery, and what is still owed."""
    typer.echo(found.last.event)
    print_left(found)


def print_left(found: Recovery) -> None:
    """Print what is still owed."""
    typer.echo(f"尚欠 still owed {format_yuan(found.debt.total_fen)}")
