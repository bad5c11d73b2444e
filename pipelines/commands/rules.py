"""The command `jiesuan rules`: the rules, their examples, and the knowledge base they look up."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.commands.options import LAKE, Json, LakePath, Policies
from pipelines.commands.output import print_json

if TYPE_CHECKING:
    from pipelines.findings.knowledge import Imported

SHOWN = 20

rules_app = typer.Typer(
    help="监管规则与知识库。\n\nRules, and the knowledge base that they look up.",
    no_args_is_help=True,
)


@rules_app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="国家两库的工作簿 | workbook")
    ],
    lake: LakePath = LAKE,
    as_json: Json = False,
) -> None:
    """导入国家“两库”的知识点工作簿；说明采用了什么、拒收了什么、为什么。

    Import a workbook of national knowledge points, and say what was refused and why. The newest
    import of a workbook of the same name holds; earlier versions are kept.
    """
    from pipelines.findings.knowledge import import_workbook

    imported = import_workbook(file, lake)
    if as_json:
        print_json(_as_json(imported))
        return
    taken = imported.taken
    typer.echo(
        f"采用 {len(taken.points)} 个知识点，版本 {imported.version or '—'} | taken, version"
    )
    for title, rows in (("拒收 | refused", taken.refused), ("存疑 | doubtful", taken.doubtful)):
        typer.echo(f"{title}: {len(rows)}")
        for row in rows[:SHOWN]:
            typer.echo(f"  {row.sheet} : {row.row}  {row.reason}")
        if len(rows) > SHOWN:
            typer.echo(f"  … {len(rows) - SHOWN} 行见 --json | more with --json")


def _as_json(imported: "Imported") -> dict[str, Any]:
    rows = {"refused": imported.taken.refused, "doubtful": imported.taken.doubtful}
    return {
        "taken": len(imported.taken.points),
        **{
            name: [{"sheet": row.sheet, "row": row.row, "reason": row.reason} for row in those]
            for name, those in rows.items()
        },
        "version": imported.version,
    }


@rules_app.command("list")
def list_() -> None:
    """列出规则：编号、级别、名称、依据与已知的误报情形。

    List the rules, their grounds and their expected false positives.
    """
    from engine.rules.catalogue import load_rules

    for rule in load_rules():
        grounds = "；".join(
            f"{basis.source} art. {basis.article}" + (f"({basis.item})" if basis.item else "")
            for basis in rule.legal_basis
        )
        level = {"definite": "违规", "suspicious": "可疑"}[rule.level]
        typer.echo(f"{rule.id}  {level}  {rule.label_zh} | {rule.label_en}")
        typer.echo(f"  依据 | basis: {grounds}")
        for words in rule.expected_false_positives:
            typer.echo(f"  误报 | false positive: {words.zh} | {words.en}")


@rules_app.command("test")
def test() -> None:
    """逐条运行规则的示例：应发现的、差一点的、应豁免的。

    Run every rule's examples: what it finds, what it just misses, what it lets be.

    退出码 | exit codes: 0 全部符合 all hold, 1 有不符合的 one does not
    """
    from engine.rules.examples import run_examples

    outcomes = list(run_examples())
    wrong = [outcome for outcome in outcomes if not outcome.holds]
    for outcome in wrong:
        example = outcome.example
        typer.echo(f"{example.of}  {example.kind}  {example.zh}")
        typer.echo(f"  应为 | expected {example.found or '—'}，实为 | found {dict(outcome.found)}")
    rules = len({outcome.example.of for outcome in outcomes})
    typer.echo(
        f"{rules} 条规则，{len(outcomes)} 个示例，{len(wrong)} 个不符合 | "
        f"{rules} rules, {len(outcomes)} examples, {len(wrong)} wrong"
    )
    raise typer.Exit(1 if wrong else 0)


@rules_app.command()
def replay(
    finding: Annotated[str, typer.Argument(help="规则:结算编号 | rule:settlement")],
    lake: LakePath = LAKE,
    policies: Policies = None,
    as_json: Json = False,
) -> None:
    """从当夜留存的数据、规则与政策重现一条疑点，逐字节比对。

    Make a published finding again from what its night kept, and compare the bytes.

    退出码 | exit codes: 0 一致 identical, 1 不一致 another
    """
    from engine.storage.lake import Lake
    from pipelines.findings.again import replay as replay_finding

    answer = replay_finding(Lake(lake), finding, policies)
    if as_json:
        print_json(answer)
    else:
        same = "一致 identical" if answer["identical"] else "不一致 another"
        typer.echo(f"{finding}  {answer['night']}  {same}")
        typer.echo(
            f"  规则版本 rule {answer['rule_version']}  湖版本 lake {answer['lake_version']}"
        )
        typer.echo(f"  已发布 published {answer['published_sha256']}")
        typer.echo(f"  重现   again     {answer['again_sha256']}")
        for line in answer["beside"]:
            typer.echo(f"  另一结算的明细 | beside it: {line['settlement_id']} #{line['row']}")
    raise typer.Exit(0 if answer["identical"] else 1)


@rules_app.command()
def run(
    only: Annotated[str, typer.Option("--only", help="规则编号 | rule")],
    as_of: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="截至哪一天 | day")],
    lake: LakePath = LAKE,
    policies: Policies = None,
    as_json: Json = False,
) -> None:
    """用现行的一条规则，按某日当时的知识库、登记与结算再查一遍；不写入任何数据。

    Run one rule of today on the knowledge, registers and settlements of a day; nothing is written.
    """
    from engine.money import format_yuan
    from engine.storage.lake import Lake
    from pipelines.findings.again import run as run_rule

    answer = run_rule(Lake(lake), only, as_of.date(), policies)
    if as_json:
        print_json(answer)
        return
    typer.echo(f"{only}  {answer['night']}  规则版本 rule {answer['rule_version']}")
    for row in answer["findings"]:
        typer.echo(f"  {row['settlement_id']}  {format_yuan(row['amount_fen'])}")
    typer.echo(f"  新增 new {len(answer['new'])}，不再有 gone {len(answer['gone'])}")


@rules_app.command()
def loss(
    settlement: Annotated[str, typer.Argument(help="结算编号 | settlement")],
    lake: LakePath = LAKE,
    policies: Policies = None,
    as_json: Json = False,
) -> None:
    """一笔结算的全部“违规”疑点共多付多少：明细只计一次，基金、账户、现金分列，不相加。

    What the definite findings on a settlement cost together: a line once, each payer apart.
    """
    from engine.storage.lake import Lake
    from pipelines.findings.loss import loss as price
    from pipelines.findings.loss import told

    answer = price(Lake(lake), settlement, policies)
    if as_json:
        print_json(answer)
        return
    for line in told(answer):
        typer.echo(line)


@rules_app.command()
def measure(
    claims: Annotated[int, typer.Option(help="城市的结算笔数 | claims of the city")] = 20_000,
    times: Annotated[int, typer.Option(help="每个示例植入几次 | copies of each example")] = 10,
    seed: Annotated[int, typer.Option(help="随机种子 | seed")] = 1,
    as_json: Json = False,
) -> None:
    """把各规则的示例植入一座虚构城市，量出“可疑”规则的精确率与召回率。

    Plant the rules' examples in a synthetic city: precision and recall of the suspicious ones.
    """
    from pipelines.trials.rules import measure as measure_rules
    from pipelines.trials.rules import table

    answer = measure_rules(claims, times, seed)
    if as_json:
        print_json(answer)
        return
    for line in table(answer):
        typer.echo(line)
