"""The command `jiesuan clearing`: what regions owe each other for care elsewhere."""

from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipelines.commands.options import LAKE, By, Day, Json, LakePath
from pipelines.commands.output import officer, print_json

if TYPE_CHECKING:
    from engine.ledger.clearing import Role
    from engine.storage.clearing_items import Pair

DIFFERENT = 1

clearing_app = typer.Typer(
    help="异地就医清分清算：日清分、月申报与确认、争议扣减、预付金。\n\n"
    "What regions owe each other for care elsewhere.",
    no_args_is_help=True,
)

Books = Annotated[str, typer.Argument(help="本地/对方区划，如 610100/460000 | region/other")]
Name = Annotated[str, typer.Argument(help="申报编号 | name of the statement")]


@clearing_app.command()
def day(
    on: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="哪一天 | day")],
    lake: LakePath = LAKE,
    as_json: Json = False,
) -> None:
    """日清分：当天各地区对、各基金的结算与撤销。

    What a day brought each pair of regions, fund by fund.
    """
    from engine.periods import day_number
    from engine.storage.clearing_items import day_sums, sort_items
    from pipelines.desk import opened
    from pipelines.reports.clearing import print_day, told_day

    number = day_number(on.date())
    with opened(lake) as ledger, ledger.database.transaction() as connection:
        sort_items(connection, number)
        sums = day_sums(connection, number)
    print_json(told_day(sums)) if as_json else print_day(sums)


@clearing_app.command()
def month(
    books: Books,
    which: Annotated[datetime, typer.Option("--month", formats=["%Y-%m"], help="哪一月 | month")],
    out: Annotated[Path, typer.Option("--out", help="申报文件写到哪里 | where to write it")],
    by: By,
    on: Day = None,
    lake: LakePath = LAKE,
) -> None:
    """就医地：出具一个月的申报，并写成交给参保地的文件。

    Region of care: state a month, and write the file for the region of insurance.
    """
    from engine.ledger.clearing import Role
    from engine.storage.clearing import read_month, state_month
    from engine.storage.clearing_items import stated_items
    from pipelines.desk import opened
    from pipelines.files.clearing import write_statement
    from pipelines.reports.clearing import print_month

    pair = _pair(books, Role.CARE)
    with opened(lake) as ledger:
        name = state_month(ledger.database, pair, which.date(), officer(by, on))
        with ledger.database.reading() as connection:
            items = stated_items(connection, name)
        events = read_month(ledger.database, name)
    write_statement(out, pair, which.date(), items)
    print_month(name, events)


@clearing_app.command()
def confirm(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="申报文件 | statement")],
    by: By,
    on: Day = None,
    lake: LakePath = LAKE,
) -> None:
    """参保地：逐笔核对就医地的申报；一致才确认，不一致列出差异，什么也不改。

    Region of insurance: compare a statement claim by claim; confirm it where nothing differs.

    退出码 | exit codes: 0 已确认 confirmed, 1 有差异 it differs
    """
    from engine.storage.clearing import confirm as confirm_month
    from engine.storage.clearing import read_month
    from pipelines.desk import opened
    from pipelines.files.clearing import read_statement
    from pipelines.reports.clearing import print_differences, print_month

    told = read_statement(file)
    with opened(lake) as ledger:
        name, found = confirm_month(
            ledger.database, told.at_home, told.month, told.items, officer(by, on)
        )
        events = read_month(ledger.database, name) if name else []
    if found:
        print_differences(found)
        raise typer.Exit(DIFFERENT)
    print_month(name, events)


@clearing_app.command()
def mark(
    name: Name,
    state: Annotated[
        Literal["confirmed", "rejected", "paid"],
        typer.Option(help="对方已确认、已驳回，或款已到（已付）| what became of it"),
    ],
    by: By,
    on: Day = None,
    lake: LakePath = LAKE,
) -> None:
    """登记一份申报的进展：确认、驳回、拨付。 | Record what became of a statement."""
    from engine.storage.clearing import read_month, step
    from pipelines.desk import opened
    from pipelines.reports.clearing import print_month

    with opened(lake) as ledger:
        step(ledger.database, name, state, officer(by, on))
        print_month(name, read_month(ledger.database, name))


