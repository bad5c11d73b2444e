"""What the commands of claims by hand tell, and print for people."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from rich.console import Console
from rich.table import Table

from engine.cases.manual import ManualClaim
from engine.money import format_yuan
from engine.workdays import Calendar

EVENTS = {
    "received": "收件 received",
    "papers_added": "补件 papers added",
    "entered": "已录入 entered",
    "checked": "已核查 checked",
    "settled": "已结算 settled",
    "sent_back": "退回重录 sent back",
    "approved": "复核通过 approved",
    "set_off": "抵扣欠款 set off",
    "order_sent": "支付单已发出 order sent",
    "order_returned": "支付单被退回 order returned",
    "paid": "已支付 paid",
    "refused": "拒付 refused",
}
PAPERS = {
    "receipt": "收费票据 receipt",
    "itemised_list": "费用清单 itemised list",
    "diagnosis": "诊断证明 diagnosis",
    "records": "病历资料 records",
}


def told_claim(case_id: str, claim: ManualClaim, calendar: Calendar) -> dict[str, Any]:
    """Return where a claim stands, by name."""
    deadline = claim.deadline(calendar)
    return {
        "claim": case_id,
        "state": claim.last.event,
        "kind": claim.received.content["kind"],
        "person": claim.received.content["person"],
        "received": claim.received.on.isoformat(),
        "due": deadline.due.isoformat(),
        "due_provisional": deadline.provisional,
        "missing": claim.missing,
        "found": list(claim.last.content.get("found", [])),
        "settlement": dict(claim.settlement),
    }


def told_waiting(
    claims: Mapping[str, ManualClaim], calendar: Calendar, today: date
) -> list[Mapping[str, Any]]:
    """Return claims that are not decided, by name, the most urgent first."""
    rows = [told_claim(name, claim, calendar) for name, claim in claims.items()]
    waiting = [row | {"overdue": row["due"] < today.isoformat()} for row in rows]
    return sorted(waiting, key=lambda row: (row["due"], row["claim"]))


def print_state(claim: ManualClaim) -> None:
    """Print where a claim stands after a step, and what the step found."""
    console = Console()
    console.print(EVENTS[claim.last.event])
    for paper in claim.missing:
        console.print(f"  缺 missing: {PAPERS[paper]}")
    for found in claim.last.content.get("found", []):
        console.print(f"  发现 found: {found}")
    _print_amounts(console, claim.settlement)


def print_claim(claim: Mapping[str, Any]) -> None:
    """Print one claim with its events."""
    console = Console()
    due = claim["due"] + (" 暂定 provisional" if claim["due_provisional"] else "")
    console.print(f"[bold]{claim['claim']}[/bold]  {EVENTS[claim['state']]}  期限 due {due}")
    for paper in claim["missing"]:
        console.print(f"  缺 missing: {PAPERS[paper]}")
    steps = Table("日期 day", "事项 step", "经办人 by")
    for event in claim["events"]:
        steps.add_row(event["on"], EVENTS[event["event"]], event["by"])
    console.print(steps)
    _print_amounts(console, claim["settlement"])


def print_claims(claims: Sequence[Mapping[str, Any]]) -> None:
    """Print the claims that wait, the most urgent first."""
    table = Table("编号 claim", "现状 state", "期限 due", "")
    for claim in claims:
        due = claim["due"] + (" 暂定 provisional" if claim["due_provisional"] else "")
        late = "逾期 overdue" if claim["overdue"] else ""
        table.add_row(claim["claim"], EVENTS[claim["state"]], due, late)
    Console().print(table)


def _print_amounts(console: Console, settlement: Mapping[str, Any]) -> None:
    for key in ("total_fen", "fund_total_fen", "account_paid_fen", "cash_paid_fen"):
        if key in settlement:
            console.print(f"  {key.removesuffix('_fen'):<14}{format_yuan(settlement[key]):>14}")
