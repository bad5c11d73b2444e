"""What the commands of the leads print."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Column, Table

from engine.money import format_yuan
from pipelines.reports.rates import add_rates

if TYPE_CHECKING:
    from pipelines.leads.freeze import Frozen

NO_VERDICT = (
    "线索只决定先看谁，不改变支付，也不认定违规 | "
    "a lead orders a queue, changes no payment and names no breach"
)
KINDS = {
    "institution": "机构 institution",
    "physician": "医师 physician",
    "person": "参保人 person",
}
PPM_A_PER_CENT = 10_000


def print_queue(queue: list[dict[str, Any]]) -> None:
    """Print a queue in its order."""
    console = Console()
    unit, home = (Column(name, overflow="fold") for name in ("对象 unit", "机构 institution"))
    amounts = (Column(name, justify="right") for name in ("可追回 元", "预期 元"))
    table = Table("#", unit, home, "笔 n", "p", *amounts, "随机", box=SIMPLE, padding=0)
    for lead in queue:
        table.add_row(
            str(lead["place"]),
            lead["unit"],
            lead["institution_id"],
            f"{lead['claims']:,}",
            _probability(lead),
            format_yuan(lead["recoverable_fen"]),
            format_yuan(lead["expected_fen"]),
            "是 yes" if lead["by_chance"] else "",
        )
    console.print(table)
    console.print(NO_VERDICT, style="dim")


def print_lead(lead: Mapping[str, Any]) -> None:
    """Print one lead: its place, its reasons and what would refute each."""
    console = Console()
    chance = "  随机抽取 | drawn by chance" if lead["by_chance"] else ""
    console.print(f"[bold]{lead['place']}. {lead['unit']}[/bold]  p = {_probability(lead)}{chance}")
    console.print(
        f"  高于同类的基金支付 | fund money beyond peers {format_yuan(lead['recoverable_fen'])}  "
        f"预期 | expected {format_yuan(lead['expected_fen'])}",
        highlight=False,
    )
    for one in lead["reasons"]:
        console.print(f"  {one['text']}", highlight=False)
        console.print(f"    反证 | refuted by: {one['refuted_by']}", style="dim", highlight=False)
    console.print(NO_VERDICT, style="dim")


def print_scored(kinds: list[Mapping[str, Any]], console: Console) -> None:
    """Print what became of each kind of units in a night."""
    table = Table("线索 leads", "", "个 units", "队列 queue", "随机", "预期 元 yuan")
    for one in kinds:
        table.add_row(
            KINDS[one["kind"]],
            one["status"],
            f"{one['units']:,}",
            str(one["leads"]),
            str(one["by_chance"]),
            format_yuan(one["expected_fen"]),
        )
    console.print(table)
    for one in kinds:
        if one["drift"]:
            told = ", ".join(f"{name} PSI {index}" for name, index in one["drift"].items())
            console.print(f"漂移 | drift: {one['kind']}: {told}", highlight=False)


def print_frozen(frozen: "Frozen") -> None:
    """Print what the references were frozen from, and how even-handed they are."""
    console = Console()
    counts = Table("类 kind", "个 units", "有疑点 found", box=SIMPLE)
    for kind, units in frozen.units.items():
        counts.add_row(KINDS[kind], f"{units:,}", f"{frozen.sustained[kind]:,}")
    console.print(counts)
    rates = Table("群体 group", "人 n", "误报率", "比值 ratio", "95 %", "警报", box=SIMPLE)
    add_rates(rates, frozen.segments)
    console.print(rates)
    for proxy in frozen.proxies:
        console.print(f"受救助代理 | proxy of aid: {proxy.figure} AUC {proxy.auc:.3f}")
    console.print(NO_VERDICT, style="dim")


def _probability(lead: Mapping[str, Any]) -> str:
    return f"{lead['probability_ppm'] / PPM_A_PER_CENT:.2f}%"
