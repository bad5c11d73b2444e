"""The command line. Heavy modules are imported inside the commands, so that --help is quick."""

import gc
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from pipelines.commands.audit import audit_app
from pipelines.commands.bench import bench_app
from pipelines.commands.clearing import clearing_app
from pipelines.commands.db import db_app
from pipelines.commands.examples import attach_examples
from pipelines.commands.injury import injury_app
from pipelines.commands.inquiry import inquiry_app
from pipelines.commands.institution import institution_app
from pipelines.commands.leads import register as register_leads
from pipelines.commands.manual import manual_app
from pipelines.commands.models import register as register_models
from pipelines.commands.officer import officer_app
from pipelines.commands.options import LAKE, Json, LakePath, Lang, Policies
from pipelines.commands.output import BLOCKED, fail, print_json, tell
from pipelines.commands.payments import payments_app
from pipelines.commands.policy import policy_app
from pipelines.commands.recovery import recovery_app
from pipelines.commands.registers import registers_app
from pipelines.commands.rings import rings_app
from pipelines.commands.rules import rules_app
from pipelines.commands.usage import refuse_usage

REJECTED = 1

app = typer.Typer(
    name="jiesuan",
    help="医保结算：结算、核对、发布一夜的费用，并说明每一分钱的由来。\n\n"
    "Settles, checks and publishes a night of claims, and explains every fen.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # The plain form of --help is there in half the time.
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(policy_app, name="policy")
app.add_typer(bench_app, name="bench")
app.add_typer(audit_app, name="audit")
app.add_typer(db_app, name="db")
app.add_typer(manual_app, name="manual")
app.add_typer(injury_app, name="injury")
app.add_typer(officer_app, name="officer")
app.add_typer(payments_app, name="payments")
app.add_typer(clearing_app, name="clearing")
app.add_typer(recovery_app, name="recovery")
app.add_typer(inquiry_app, name="inquiry")
app.add_typer(rules_app, name="rules")
app.add_typer(rings_app, name="rings")
app.add_typer(registers_app, name="registers")
app.add_typer(institution_app, name="institution")
register_models(app)
register_leads(app)


OBJECTS_BETWEEN_COLLECTIONS = 200_000


def main() -> None:
    """Run the command line."""
    from engine.errors import EngineError

    # What a start makes stays: looking through it is a sixteenth of a short command.
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    try:
        sys.exit(app(standalone_mode=False))
    except TyperException as error:
        refuse_usage(error)
    except EngineError as error:
        fail(error)
    except OSError as error:
        # A full disk, a folder without rights: nothing is published, and the night can run again.
        tell(f"[file_system] 文件系统错误，已停止；排除后重新运行：{error}")
        tell(f"the file system refuses, so it stopped; mend that and run again: {error}")
        sys.exit(BLOCKED)


@app.command()
def night(
    on: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="结算哪一天 | day")],
    delivery: Annotated[
        Path,
        typer.Option("--input", exists=True, file_okay=False, help="费用文件夹 | claims, lines"),
    ],
    reference: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="参考数据，缺省用湖中的 | reference data"),
    ] = None,
    lake: LakePath = LAKE,
    policies: Policies = None,
    as_json: Json = False,
) -> None:
    """结算一夜并发布。可随时中断，再次运行即从断处继续；同一夜再运行不会重复。

    Settle a night and publish it. It may be killed anywhere and run again.

    JIESUAN_PRODUCTION=1 时只用已批准的政策 | takes approved policies only

    退出码 | exit codes: 0 完成 done, 10 有拒付或待处理 some fell or wait, 20 不能运行 blocked,
    30 内部约束被破坏 an invariant broke
    """
    from engine.errors import PolicyError
    from pipelines.night import Order, exit_code, run_night
    from pipelines.reports.tables import print_night

    production = os.environ.get("JIESUAN_PRODUCTION") == "1"
    order = Order(on.date(), delivery, reference, lake, policies, production)
    try:
        summary = run_night(order, tell)
    except PolicyError as error:
        fail(error, BLOCKED)
    print_json(summary) if as_json else print_night(summary)
    raise typer.Exit(exit_code(summary))


