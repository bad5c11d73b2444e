"""The command `jiesuan institution`: the keys by which hospitals sign."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pipelines.commands.options import LAKE, Json, LakePath
from pipelines.commands.output import print_json

if TYPE_CHECKING:
    from engine.storage.database import Database

institution_app = typer.Typer(
    help="定点机构的接口密钥：发放、查看、停用。\n\nThe keys by which institutions sign.",
    no_args_is_help=True,
)

Code = Annotated[str, typer.Argument(help="定点医药机构编号 | code of the institution")]


@institution_app.command()
def add(
    code: Code,
    scheme: Annotated[
        Literal["gateway-hmac-sha1", "tif-sha256", "sm3-mac", "sm2-sm4-envelope"],
        typer.Option(help="签名方式 | how the institution signs"),
    ] = "gateway-hmac-sha1",
    public_key: Annotated[
        str, typer.Option(help="机构的 SM2 公钥（信封方式必填） | its SM2 key, for envelopes")
    ] = "",
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="只能用于沙箱的密钥 | a key of the sandbox alone")
    ] = False,
    lake: LakePath = LAKE,
    as_json: Json = False,
) -> None:
    """发放一个密钥；密钥只显示这一次。轮换时先发新的，换好后停用旧的（最多两个同时有效）。

    Issue a key; its secret is shown this once. To rotate, add one, then revoke the old one.

    编号 region-460000 为其他统筹区，investigator-360100 为本统筹区稽核人员（只可读 /v1/cases）
    region-460000 is another region, investigator-360100 reads /v1/cases of that region alone
    """
    from engine.storage.clock import local_seconds
    from engine.storage.credentials import SignatureScheme, Terms, issue

    if sandbox:
        from pipelines.sandbox import prepare_sandbox

        prepare_sandbox(lake, code)
    terms = Terms(SignatureScheme(scheme), public_key, sandbox)
    found = issue(_database(lake), code, local_seconds(), getpass.getuser(), terms)
    told = {
        "institution": found.institution_id,
        "access_key": found.access_key,
        "secret": found.secret,
    }
    if found.platform_public_key:
        told["platform_public_key"] = found.platform_public_key
    if as_json:
        print_json(told)
        return
    for name, value in told.items():
        typer.echo(f"{name:20} {value}")
    typer.echo("密钥不再显示，请立即存入机构的接口程序 | the secret is not shown again")


@institution_app.command()
def keys(code: Code, lake: LakePath = LAKE) -> None:
    """列出机构的有效密钥，不含密钥本身。 | List the live access keys, without their secrets."""
    from engine.storage.credentials import live_keys

    for access_key in live_keys(_database(lake), code):
        typer.echo(access_key)


@institution_app.command()
def revoke(
    access_key: Annotated[str, typer.Argument(help="要停用的 access key | the key to revoke")],
    lake: LakePath = LAKE,
) -> None:
    """停用一个密钥，即刻生效。 | Revoke a key, at once."""
    from engine.storage.clock import local_seconds
    from engine.storage.credentials import revoke as revoke_key

    whose = revoke_key(_database(lake), access_key, local_seconds(), getpass.getuser())
    typer.echo(f"{whose}: {access_key} 已停用 | revoked")


def _database(lake: Path) -> "Database":
    from engine.storage.lake import Lake

    return Lake(lake).database
