"""The command `jiesuan audit`: whether the record of who did what is whole."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options import LAKE, Json, LakePath
from pipelines.commands.output import print_json

BROKEN = 1
REASONS = {
    "missing": "此处的记录不在了 | the record of this number is missing",
    "changed": "此处的记录与其哈希不符 | the record does not match its hash",
    "not_as_exported": "与此前导出的链头不符，链被重写 | it is not as it was exported",
    "cut_off": "此处起的记录被截去 | the records from here on are cut off",
}

audit_app = typer.Typer(
    help="操作记录：核验是否被改动、删除、截断或重写。\n\nThe audit chain.",
    no_args_is_help=True,
)


@audit_app.callback()
def _group() -> None:
    """操作记录 | the audit chain."""


@audit_app.command()
def verify(
    lake: LakePath = LAKE,
    heads: Annotated[
        Path | None,
        typer.Option(
            envvar="JIESUAN_AUDIT_HEADS",
            exists=True,
            file_okay=False,
            help="另处保存的链头，缺省为湖旁 | exported heads that were kept elsewhere",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """核验操作记录。发现改动时退出码为 1，并指出最早出错的序号。

    Verify the audit chain; exit code 1 and the first bad sequence number where it is broken.
    """
    from pipelines.nightly.audit_heads import verify_lake

    found = verify_lake(lake, heads)
    if as_json:
        whole = found.first_bad is None
        print_json(
            {
                "whole": whole,
                "records": found.records,
                "first_bad": found.first_bad,
                "reason": found.reason or None,
            }
        )
    elif found.first_bad is None:
        typer.echo(f"{found.records} 条记录完整无误 | {found.records} records are whole")
    else:
        typer.echo(f"{found.first_bad}: {REASONS[found.reason]}")
    raise typer.Exit(0 if found.first_bad is None else BROKEN)
