"""What the commands of payments print."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from engine.cases.provider_month import ProviderMonth, sums
from engine.money import format_yuan

STATES = {
    "stated": "已出结算单 stated",
    "order_sent": "支付单已发出 order sent",
    "order_returned": "支付单被退回 order returned",
    "paid": "已支付 paid",
}
COLUMNS = {
    "recognised_fen": "认可 recognised",
    "deducted_fen": "扣减 deducted",
    "prepaid_fen": "预付 prepaid",
    "retained_fen": "质保金 retained",
    "released_fen": "返还 released",
    "carried_in_fen": "上月结转 carried in",
    "payable_fen": "应付 payable",
    "carried_fen": "结转下月 carried on",
}


def print_month(name: str, month: ProviderMonth) -> None:
    """Print a statement, purse by purse."""
    console = Console()
    console.print(f"[bold]{name}[/bold]  {STATES[month.last.event]}")
    table = Table("", *month.stated.content["purses"])
    for column, label in COLUMNS.items():
        purses = month.stated.content["purses"].values()
        table.add_row(label, *(format_yuan(amounts[column]) for amounts in purses))
    console.print(table)


def told_month(name: str, month: ProviderMonth) -> dict[str, Any]:
    """Return a statement by name."""
    return {
        "statement": name,
        "state": month.last.event,
        "institution": month.stated.content["institution"],
        "month": month.stated.content["month"],
        "purses": month.stated.content["purses"],
        "order": None if month.order is None else month.order.order_id,
    }


def told_sums(months: Mapping[str, ProviderMonth]) -> dict[str, Any]:
    """Return what each fund was asked for and has paid, by the names of statements."""
    return {
        name: {
            "state": month.last.event,
            "purses": {
                purse.name: {
                    "declared_fen": one.declared_fen,
                    "deducted_fen": one.deducted_fen,
                    "recognised_fen": one.recognised_fen,
                    "paid_fen": one.paid_fen,
                }
                for purse, one in sums(month).items()
            },
        }
        for name, month in months.items()
    }


def print_sums(months: Mapping[str, ProviderMonth]) -> None:
    """Print what each fund was asked for and has paid, a table for each statement."""
    console = Console()
    for name, month in months.items():
        console.print(f"[bold]{name}[/bold]  {STATES[month.last.event]}")
        table = Table("", "申报 declared", "扣减 deducted", "认可 recognised", "已付 paid")
        for purse, one in sums(month).items():
            amounts = (one.declared_fen, one.deducted_fen, one.recognised_fen, one.paid_fen)
            table.add_row(purse.name, *map(format_yuan, amounts))
        console.print(table)
