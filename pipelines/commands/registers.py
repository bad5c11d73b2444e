"""The command `jiesuan registers`: the bureau's registers, brought into the ledger by day."""

import getpass
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.options import LAKE, Day, Json, LakePath
from pipelines.commands.output import fail, print_json, tell

if TYPE_CHECKING:
    from engine.storage.entitled_load import Loaded

registers_app = typer.Typer(
    help="参保、机构与协议登记：不等当夜，白天即可载入。\n\n"
    "The registers of persons, institutions and agreements, brought by day.",
    no_args_is_help=True,
)

NAMES = {
    "insured_persons": "参保人",
    "covers": "参保关系",
    "entitlement_ends": "待遇终止",
    "designated_institutions": "定点机构",
    "agreements": "服务协议",
}


@registers_app.callback()
def _group() -> None:
    """参保、机构与协议登记 | the bureau's registers."""


@registers_app.command()
def load(
    reference: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="参考数据，缺省用湖中的 | reference data"),
    ] = None,
    on: Day = None,
    lake: LakePath = LAKE,
    as_json: Json = False,
) -> None:
    """载入参保人、参保关系、待遇终止、定点机构与协议，柜面即刻按新登记核对。

    Bring the registers into the ledger; the counter asks them at once.

    何时用：程序升级之后、第一夜之前（登记表还是空的，柜面什么也不核对）；白天新增定点机构、
    签订或中止协议、登记死亡之后。与当夜同一套读取、核对与载入；已结算的不变。

    Use it after an upgrade, before the first night, and when an institution, an agreement or a
    death is registered by day. It reads, checks and loads as a night does; what is settled stands.

    所给须是完整登记，与每夜所用相同：缺行即终止，缺文件即不再核对。

    下一夜的 --reference 须含同样内容，否则又按那一夜的改回。

    --reference is the whole of the registers, as a night's: a row that is missing is ended, a
    register that is missing is no longer asked. Give the next night the same, or it takes it back.

    每一变动入审计链，记操作人 | each change is in the audit chain, under the user's name

    退出码 | exit codes: 0 完成 done, 20 未载入任何内容 nothing was loaded
    """
    from contextlib import closing

    from engine.errors import EngineError
    from engine.storage.lake import Lake
    from pipelines.nightly.registers import Bringing, bring_registers

    day = (on or datetime.now().astimezone()).date()
    try:
        there = Lake(lake)
        with closing(there.database):
            loaded = bring_registers(there, Bringing(reference, day, getpass.getuser()), tell)
    except EngineError as error:
        fail(error)
    if as_json:
        print_json({"registers": [asdict(one) for one in loaded]})
    else:
        lines = [_line(one) for one in loaded]
        typer.echo("\n".join(lines) or "登记与库中相同，没有变动 | the registers are as they were")


def _line(one: "Loaded") -> str:
    told = f"{NAMES[one.register]} {one.register}: +{one.added:,} -{one.ended:,}"
    if one.brought:
        return told
    return f"{told}  未提供，此后不再核对 | not brought, no longer asked"
