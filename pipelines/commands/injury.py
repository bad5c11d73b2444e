"""The command `jiesuan injury`: a case of work injury, and the bills that its fund takes over."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from pipelines.commands.options import LAKE, By, Day, Json, LakePath, Policies
from pipelines.commands.output import officer, print_json

injury_app = typer.Typer(
    help="工伤：登记、认定、由工伤保险承接已按基本医保结算的费用。\n\nCases of work injury.",
    no_args_is_help=True,
)

Case = Annotated[str, typer.Argument(help="工伤案号，如 I20240301-0001 | name of the case")]


@injury_app.command()
def report(
    person: Annotated[str, typer.Argument(help="人员编号 | person")],
    region: Annotated[str, typer.Option(help="参保区划 | region that insures")],
    injured_on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="受伤之日 | day")],
    by: By,
    on: Day = None,
    lake: LakePath = LAKE,
) -> None:
    """登记一起工伤 | open a case; nothing is settled under it before a recognition."""
    from engine.storage.injury import report as report_injury
    from pipelines.desk import opened

    with opened(lake) as ledger:
        database, clerk = ledger.database, officer(by, on)
        typer.echo(report_injury(database, clerk, person, region, injured_on.date()).case_id)


@injury_app.command()
def decide(
    case: Case,
    result: Annotated[
        Literal["recognised", "not_recognised", "recognition_revoked"],
        typer.Option(help="认定、不予认定或撤销认定 | what was decided"),
    ],
    decision: Annotated[str, typer.Option(help="决定书文号 | number of the decision")],
    by: By,
    on: Day = None,
    lake: LakePath = LAKE,
) -> None:
    """登记社会保险行政部门的认定决定 | record the authority's decision."""
    from engine.storage.injury import decide as decide_case
    from pipelines.desk import opened

    with opened(lake) as ledger:
        found = decide_case(ledger.database, case, result, officer(by, on), decision)
    typer.echo(found.last.event)


@injury_app.command("take-over")
def take_over(
    case: Case,
    bill: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="账单文件 | the bill, a file")
    ],
    by: By,
    on: Day = None,
    lake: LakePath = LAKE,
    policies: Policies = None,
) -> None:
    """承接一笔已按基本医保结算的费用：撤销原结算，按工伤结算，两机构间记往来。

    Take over a bill: undo its settlement, settle it under the injury scheme, post what one agency
    owes the other.

    文件有 settlement、person、event，另可有 mode | it has settlement, person, event, may have mode
    """
    from engine.storage.injury import take_over as take_bill_over
    from pipelines.desk import compiled, opened
    from pipelines.files.cases import read_bill
    from pipelines.reports.injury import print_injury

    given = read_bill(bill)
    with opened(lake) as ledger:
        print_injury(
            take_bill_over(ledger.database, compiled(policies), case, officer(by, on), given)
        )


@injury_app.command()
def show(case: Case, lake: LakePath = LAKE, as_json: Json = False) -> None:
    """查看一起工伤：认定与否，承接了哪些结算 | show a case and what it took over."""
    from engine.cases.injury import LIFE
    from engine.storage.case_steps import read_case
    from pipelines.desk import opened
    from pipelines.reports.injury import print_injury, told_injury

    with opened(lake) as ledger:
        found, events = read_case(ledger.database, LIFE, case)
    print_json(told_injury(case, found, events)) if as_json else print_injury(found)
