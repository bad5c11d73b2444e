"""The command `jiesuan db`: the database of the ledger, brought up to date and checked."""

from typing import TYPE_CHECKING

import typer

from pipelines.commands.options import LAKE, Json, LakePath
from pipelines.commands.output import BLOCKED, fail, print_json

if TYPE_CHECKING:
    from engine.errors import StorageError


db_app = typer.Typer(
    help="账务数据库：升级表结构，核对全部账目。\n\n"
    "The ledger's database: its tables brought up to date, all of it checked.",
    no_args_is_help=True,
)


@db_app.callback()
def _group() -> None:
    """账务数据库 | the ledger's database."""


@db_app.command()
def upgrade(lake: LakePath = LAKE, as_json: Json = False) -> None:
    """升级表结构到本程序的版本；已是最新则什么也不做。升级前请先备份。

    Bring the tables to this program's version; nothing to do where they are. Back up first.

    数据库默认为数据湖中的 jiesuan.db；设 JIESUAN_DATABASE 为 PostgreSQL 的地址即用该库。
    较新程序写过的库一律拒绝打开，请改用写入它的版本。

    The database is jiesuan.db in the lake, or the PostgreSQL database whose URL JIESUAN_DATABASE
    holds. One that a newer program has written is refused: use that program.

    退出码 | exit codes: 0 完成 done, 20 不能升级 refused
    """
    from engine.errors import EngineError
    from engine.storage.database import Database, versions_of
    from engine.storage.lake import database_place

    lake.mkdir(parents=True, exist_ok=True)
    place = database_place(lake)
    before, _ = versions_of(place)
    try:
        Database(place).close()
    except EngineError as error:
        fail(error)
    after, _ = versions_of(place)
    if as_json:
        print_json({"before": before, "after": after})
    else:
        typer.echo(f"表结构 | tables: {before or '无 none'} → {after}")


@db_app.command()
def check(lake: LakePath = LAKE, as_json: Json = False) -> None:
    """核对全部账目：分录平衡、累计等于各笔之和、有效结算与撤销相符。不改动任何数据。

    Check all of the ledger and change nothing: legs balance, counters are the sums of what was
    added to them, what is live is what was settled and not undone.

    每夜只核对当夜参保人（至多两万人）；本命令核对全部，账大时请在空闲时运行。

    A night checks the persons it has posted for, at most 20,000; this command checks everybody.

    退出码 | exit codes: 0 相符 it holds, 20 表结构不是本程序的版本 tables of another version,
    30 账目不符 it does not hold
    """
    from engine.errors import EngineError
    from engine.storage.database import Database, versions_of
    from engine.storage.lake import database_place
    from engine.storage.ledger_check import check_ledger, count_rows

    place = database_place(lake)
    found, known = versions_of(place)
    if found != known:
        fail(_outdated(found, known), BLOCKED)
    database = Database(place)
    try:
        with database.reading() as connection:
            check_ledger(connection)
            counted = count_rows(connection)
    except EngineError as error:
        fail(error)
    finally:
        database.close()
    if as_json:
        print_json({"version": found, "holds": True, **counted})
    else:
        told = ", ".join(f"{name} {count:,}" for name, count in counted.items())
        typer.echo(f"账目相符 | the ledger holds: {told}")


def _outdated(found: str, known: str) -> "StorageError":
    from engine.errors import StorageError

    return StorageError(
        "schema_version",
        f"表结构为 {found or '无'}，本程序为 {known}；较旧请先运行 jiesuan db upgrade，较新请改用"
        "写入它的程序版本",
        f"the tables are of version {found or 'none'}, this program's of {known}; run jiesuan db "
        "upgrade where they are older, use the program that wrote them where they are newer",
    )
