"""The command `jiesuan inquiry`: from findings about one subject to who decides."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from pipelines.commands.options import LAKE, By, Json, LakePath
from pipelines.commands.output import fail, officer, print_json

inquiry_app = typer.Typer(
    help="稽核：立案、提醒、申辩、目的事实、升降类别、决定或移送。系统不立案，不升类别。\n\n"
    "Inquiries. Nothing but a named officer opens one or raises its class.",
    no_args_is_help=True,
)

Class = Literal["overpayment", "breach", "violation", "suspected_fraud"]
Case = Annotated[str, typer.Argument(help="案号，如 Q20260501-0001 | name of the inquiry")]
Reason = Annotated[str, typer.Option(help="理由 | reason")]


@inquiry_app.command("open")
def open_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="立案文件 | what")],
    by: By,
    lake: LakePath = LAKE,
) -> None:
    """立案。文件有 subject_kind、subject、region、class 与 findings；不能以涉嫌骗取立案。

    Open an inquiry: a file with subject_kind (person or provider), subject, region, class
    (overpayment, breach or violation) and findings, a list of what it rests on.
    """
    from engine.errors import EngineError
    from engine.storage.inquiries import begin
    from pipelines.desk import opened
    from pipelines.files.inquiry import read_inquiry

    with opened(lake) as ledger:
        try:
            key = begin(ledger.database, officer(by, None), read_inquiry(file))
        except EngineError as error:
            fail(error)
    typer.echo(key.case_id)


@inquiry_app.command()
def remind(case: Case, by: By, lake: LakePath = LAKE) -> None:
    """登记已提醒对象 | record that the subject was reminded."""
    _step(lake, case, "reminded", by, {})


@inquiry_app.command()
def hear(
    case: Case,
    statement: Annotated[str, typer.Option(help="陈述申辩 | what the subject said")],
    by: By,
    lake: LakePath = LAKE,
) -> None:
    """登记陈述申辩 | record the subject's side."""
    _step(lake, case, "heard", by, {"statement": statement})


@inquiry_app.command()
def purpose(
    case: Case,
    fact: Annotated[str, typer.Option(help="目的事实，见 facts 子命令 | one of `facts`")],
    acted_on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="行为之日 | of the act")],
    original: Annotated[str, typer.Option(help="原件类型，见 facts 子命令 | kind of original")],
    by: By,
    lake: LakePath = LAKE,
) -> None:
    """登记目的事实及其原件 | record a fact that speaks of purpose, with its original."""
    said = {"fact": fact, "acted_on": acted_on.date().isoformat(), "original": original}
    _step(lake, case, "purpose_recorded", by, said)


@inquiry_app.command("raise")
def raise_(
    case: Case,
    to: Annotated[Class, typer.Option(help="类别 | class")],
    clause: Annotated[str, typer.Option(help="条款 | clause or article")],
    reason: Reason,
    by: By,
    lake: LakePath = LAKE,
) -> None:
    """提升类别；涉嫌骗取须有他人登记的目的事实 | raise the class, with evidence."""
    _step(lake, case, "raised", by, {"to": to, "clause": clause, "reason": reason})


@inquiry_app.command()
def lower(
    case: Case,
    to: Annotated[Class, typer.Option(help="类别 | class")],
    reason: Reason,
    by: By,
    lake: LakePath = LAKE,
) -> None:
    """降低类别，随时可以 | lower the class, at any time, after a decision too."""
    _step(lake, case, "lowered", by, {"to": to, "reason": reason})


@inquiry_app.command()
def decide(
    case: Case,
    decision: Annotated[str, typer.Option(help="决定书文号 | number of the decision")],
    by: By,
    lake: LakePath = LAKE,
) -> None:
    """决定经办机构有权决定的类别；由另一人作出 | decide, by another officer."""
    _step(lake, case, "decided", by, {"decision": decision})


@inquiry_app.command()
def transfer(
    case: Case,
    receipt: Annotated[str, typer.Option(help="移送回执文号 | number of the receipt")],
    by: By,
    lake: LakePath = LAKE,
) -> None:
    """移送医疗保障行政部门认定 | hand over what the administration decides."""
    _step(lake, case, "transferred", by, {"receipt": receipt})


@inquiry_app.command()
def close(case: Case, reason: Reason, by: By, lake: LakePath = LAKE) -> None:
    """结案 | close an inquiry."""
    _step(lake, case, "closed", by, {"reason": reason})


@inquiry_app.command()
def facts() -> None:
    """列出类别、目的事实与原件类型 | classes, facts of purpose and kinds of originals."""
    from pipelines.reports.inquiry import print_book

    print_book()


@inquiry_app.command()
def show(case: Case, lake: LakePath = LAKE, as_json: Json = False) -> None:
    """显示一件稽核及其全部事项 | print an inquiry with all its events."""
    from engine.cases.inquiry import LIFE
    from engine.errors import EngineError
    from engine.storage.case_steps import read_case
    from pipelines.desk import opened
    from pipelines.reports.inquiry import inquiry_answer, print_inquiry

    with opened(lake) as ledger:
        try:
            inquiry, events = read_case(ledger.database, LIFE, case)
        except EngineError as error:
            fail(error)
    answer = inquiry_answer(case, inquiry, events)
    print_json(answer) if as_json else print_inquiry(answer)


def _step(lake: Path, case: str, name: str, by: str, said: dict[str, Any]) -> None:
    from engine.errors import EngineError
    from engine.storage.inquiries import step
    from pipelines.desk import opened

    with opened(lake) as ledger:
        try:
            inquiry = step(ledger.database, case, name, officer(by, None), said)
        except EngineError as error:
            fail(error)
    typer.echo(f"{case}  {inquiry.of_class}  {inquiry.last.event}")
