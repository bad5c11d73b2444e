"""The command `jiesuan officer`: which roles the bureau's officers hold."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options import LAKE, Json, LakePath
from pipelines.commands.output import officer, print_json

officer_app = typer.Typer(
    help="经办岗位：授予、收回、查看。工伤的受理、认定登记与结算须有相应岗位。\n\n"
    "The roles of officers; cases of work injury ask for them.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="经办人，与 --by 所写一致 | officer, as --by has it")]
Role = Annotated[
    str,
    typer.Option(
        help="岗位：injury_reception 工伤受理、injury_recognition 工伤认定登记、"
        "injury_settlement 工伤待遇结算 | role"
    ),
]
By = Annotated[str, typer.Option("--by", help="经办人，不得为本人 | officer, another one")]


@officer_app.command()
def grant(name: Name, role: Role, by: By, lake: LakePath = LAKE) -> None:
    """授予岗位，须由他人办理，入审计链 | grant a role; another person does it."""
    _change("granted", (name, role), by, lake)


@officer_app.command()
def withdraw(name: Name, role: Role, by: By, lake: LakePath = LAKE) -> None:
    """收回岗位；已办的事项不变 | withdraw a role; what was done stands."""
    _change("withdrawn", (name, role), by, lake)


@officer_app.command()
def show(name: Name, lake: LakePath = LAKE, as_json: Json = False) -> None:
    """查看一人现有的岗位 | show the roles that an officer holds."""
    from engine.cases.roles import role_book
    from engine.storage.officers import roles_of
    from pipelines.desk import opened

    with opened(lake) as ledger, ledger.database.reading() as connection:
        roles = sorted(roles_of(connection, name))
    if as_json:
        print_json({"officer": name, "roles": roles})
        return
    for role in roles:
        typer.echo(f"{role}  {role_book().roles[role].zh}")


def _change(event: str, what: tuple[str, str], by: str, lake: Path) -> None:
    from engine.storage.officers import change_role
    from pipelines.desk import opened

    with opened(lake) as ledger:
        held = change_role(ledger.database, event, *what, officer(by, None))
    typer.echo(" ".join(sorted(held)))
