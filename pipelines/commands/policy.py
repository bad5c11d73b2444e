"""The command `jiesuan policy`: tools for who writes policies as data."""

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from pipelines.commands.options import Day, Json
from pipelines.commands.output import WRONG_USAGE, fail, print_json

UNSOUND = 1

policy_app = typer.Typer(
    help="政策文件的工具：检查、查看、比较、测试覆盖、起草。\n\nTools for policy files.",
    no_args_is_help=True,
)

Policies = Annotated[
    Path | None,
    typer.Option(
        envvar="JIESUAN_POLICIES", exists=True, help="政策文件夹，缺省用自带的 | policy files"
    ),
]
Lang = Annotated[Literal["zh", "en"], typer.Option(help="语言 | language")]


@policy_app.command()
def check(
    folder: Annotated[
        Path | None,
        typer.Argument(exists=True, help="政策文件夹或文件，缺省为自带的 | files, default shipped"),
    ] = None,
    on: Day = None,
    as_json: Json = False,
) -> None:
    """逐个检查政策文件：错误与提示都指明文件与行。

    Check policy files one by one; findings name file and line.

    退出码 | exit codes: 0 没有错误（可有提示）no error, 1 有错误 an error
    """
    from engine.policy.book import SHIPPED
    from pipelines.policy.check import check as check_files
    from pipelines.policy.print_check import checked_json, print_checked

    checked = check_files(folder or SHIPPED, _day(on))
    print_json(checked_json(checked)) if as_json else print_checked(checked)
    raise typer.Exit(UNSOUND if checked.count("error") else 0)


@policy_app.command()
def show(
    region: Annotated[str, typer.Argument(help="区划代码 | region code")],
    scheme: Annotated[str, typer.Argument(help="险种，如 employee | scheme")],
    on: Day = None,
    policies: Policies = None,
    lang: Lang = "zh",
    as_json: Json = False,
) -> None:
    """查看一个险种在某一天的待遇：各层、表格、累计、来源。

    Show what a scheme says on a day: layers, tables, counters, sources.
    """
    from pipelines.policy.print_show import print_show
    from pipelines.policy.show import show as show_scheme

    shown = show_scheme(policies, (region, scheme), _day(on))
    print_json(shown) if as_json else print_show(shown, lang)


@policy_app.command()
def diff(
    old: Annotated[Path, typer.Argument(exists=True, help="旧文件或文件夹 | old file or folder")],
    new: Annotated[Path, typer.Argument(exists=True, help="新文件或文件夹 | new file or folder")],
    as_json: Json = False,
) -> None:
    """比较两份政策：改了哪些值，哪些人的金额因此不同。

    Compare two policies: which values changed, and whose amounts change with them.

    样例费用取自两份政策自己的起付线、分段与限额 | model claims lie at both policies' own edges
    """
    from pipelines.policy.diff import compare
    from pipelines.policy.print_diff import diff_json, print_diff

    difference = compare(old, new)
    print_json(diff_json(difference)) if as_json else print_diff(difference)


@policy_app.command()
def coverage(
    policies: Policies = None,
    cases: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True, file_okay=False, help="算例文件夹，可多次 | golden files' folders"
        ),
    ] = None,
    region: Annotated[
        list[str] | None, typer.Option(help="只看这些区划，可多次 | these regions only")
    ] = None,
    as_json: Json = False,
) -> None:
    """查看政策的哪些数字没有手工算例看住：数字稍有变动，必须有算例不再成立。

    Find the figures of policies that no golden file holds: change a figure a little, and some
    worked example has to fail.

    退出码 | exit codes: 0 全部看住 all held, 1 有未看住的或算例不成立 some not, or a file fails
    """
    from engine.policy.book import SHIPPED, load_book
    from pipelines.policy.coverage import coverage as cover
    from pipelines.policy.print_coverage import coverage_json, print_coverage

    covered = cover(load_book(policies or SHIPPED), cases or [Path("tests/golden")])
    if region:
        covered = covered.of_regions(region)
    print_json(coverage_json(covered)) if as_json else print_coverage(covered)
    raise typer.Exit(0 if covered.complete else UNSOUND)


@policy_app.command()
def new(
    region: Annotated[str, typer.Argument(help="区划代码，六位 | region code")],
    scheme: Annotated[str, typer.Argument(help="险种，如 employee | scheme")],
    name: Annotated[str, typer.Option(help="地区名称，如 西安市 | name of the place")],
    folder: Annotated[
        Path, typer.Option("--out", file_okay=False, help="写到哪个文件夹 | folder")
    ] = Path("policies"),
) -> None:
    """起草一份政策文件：带注释与空白，填完即可通过 policy check；已有的文件从不覆盖。

    Begin a policy file with comments and blanks; an existing file is never overwritten.
    """
    from engine.errors import PolicyError
    from pipelines.policy.begin import begin

    try:
        path = begin(folder, (region, scheme), name)
    except PolicyError as error:
        fail(error, WRONG_USAGE)
    sys.stdout.write(f"{path}\n")


def _day(on: datetime | None) -> date:
    return datetime.now().astimezone().date() if on is None else on.date()
