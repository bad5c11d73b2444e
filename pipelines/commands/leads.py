"""Commands of the leads: freeze what units are compared with, show the queue and one lead."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from pipelines.commands.options import LAKE, Json, LakePath, Lang


def register(app: typer.Typer) -> None:
    """Add the commands of this file to the command line."""
    app.command()(freeze)
    app.command()(leads)


def freeze(
    out: Annotated[
        Path, typer.Option(dir_okay=False, help="写入参考数据文件夹 | into the reference data")
    ],
    lake: LakePath = LAKE,
    cases: Annotated[int, typer.Option(min=1, help="每夜每类可核查几件 | cases a night")] = 10,
    a_home: Annotated[
        int, typer.Option("--per-institution", min=1, help="每家机构至多几件 | cases each")
    ] = 3,
) -> None:
    """由已发布的各夜冻结同行参照，供以后各夜为机构、医师与参保人评分。

    Freeze what later nights compare institutions, physicians and persons with.

    文件名须为 unit_references.json，放入 --reference 所指的文件夹

    The file is unit_references.json, in the folder that --reference names.
    """
    from engine.storage.lake import Lake
    from models.queue import Capacity
    from models.unit_references import save_references
    from pipelines.leads.freeze import freeze as run
    from pipelines.reports.leads import print_frozen

    frozen = run(Lake(lake), Capacity(cases, cases_a_unit=a_home))
    save_references(frozen.references, out)
    print_frozen(frozen)


def leads(
    kind: Annotated[
        Literal["institution", "physician", "person"],
        typer.Argument(help="机构、医师或参保人 | which queue"),
    ] = "institution",
    place: Annotated[
        int | None, typer.Option(min=1, help="说明队列中的第几个 | explain this place")
    ] = None,
    lake: LakePath = LAKE,
    lang: Lang = "zh",
    as_json: Json = False,
) -> None:
    """上一夜建议先看谁：队列，或其中一个及其理由。线索不改变支付，也不认定违规。

    Whom last night suggests to look at first: the queue, or one lead with its reasons.
    """
    from engine.storage.lake import Lake
    from pipelines.leads.queue import lead_answer, leads_of_last_night
    from pipelines.reports.leads import print_lead, print_queue

    queue = leads_of_last_night(Lake(lake), kind)
    if place is None:
        typer.echo(json.dumps(queue, ensure_ascii=False)) if as_json else print_queue(queue)
        return
    lead = lead_answer(queue, place, lang)
    typer.echo(json.dumps(lead, ensure_ascii=False)) if as_json else print_lead(lead)
