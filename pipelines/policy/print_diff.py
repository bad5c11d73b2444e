"""What `policy diff` prints: changed values, and the model claims that come to other amounts."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from engine.codes.enums import Fund
from engine.money import format_yuan
from engine.settlement.explanation import FUNDS
from pipelines.policy.console import plain_console
from pipelines.policy.diff import SchemeDifference
from pipelines.policy.model_claims import Change, Outcome
from pipelines.policy.model_events import EventChange

SIDES = {"old": "只在旧的一方 only in the old", "new": "只在新的一方 only in the new"}


def diff_json(differences: Iterable[SchemeDifference]) -> dict[str, Any]:
    """Return the differences by scheme."""
    return {"schemes": [asdict(difference) for difference in differences]}


def print_diff(differences: list[SchemeDifference]) -> None:
    """Print what changed, scheme by scheme."""
    console = plain_console()
    if not differences:
        console.print("两份政策相同 | the policies are the same")
    for one in differences:
        console.print(f"{one.name} {one.region} {one.scheme}", style="bold")
        if one.only is not None:
            console.print(f"  {SIDES[one.only]}")
            continue
        for value in one.values:
            old, new = (said if said is not None else "—" for said in (value.old, value.new))
            console.print(f"  {value.path}: {old} → {new}  {value.source}".rstrip())
        _print_changes(console, one.amounts)
        _print_events(console, one.events)


def _print_changes(console: Console, changes: Iterable[Change]) -> None:
    changes = list(changes)
    if not changes:
        console.print("  样例费用的金额没有不同 | no model claim comes to another amount")
        return
    table = Table(
        *("日期 on", "就诊 visit", "等级 level", "人员 class", "年龄 age", "次 no.", "费用 total"),
        *("旧 old", "个人 person", "新 new", "个人 person"),
        title=f"金额不同的样例费用 {len(changes)} 笔 | model claims that differ",
    )
    for change in changes:
        person = change.person
        facts = " ".join(str(value) for _, value in person.facts)
        age = "" if person.age is None else f"{person.age}+"
        who = (person.level, f"{person.person_class} {facts}".rstrip(), age)
        claim = (str(change.on), change.visit, *who, str(change.number))
        sides = [text for side in (change.old, change.new) for text in _outcome(side)]
        table.add_row(*claim, format_yuan(change.total_fen), *sides)
    console.print(table)


def _print_events(console: Console, events: Iterable[EventChange]) -> None:
    for one in events:
        facts = " ".join(f"{name}={value}" for name, value in one.facts)
        old, new = (_paid(side) for side in (one.old, one.new))
        console.print(f"  {one.kind} {one.name} {one.on} {facts}: {old} → {new}", highlight=False)


def _paid(side: str | dict[str, int]) -> str:
    if isinstance(side, str):
        return side
    return " + ".join(f"{name} {format_yuan(fen)}" for name, fen in side.items()) or "0.00"


def _outcome(outcome: Outcome) -> tuple[str, str]:
    if outcome.code is not None:
        return outcome.code, ""
    funds = (
        f"{FUNDS[Fund[name.upper()]][0]} {format_yuan(fen)}"
        for name, fen in outcome.funds_fen.items()
    )
    return " + ".join(funds) or "0.00", format_yuan(outcome.person_fen)
