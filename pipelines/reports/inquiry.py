"""What the commands of an inquiry print."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from engine.cases.inquiry import Inquiry
from engine.cases.inquiry_book import inquiry_book
from engine.cases.life_cycle import CaseEvent
from pipelines.reports.cases import told_event

DECIDERS = {"agency": "经办机构 | agency", "administration": "行政部门 | administration"}


def inquiry_answer(case: str, inquiry: Inquiry, events: Sequence[CaseEvent]) -> dict[str, Any]:
    """Return an inquiry with its class, basis, who decides, and its events."""
    of_class = inquiry_book().classes[inquiry.of_class]
    said = inquiry.opened.content
    return {
        "case": case,
        "subject_kind": said["subject_kind"],
        "subject": said["subject"],
        "class": inquiry.of_class,
        "basis": list(of_class.basis),
        "decides": of_class.decides,
        "events": [told_event(event) for event in events],
    }


def print_inquiry(answer: Mapping[str, Any]) -> None:
    """Print an inquiry."""
    console = Console()
    of_class = inquiry_book().classes[answer["class"]]
    console.print(f"[bold]{answer['case']}[/bold]  {answer['subject']}", highlight=False)
    console.print(f"  类别 | class: {of_class.zh} | {of_class.en}", highlight=False)
    console.print(f"  依据 | basis: {'；'.join(answer['basis'])}", highlight=False)
    console.print(f"  由谁认定 | who decides: {DECIDERS[answer['decides']]}", highlight=False)
    for one in answer["events"]:
        told = "，".join(f"{name}={value}" for name, value in one["content"].items() if value)
        console.print(f"  {one['on']}  {one['event']}  {one['by']}  {told}", highlight=False)


def print_book() -> None:
    """Print the classes and who decides them, the facts of purpose, the kinds of originals."""
    console, book = Console(), inquiry_book()
    for name, one in book.classes.items():
        console.print(f"[bold]{name}[/bold]  {one.zh} | {one.en}", highlight=False)
        console.print(f"  由谁认定 | who decides: {DECIDERS[one.decides]}", highlight=False)
        console.print(f"  依据 | basis: {'；'.join(one.basis)}", highlight=False)
    source = book.facts_source
    console.print(f"目的事实 | facts of purpose: {source.zh} | {source.en}", highlight=False)
    console.print(f"  {book.facts_in_force} 起的行为 | acts since then", highlight=False)
    for name, fact in book.facts.items():
        console.print(f"  {name} ({fact.subject})  {fact.zh} | {fact.en}", highlight=False)
    console.print(f"原件 | originals: {', '.join(book.originals)}", highlight=False)
