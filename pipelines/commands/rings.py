"""The command `jiesuan rings`: leads to rings, and what they are worth on planted ones."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.options import LAKE, Json, LakePath, Lang
from pipelines.commands.output import fail, print_json

rings_app = typer.Typer(
    help="团伙线索：常常一起出现的人。线索不改变支付，也不认定违规。\n\n"
    "Leads to rings: persons who share rare things too often. No payment changes by a lead.",
    no_args_is_help=True,
)


@rings_app.command("list")
def list_(
    lake: LakePath = LAKE,
    sightings: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="终端与追溯码（CSV 或 Parquet）| terminals and trace codes of settlements",
        ),
    ] = None,
    days: Annotated[int, typer.Option(min=30, help="看最近几日的结算 | days looked at")] = 180,
    most: Annotated[int, typer.Option(min=1, help="至多几条 | leads at most")] = 20,
    lang: Lang = "zh",
    as_json: Json = False,
) -> None:
    """列出团伙线索：同进同出的住院、同一终端连续刷卡、追溯码反复结算。

    List groups that were admitted and discharged together, whose cards were used at one terminal
    within minutes on several days, or whose packs were settled again elsewhere.

    事实文件的列：settlement_id、kind（terminal 终端或 code 追溯码）、thing；没有它只看住院。

    The file of sightings has settlement_id, kind (terminal or code), thing.
    """
    from engine.errors import EngineError
    from engine.storage.lake import Lake
    from pipelines.leads.rings import rings_of
    from pipelines.reports.rings import print_rings

    try:
        found = rings_of(Lake(lake), days, sightings, most)
    except EngineError as error:
        fail(error)
    print_json(asdict(found)) if as_json else print_rings(found, lang)


@rings_app.command()
def evaluate(
    persons: Annotated[int, typer.Option(min=20_000, help="人数 | persons")] = 400_000,
    seed: Annotated[int, typer.Option(min=0, help="种子 | seed of the world")] = 11,
    as_json: Json = False,
) -> None:
    """在植入了团伙与无辜群体的合成数据上评估：每千人一人属于团伙。

    Score a world with planted rings (one person in a thousand) and innocent groups.
    """
    from pipelines.reports.rings import print_figures
    from pipelines.trials.rings import evaluate_rings

    figures = evaluate_rings(persons, seed)
    print_json(asdict(figures)) if as_json else print_figures(figures)