@clearing_app.command()
def show(name: Name, lake: LakePath = LAKE, as_json: Json = False) -> None:
    """查看一份申报 | show a statement."""
    from engine.storage.clearing import read_month
    from pipelines.desk import opened
    from pipelines.reports.clearing import print_month, told_month

    with opened(lake) as ledger:
        events = read_month(ledger.database, name)
    print_json(told_month(name, events)) if as_json else print_month(name, events)


@clearing_app.command()
def dispute(
    claim: Annotated[str, typer.Argument(help="异地申请编号 | id of the claim")],
    deduct: Annotated[
        list[str], typer.Option(help="基金=元，可多次，如 pool=100.00 | fund=yuan, repeatable")
    ],
    reason: Annotated[str, typer.Option(help="审核结论与文号 | finding and its number")],
    by: By,
    on: Day = None,
    lake: LakePath = LAKE,
) -> None:
    """就医地：审核扣减一笔已申报的费用，计入扣减当月的申报。

    Region of care: deduct from a claim that was stated; it comes with this month's statement.
    """
    from engine.storage.clearing import dispute as contest
    from pipelines.desk import opened
    from pipelines.files.clearing import read_deductions

    wanted = read_deductions(deduct)
    with opened(lake) as ledger:
        typer.echo(contest(ledger.database, claim, wanted, reason, officer(by, on)))


@clearing_app.command()
def prepay(
    books: Books,
    role: Annotated[Literal["care", "home"], typer.Option(help="本地是就医地还是参保地 | role")],
    amount: Annotated[str, typer.Option(help="预付或追加金额（元）| yuan")],
    by: By,
    on: Day = None,
    lake: LakePath = LAKE,
) -> None:
    """登记参保地拨给就医地的预付金，或追加。 | Record a prepayment, or more of it."""
    from engine.ledger.clearing import Role
    from engine.storage.clearing import prepay as record
    from pipelines.desk import opened
    from pipelines.files.clearing import read_amount

    fen = read_amount(amount)
    with opened(lake) as ledger:
        typer.echo(record(ledger.database, _pair(books, Role(role)), fen, officer(by, on)))


@clearing_app.command()
def balance(on: Day = None, lake: LakePath = LAKE, as_json: Json = False) -> None:
    """各地区对的预付金、未清算金额与预警。 | Prepayment, what is due, and warnings."""
    from engine.storage.clearing import balances
    from pipelines.desk import opened
    from pipelines.reports.clearing import print_balances, told_balances

    with opened(lake) as ledger:
        found = balances(ledger.database, officer("", on).on)
    print_json(told_balances(found)) if as_json else print_balances(found)


@clearing_app.command()
def resume(
    counterparties: Annotated[
        Path | None,
        typer.Option(envvar="JIESUAN_COUNTERPARTIES", help="异地对端文件 | counterparties"),
    ] = None,
    lake: LakePath = LAKE,
) -> None:
    """查询结果未明的异地申请，能定的就定；仍未明的列出，由医院重发或冲正。

    Ask other regions about claims of unknown outcome, and list those that stay so.

    退出码 | exit codes: 0 都已明确 all known, 1 仍有未明 some are not
    """
    from pipelines.desk import opened
    from pipelines.reports.clearing import print_unknown

    # The line to other regions belongs to the service, which this command must not import.
    resolve_all = import_module("api.crossregion.resume").resolve_all
    with opened(lake) as ledger:
        left = resolve_all(ledger.database, counterparties)
    print_unknown(left)
    raise typer.Exit(DIFFERENT if left else 0)


def _pair(books: str, role: "Role") -> "Pair":
    from pipelines.files.clearing import read_pair

    return read_pair(books, role)
