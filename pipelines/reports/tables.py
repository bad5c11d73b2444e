"""What commands print for people: tables and steps, amounts in yuan."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from engine.claims.amounts import AMOUNT_COLUMNS
from engine.claims.codes import Code, reasons
from engine.codes.enums import Fund
from engine.money import format_yuan
from engine.settlement.explanation import FUNDS
from pipelines.reports.leads import print_scored


def print_night(summary: Mapping[str, Any]) -> None:
    """Print a night's summary."""
    console = Console()
    console.print(f"[bold]{summary['night']}[/bold]  result {summary['result_hash'][:16]}")
    counts = Table("", "费用 claims", "明细 lines", title="记录 | records")
    for kind, name in (
        ("input", "报送 input"),
        ("settled", "结算 settled"),
        ("rejected", "拒付 rejected"),
        ("pending", "待处理 pending"),
    ):
        counts.add_row(name, f"{summary[kind]['claims']:,}", f"{summary[kind]['lines']:,}")
    console.print(counts)
    _print_codes(console, summary["by_code"])
    totals = Table("", "元 yuan", title="合计 | totals")
    totals.add_row("医疗费总额 total", _yuan(summary["totals"]["total_fen"]))
    for fund in Fund:
        paid = summary["totals"]["by_fund"][f"{fund.name.lower()}_paid_fen"]
        if paid:
            totals.add_row(" ".join(FUNDS[fund]), _yuan(paid))
    totals.add_row("个人账户 account", _yuan(summary["totals"]["account_paid_fen"]))
    totals.add_row("个人现金 cash", _yuan(summary["totals"]["cash_paid_fen"]))
    console.print(totals)
    _print_findings(console, summary["findings"])
    print_scored(summary["leads"], console)
    for stage in summary["stages"]:
        console.print(f"{stage['name']:>10} {stage['wall_s']:8.2f} s {stage['rss_mb']:9.1f} MB")


def _print_codes(console: Console, by_code: Mapping[str, int]) -> None:
    if not by_code:
        return
    table = Table("代码 code", "条 records", "含义 meaning", title="拒付与待处理 | not settled")
    told = reasons()
    for code, count in sorted(by_code.items(), key=lambda item: -item[1]):
        table.add_row(code, f"{count:,}", told[Code(code)].zh)
    console.print(table)


def _print_findings(console: Console, findings: list[Mapping[str, Any]]) -> None:
    """Print what was found; the rules that found nothing, and those that did not run, as counts."""
    idle = [one for one in findings if one.get("lacks")]
    quiet = [one for one in findings if not one.get("lacks") and not one["count"]]
    table = Table("规则 rule", "笔 count", "基金多付 元 yuan", title="疑点 | findings")
    for finding in (one for one in findings if one["count"]):
        table.add_row(finding["label_zh"], str(finding["count"]), _yuan(finding["amount_fen"]))
    console.print(table)
    console.print(f"另有 {len(quiet)} 条规则未发现疑点 | {len(quiet)} rules found nothing")
    if idle:
        console.print(
            f"{len(idle)} 条规则缺少事实，未运行（缺什么见 --json 与 docs/rules.md）| "
            f"{len(idle)} rules did not run for want of facts"
        )


def print_case(answer: Mapping[str, Any]) -> None:
    """Print the settlements of a case file."""
    console = Console()
    for one in answer["settlements"]:
        if one["status"] != "settled":
            console.print(f"[bold]{one['event']}[/bold]  {one['code']}")
            continue
        print_explained({"settlement": one["event"], **one})
    for line in answer["allowances"]:
        text = f"{line['event']}  {line['kind']}  {line['payer']}"
        console.print(f"  {text:40} {_yuan(line['amount_fen']):>16}", highlight=False)


def print_explained(answer: Mapping[str, Any]) -> None:
    """Print one settlement: its steps and the amounts that are not zero."""
    console = Console()
    console.print(f"[bold]{answer['settlement']}[/bold]")
    for step in answer["steps"]:
        console.print(f"  {step['text']}", highlight=False)
        console.print(f"    {step['rule']} · {step['source']}", style="dim", highlight=False)
    for name in AMOUNT_COLUMNS:
        if answer[name]:
            console.print(f"  {name.removesuffix('_fen'):28} {_yuan(answer[name]):>16}")


def _yuan(fen: int) -> str:
    whole, cents = format_yuan(fen).split(".")
    return f"{int(whole):,}.{cents}" if not whole.startswith("-0") else f"{whole}.{cents}"