@app.command()
def settle(
    case: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="案例文件 | case file")],
    policies: Policies = None,
    lang: Lang = "zh",
    receipt: Annotated[
        Path | None, typer.Option(dir_okay=False, help="凭据写到此文件 | write the receipt here")
    ] = None,
    as_json: Json = False,
) -> None:
    """试算一个案例文件，不需要任何数据库。格式见 docs/case-files.md。

    Settle one person's story from a case file, without any store.

    退出码 | exit codes: 1 有事件被拒 an event was rejected, 2 案例文件有误 the case is wrong,
    3 政策文件被拒 the policy was refused
    """
    from pipelines.commands.case import settled_story, write_receipt
    from pipelines.reports.tables import print_case

    told = settled_story(case, policies)
    answer = told.answer(lang)
    if receipt is not None:
        write_receipt(told, receipt)
    print_json(answer) if as_json else print_case(answer)
    rejected = any(one["status"] != "settled" for one in answer["settlements"])
    raise typer.Exit(REJECTED if rejected else 0)


@app.command()
def verify(
    receipt: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="凭据 | receipt")],
    case: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="案例文件 | case file")],
    policies: Policies = None,
) -> None:
    """核对凭据：重新结算案例，比较政策、引擎、输入与结果。

    Check a receipt: settle the case again and compare policy, engine, facts and results.

    退出码 | exit codes: 1 不符 something differs, 2 文件有误 a file is wrong,
    3 政策文件被拒 the policy was refused
    """
    from pipelines.commands.case import check_receipt, settled_story

    typer.echo(check_receipt(receipt, settled_story(case, policies)))


@app.command()
def explain(
    settlement: Annotated[str, typer.Argument(help="结算编号 | settlement id")],
    lake: LakePath = LAKE,
    policies: Policies = None,
    lang: Lang = "zh",
    as_json: Json = False,
) -> None:
    """逐步说明一笔已发布的结算：每一步的依据、出处与金额。

    Explain a published settlement: every step with its rule, source and amount.
    """
    from pipelines.explain import explain as explain_settlement
    from pipelines.reports.tables import print_explained

    answer = explain_settlement(settlement, lake, policies, lang)
    print_json(answer) if as_json else print_explained(answer)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="监听地址 | address")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="端口 | port", min=0, max=65535)] = 8000,
    lake: LakePath = LAKE,
    policies: Policies = None,
) -> None:
    """开启服务：/ 是昨夜结果，/docs 是接口说明。

    Serve last night's page at /, the interface at /docs and /v1.
    """
    import uvicorn

    os.environ["JIESUAN_LAKE"] = str(lake)
    os.environ.setdefault("JIESUAN_COMPILE", "1")  # One claim is a small job; a server has many.
    if policies is not None:
        os.environ["JIESUAN_POLICIES"] = str(policies)
    uvicorn.run("api.app:create_app", factory=True, host=host, port=port, access_log=False)


@app.command("make-city")
def make_city_command(
    folder: Annotated[Path, typer.Argument(help="写到哪里 | where to write")],
    claims: Annotated[int, typer.Option(help="结算笔数 | number of claims")] = 20_000,
    on: Annotated[
        datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="截至哪一天 | last day")
    ] = datetime(2024, 3, 31),  # noqa: DTZ001 - a business date
    seed: Annotated[int, typer.Option(help="随机种子 | seed")] = 1,
    csv: Annotated[bool, typer.Option("--csv", help="写 CSV 而非 Parquet | CSV files")] = False,
) -> None:
    """生成一座虚构城市的费用与参考数据，附有意植入的问题清单。

    Write a synthetic city: claims, lines, reference data and the list of what is planted.
    """
    from pipelines.synthetic.make import make_city
    from pipelines.synthetic.plan import CityPlan

    plan = CityPlan(
        claims=claims, night=on.date(), seed=seed, file_format="csv" if csv else "parquet"
    )
    summary = make_city(folder, plan, lambda done, of: tell(f"{done:,} / {of:,}"))
    typer.echo(summary)


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="演示文件夹 | folder")] = Path("var/demo"),
) -> None:
    """演示：生成一座虚构城市，结算一夜，说明其中一笔，并告知如何打开页面。

    Make a synthetic city, settle a night of it, explain one settlement, tell how to see it.
    """
    from pipelines.demo import run_demo

    run_demo(folder, tell)


attach_examples(app)

if __name__ == "__main__":
    main()
