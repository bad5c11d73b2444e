"""The command `jiesuan rules`: the rules, their examples, and the knowledge base they look up."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli_output import print_json

if TYPE_CHECKING:
    from pipelines.knowledge import Imported

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
    lake: Annotated[
        Path,
        typer.Option("--lake", envvar="JIESUAN_LAKE", help="数据湖文件夹 | folder of the lake"),
    ] = Path("var/lake"),
    as_json: Annotated[
        bool, typer.Option("--json", help="标准输出只有一个 JSON 对象 | one JSON object")
    ] = False,
) -> None:
    """导入国家“两库”的知识点工作簿；说明采用了什么、拒收了什么、为什么。

    Import a workbook of national knowledge points, and say what was refused and why. The newest
    import of a workbook of the same name holds; earlier versions are kept.

    例 | example: jiesuan rules import 药品区分性别使用.xlsx
    """
    from pipelines.knowledge import import_workbook

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
