"""What was paid for a person after an end of entitlement that became known late."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from engine.money import format_yuan
from engine.settlement.entitlement import End, EndKind
from engine.storage.overpaid import overpaid
from engine.workdays import load_calendar
from pipelines.desk import compiled, opened


def after_end(
    lake: Path, policies: Path | None, person: str, ended: tuple[str, date], today: date
) -> dict[str, Any]:
    """Return the proposals, and by when the end had to be reported.

    Args:
        ended: what ended it, and when.
        today: the day on which it became known.

    Source: 经办条例 art. 25, 26
    """
    kind, on = ended
    end = End(EndKind(kind), on, today)
    due = end.report_due(load_calendar())
    with opened(lake) as ledger, ledger.database.reading() as connection:
        proposals = overpaid(connection, compiled(policies), person, end)
    return {
        "person": person,
        "ended_on": on.isoformat(),
        "report_due": due.due.isoformat(),
        "report_due_provisional": due.provisional,
        "proposals": [asdict(proposal) for proposal in proposals],
    }


def print_overpaid(answer: Mapping[str, Any]) -> None:
    """Print the proposals, each payer apart."""
    console = Console()
    console.print(f"应报告至 to be reported by {answer['report_due']}")
    table = Table("结算 settlement", "基金 funds", "账户 account", "现金 cash", "")
    for one in answer["proposals"]:
        funds = "\n".join(
            f"{name.lower()} {format_yuan(fen)}" for name, fen in one["funds"].items()
        )
        note = "跨越终止日，请人工核实 spans the end" if one["spanning"] else ""
        account, cash = format_yuan(one["account_fen"]), format_yuan(one["cash_fen"])
        table.add_row(one["settlement_id"], funds, account, cash, note)
    console.print(table)
