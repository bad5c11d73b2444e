"""The command `jiesuan recovery`: getting back what a person received too much."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from pipelines.commands.options import LAKE, By, Day, Json, LakePath, Policies
from pipelines.commands.output import officer, print_json

recovery_app = typer.Typer(
    help="追回：提出、告知、异议、决定、分期、收款、抵扣。\n\nWhat a person received too much.",
    no_args_is_help=True,
)

Case = Annotated[str, typer.Argument(help="追回编号，如 R20240304-0001 | name of the recovery")]


@recovery_app.command()
def propose(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="追回文件 | what")],
    by: By,
    on: Day = None,
    lake: LakePath = LAKE,
) -> None:
    """提出追回。文件有 person、region、debtor、reason，及各基金金额 owed。

    Propose a recovery: a file with person, region, debtor, reason, and owed by purse.
    """
    from engine.storage.recoveries import propose as propose_recovery
    from pipelines.desk import opened
    from pipelines.files.recovery import read_proposal

    said = read_proposal(file)
    with opened(lake) as ledger:
        typer.echo(propose_recovery(ledger.database, officer(by, on), said).case_id)


@recovery_app.command()
def step(
    case: Case,
    name: Annotated[
        Literal["noticed", "objected", "withdrawn", "decided", "agreed", "received"],
        typer.Argument(help="告知、异议、撤回、决定、分期、收款 | step"),
    ],
    by: By,
    said: Annotated[
        list[str],
        typer.Option(
            "--say",
            help="理由、文号、各期日期或金额（元） | reason, decision, days or yuan",
        ),
    ] = [],  # noqa: B006 - typer reads it, nobody changes it
    on: Day = None,
    lake: LakePath = LAKE,
) -> None:
    """办一步。异议、撤回写理由，决定写文号（须由他人），分期写各期日期，收款写金额。

    Take a step: objected and withdrawn say why, decided the number of the decision (by another
    person), agreed the days of the instalments, received the amount.
    """
    from engine.storage.recoveries import step as take_step
    from pipelines.desk import opened
    from pipelines.reports.recovery import print_left

    with opened(lake) as ledger:
        found = take_step(ledger.database, case, name, officer(by, on), _content(name, said))
        print_left(found)


@recovery_app.command("set-off")
def set_off(
    case: Case,
    claim: Annotated[str, typer.Argument(help="已复核的手工申领 | an approved claim by hand")],
    by: By,
    on: Day = None,
    lake: LakePath = LAKE,
) -> None:
    """以应付给本人的手工报销款抵扣；待遇照常全额计算。

    Set it off against an approved claim by hand, whose benefit stays reckoned in full.
    """
    from engine.storage.recoveries import set_off_claim
    from pipelines.desk import opened
    from pipelines.reports.recovery import print_left

    with opened(lake) as ledger:
        print_left(set_off_claim(ledger.database, case, claim, officer(by, on)))


@recovery_app.command("set-off-account")
def set_off_account(
    case: Case,
    by: By,
    on: Day = None,
    lake: LakePath = LAKE,
    policies: Policies = None,
) -> None:
    """从本人个人账户抵扣，以余额为限；须由提出人以外的人办理，累计不变。

    Take it out of the debtor's own account, as far as that goes; another person than the proposer.
    """
    from engine.storage.account_set_off import set_off_account as take_from_account
    from pipelines.desk import compiled, opened
    from pipelines.reports.recovery import print_left

    with opened(lake) as ledger:
        clerk = officer(by, on)
        print_left(take_from_account(ledger.database, compiled(policies), case, clerk))


@recovery_app.command()
def show(case: Case, lake: LakePath = LAKE, as_json: Json = False) -> None:
    """查看一件追回：尚欠多少，分期如何，每一步由谁所为 | show a recovery."""
    from engine.cases.recovery_case import LIFE
    from engine.storage.case_steps import read_case
    from pipelines.desk import opened
    from pipelines.reports.recovery import print_recovery, told_recovery

    with opened(lake) as ledger:
        found, events = read_case(ledger.database, LIFE, case)
    print_json(told_recovery(case, found, events)) if as_json else print_recovery(found)


@recovery_app.command("after-end")
def after_end(
    person: Annotated[str, typer.Argument(help="人员编号 | person")],
    kind: Annotated[
        Literal["death", "moved_away", "no_longer_qualified"],
        typer.Option(help="死亡、转出或不再符合条件 | what ended it"),
    ],
    ended_on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="何日发生 | when")],
    lake: LakePath = LAKE,
    policies: Policies = None,
    as_json: Json = False,
) -> None:
    """待遇终止得知较晚时，列出终止后多付的各笔：基金、账户、现金分列，不相加。

    List what was paid after an end that became known late: funds, account and cash, never summed.
    """
    from pipelines.findings.after_end import after_end as list_overpaid
    from pipelines.findings.after_end import print_overpaid

    answer = list_overpaid(lake, policies, person, (kind, ended_on.date()), officer("", None).on)
    print_json(answer) if as_json else print_overpaid(answer)


@recovery_app.command()
def assess(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="更正事实 | the fact")],
    lake: LakePath = LAKE,
    policies: Policies = None,
    by: Annotated[
        str, typer.Option("--by", help="写明则立追回，由此人提出 | open the recovery, by whom")
    ] = "",
    on: Day = None,
    as_json: Json = False,
) -> None:
    """按更正事实重新结算，列出各基金应退：从事实、各笔重算到告知。写明 --by 即立追回。

    Settle anew with a recorded fact: what each fund is to get back, later settlements apart.
    """
    from pipelines.findings.overpayment import assess as assess_fact
    from pipelines.findings.overpayment import notice, propose_recovery

    answer = assess_fact(lake, policies, file)
    if by:
        answer["recovery"] = propose_recovery(lake, answer, officer(by, on))
    if as_json:
        print_json(answer)
        return
    for line in notice(answer):
        typer.echo(line)
    if by:
        typer.echo(f"已立追回 recovery {answer['recovery']}")


def _content(name: str, said: list[str]) -> dict[str, Any]:
    from engine.money import parse_fen

    text = said[0] if said else ""
    contents: dict[str, dict[str, Any]] = {
        "objected": {"reason": text},
        "withdrawn": {"reason": text},
        "decided": {"decision": text},
        "agreed": {"due": said},
    }
    if name == "received":
        return {"amount_fen": parse_fen(text)}
    return contents.get(name, {})
