"""The commands of `jiesuan bench`."""

import json
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.output import print_json, tell

bench_app = typer.Typer(
    no_args_is_help=True,
)


class Rival(StrEnum):
    """Whom the settle stage is measured beside."""

    POLARS = "polars"
    DUCKDB = "duckdb"


@bench_app.callback()
def bench() -> None:
    """与其他工具比速度：同样的文件，同样的结果。

    Speed beside other tools: same files, same results.
    """


@bench_app.command()
def settle(
    claims: Annotated[int, typer.Option(help="结算笔数 | number of claims", min=1)] = 1_000_000,
    folder: Annotated[Path, typer.Option(help="数据文件夹 | folder of the data")] = Path(
        "var/bench"
    ),
    without: Annotated[
        list[Rival] | None,
        typer.Option(help="不运行某个对手，可重复 | leave a rival out; may be repeated"),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="一个 JSON 对象 | one JSON object")
    ] = False,
) -> None:
    """结算阶段与 polars、DuckDB 的比较；三者的每笔结果须完全相同。

    内存或时间不够的对手会被单独终止，并如实记为 ended；没有跑完的不计倍数。

    The settle stage beside polars and DuckDB, which must settle every claim the same. A rival that
    takes more memory or time than there is is ended alone, told as `ended`, and has no ratio.
    """
    run = import_module("benchmarks.run")
    measured = run.bench_settle(claims, folder, tell, without=[one.value for one in without or ()])
    if as_json:
        print_json(measured)
    else:
        typer.echo(json.dumps(measured, indent=1))
