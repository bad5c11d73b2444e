"""What the commands of clearing print."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from engine.cases.life_cycle import CaseEvent
from engine.ledger.clearing import Balance, Difference, Role, statuses, warning_of
from engine.ledger.crossregion import ClaimState
from engine.money import format_scaled, format_yuan
from engine.storage.care_rows import Claim
from engine.storage.clearing_items import DaySum

ROLES = {Role.CARE: "就医地 care", Role.HOME: "参保地 home"}
STATES = {
    ClaimState.ASKED: "已发出，结果未明 sent, outcome unknown",
    ClaimState.REVERSING: "撤销中，结果未明 being undone, outcome unknown",
}
PERCENT_PLACES = 4
KINDS = {
    "claim_fen": "结算 claims",
    "reversal_fen": "撤销 reversals",
    "deduction_fen": "扣减 deducted",
}


def print_day(sums: Sequence[DaySum]) -> None:
    """Print what a day brought each pair."""
    table = Table("本地 region", "角色 role", "对方 other", "基金 fund", "结算笔数", "撤销笔数",
                  "扣减笔数", "金额 amount")  # fmt: skip
    for one in sums:
        counts = (str(number) for number in (one.claims, one.reversals, one.deductions))
        table.add_row(
            one.pair.region,
            ROLES[one.pair.role],
            one.pair.other,
            one.purse.name.lower(),
            *counts,
            format_yuan(one.amount_fen),
        )
    Console().print(table)


def told_day(sums: Sequence[DaySum]) -> dict[str, Any]:
    """Return what a day brought each pair, by name."""
    return {
        "sums": [
            {
                "region": one.pair.region,
                "role": one.pair.role.value,
                "other": one.pair.other,
                "fund": one.purse.name.lower(),
                "claims": one.claims,
                "reversals": one.reversals,
                "deductions": one.deductions,
                "amount_fen": one.amount_fen,
            }
            for one in sums
        ]
    }


def print_month(name: str, events: Sequence[CaseEvent]) -> None:
    """Print a month's statement, fund by fund, and where it stands."""
    state = statuses()[events[-1].event]
    console = Console()
    console.print(f"[bold]{name}[/bold]  {state['zh']} {state['en']}（{state['code']}）")
    table = Table("基金 fund", *KINDS.values(), "应付 due")
    for fund, amounts in events[0].content["purses"].items():
        cells = [format_yuan(amounts[kind]) for kind in KINDS]
        table.add_row(fund.lower(), *cells, format_yuan(amounts["due_fen"]))
    console.print(table)


def told_month(name: str, events: Sequence[CaseEvent]) -> dict[str, Any]:
    """Return a month's statement by name."""
    said = events[0].content
    return {
        "statement": name,
        "state": events[-1].event,
        "code": statuses()[events[-1].event]["code"],
        "role": said["role"],
        "region": said["region"],
        "other": said["person"],
        "month": said["month"],
        "funds": {purse.lower(): amounts for purse, amounts in said["purses"].items()},
    }


def print_differences(found: Iterable[Difference]) -> None:
    """Print on what two regions do not agree, a line for each item."""
    console = Console(soft_wrap=True)
    console.print("两地不一致，未确认 the regions differ, nothing is confirmed")
    for one in found:
        care, home = (
            "无 none" if fen is None else format_yuan(fen) for fen in (one.care_fen, one.home_fen)
        )
        told = f"{one.item_id}  就医地 care {care}  参保地 home {home}"
        of = "" if one.claim_id == one.item_id else f"  属申请 of claim {one.claim_id}"
        console.print(told + of, highlight=False)


def print_balances(balances: Sequence[tuple[str, Balance]]) -> None:
    """Print where each pair stands, and below it the warnings that prepayments have reached."""
    table = Table("本地", "角色 role", "对方", "预付金 prepaid", "未清算 due", "已用 used")
    for region, one in balances:
        table.add_row(
            region,
            ROLES[one.role],
            one.other,
            format_yuan(one.prepaid_fen),
            format_yuan(one.due_fen),
            "" if one.used_ppm is None else f"{format_scaled(one.used_ppm, PERCENT_PLACES)}%",
        )
    console = Console(soft_wrap=True)
    console.print(table)
    for region, one in balances:
        warned = warning_of(one)
        if warned is not None:
            console.print(f"{region}/{one.other} {warned.zh} {warned.en}", highlight=False)


def told_balances(balances: Iterable[tuple[str, Balance]]) -> dict[str, Any]:
    """Return where each pair stands, by name."""
    return {
        "balances": [
            {
                "region": region,
                "role": one.role.value,
                "other": one.other,
                "prepaid_fen": one.prepaid_fen,
                "due_fen": one.due_fen,
                "used_ppm": one.used_ppm,
                "warning": None if (warned := warning_of(one)) is None else warned.level,
            }
            for region, one in balances
        ]
    }


def print_unknown(claims: Iterable[Claim]) -> None:
    """Print claims on other regions whose outcome is not known, a line for each."""
    console = Console(soft_wrap=True)
    for one in claims:
        ask = one.ask
        told = (
            ask.claim_id,
            f"参保地 home {one.home_region}",
            f"医院 institution {ask.institution_id}",
            f"报文 message {one.sent.message_id}",
            ask.settled_at.date().isoformat(),
            STATES[one.state],
        )
        console.print("  ".join(told), highlight=False)
