"""The command `jiesuan payments`: a month's money out to providers."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options import LAKE, ORDER_EVENTS, Became, By, Day, Json, LakePath
from pipelines.commands.output import officer, print_json

payments_app = typer.Typer(
    help="拨付：按月出具定点机构结算单，支付，暂停支付。\n\nMoney out to providers.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="结算单编号 | name of the statement")]


@payments_app.command()
def state(
    books: Annotated[
        str, typer.Argument(help="账套/区划，如 medical/610100 或 injury/610100 | whose books")
    ],
    month: Annotated[datetime, typer.Option(formats=["%Y-%m"], help="哪一月 | month")],
    by: By,
    terms: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="扣减、预付、质保金文件 | what comes off"),
    ] = None,
    on: Day = None,
    lake: LakePath = LAKE,
) -> None:
    """出具一个月的结算单：各机构、各基金应付多少，承担不了的结转下月。

    State a month: what each fund owes each institution; what a fund cannot bear is carried forward.
    """
    from engine.storage.payments import MonthTerms, state_month
    from pipelines.desk import opened
    from pipelines.files.payments import read_books, read_terms

    given = MonthTerms() if terms is None else read_terms(terms)
    with opened(lake) as ledger:
        clerk = officer(by, on)
        names = state_month(ledger.database, read_books(books), month.date(), given, clerk)
    for name in names:
        typer.echo(name)


@payments_app.command()
def show(name: Name, lake: LakePath = LAKE, as_json: Json = False) -> None:
    """查看一份结算单 | show a statement and what became of its order."""
    from engine.storage.payments import read_month
    from pipelines.desk import opened
    from pipelines.reports.payments import print_month, told_month

    with opened(lake) as ledger:
        found = read_month(ledger.database, name)
    print_json(told_month(name, found)) if as_json else print_month(name, found)


@payments_app.command()
def provider(
    institution: Annotated[str, typer.Argument(help="区划/机构 | region/institution")],
    month: Annotated[datetime, typer.Option(formats=["%Y-%m"], help="哪一月 | month")],
    lake: LakePath = LAKE,
    as_json: Json = False,
) -> None:
    """一家机构一个月各基金的申报、扣减、认可、已付 | declared, deducted, recognised and paid."""
    from engine.storage.payments import months_of
    from pipelines.desk import opened
    from pipelines.reports.payments import print_sums, told_sums

    region, _, code = institution.partition("/")
    with opened(lake) as ledger:
        found = months_of(ledger.database, region, code, month.date())
    print_json(told_sums(found)) if as_json else print_sums(found)


@payments_app.command()
def pay(
    name: Name,
    became: Became,
    by: By,
    on: Day = None,
    lake: LakePath = LAKE,
) -> None:
    """支付单：发出，到账，或被银行退回 | the payment order: sent, paid, or returned."""
    from engine.storage.payments import step
    from pipelines.desk import opened
    from pipelines.reports.payments import print_month

    event = ORDER_EVENTS[became]
    with opened(lake) as ledger:
        print_month(name, step(ledger.database, name, event, officer(by, on)))


@payments_app.command("close-month")
def close_month(
    month: Annotated[datetime, typer.Argument(formats=["%Y-%m"], help="哪一月 | month")],
    by: By,
    on: Day = None,
    lake: LakePath = LAKE,
) -> None:
    """关账：该月及以前不再入账，迟到的结算记入开放的账期；显示开放账期的第一天。

    Close a month in all books: what comes late goes to the open month. Says its first day.
    """
    from engine.storage.closed_months import close_month as close_books
    from pipelines.desk import opened

    with opened(lake) as ledger:
        typer.echo(close_books(ledger.database, month.date(), officer(by, on)).isoformat())


@payments_app.command()
def hold(
    institution: Annotated[str, typer.Argument(help="区划/机构 | region/institution")],
    decision: Annotated[str, typer.Option(help="决定书文号 | number of the decision")],
    heard: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="听取陈述之日 | provider heard on")
    ],
    by: By,
    on: Day = None,
    lake: LakePath = LAKE,
) -> None:
    """暂停支付：须先听取机构陈述 | hold payment; the provider is heard first."""
    from engine.storage.payments import hold as hold_payment
    from pipelines.desk import opened

    region, _, code = institution.partition("/")
    said = {"decision": decision, "heard": heard.date().isoformat()}
    with opened(lake) as ledger:
        typer.echo(hold_payment(ledger.database, code, region, officer(by, on), said))


@payments_app.command()
def release(
    name: Annotated[str, typer.Argument(help="暂停编号 | name of the hold")],
    by: By,
    on: Day = None,
    lake: LakePath = LAKE,
) -> None:
    """恢复支付 | end a hold."""
    from engine.storage.payments import release as release_payment
    from pipelines.desk import opened

    with opened(lake) as ledger:
        typer.echo(release_payment(ledger.database, name, officer(by, on)).decision)
