"""Commands of the models: evaluate, detect, sample. Heavy modules are imported inside them."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.commands.options import Json

if TYPE_CHECKING:
    from models.labels import Labelled
    from models.scoring import RankingModel

DRIFTED = 20
DRIFTS_TOLD = 5


def register(app: typer.Typer) -> None:
    """Add the commands of this file to the command line."""
    app.command()(evaluate)
    app.command()(detect)
    app.command()(sample)


def evaluate(
    curves: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="曲线图写到哪个 SVG 文件 | SVG of the curves"),
    ] = None,
    as_json: Json = False,
) -> None:
    """用固定折叠评估机构排序模型与各对照方法；数据取自 JIESUAN_DATA。

    Measure the ranking of providers and its rivals on the fixed folds of the labelled set.

    数据为半合成、美国编码的公开基准，不代表中国的情况。

    The set is a semi-synthetic benchmark with US coding, no claim about China.
    """
    from models.evaluation.curves import curves_svg
    from models.labels import NOTICE_EN, NOTICE_ZH, load_labelled, provider_folder
    from models.training.evaluate import evaluate as run
    from pipelines.reports.models import evaluation_answer, print_evaluation

    labelled = load_labelled(provider_folder())
    found = run(labelled, _tell)
    if curves is not None:
        notice = f"{NOTICE_ZH} | {NOTICE_EN}"
        curves.write_text(curves_svg(labelled.label, found.probabilities, notice), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(_plain(evaluation_answer(found)), ensure_ascii=False))
    else:
        print_evaluation(found)


def detect(
    providers: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="机构汇总表 | provider table")
    ],
    out: Annotated[Path, typer.Option(dir_okay=False, help="结果 CSV | where the ranking goes")],
    model: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="模型文件，缺省现场训练 | model file"),
    ] = None,
    save_model: Annotated[
        Path | None, typer.Option(dir_okay=False, help="把训练好的模型存到此处 | keep the model")
    ] = None,
    allow_drift: Annotated[
        bool, typer.Option("--allow-drift", help="数据漂移过大时仍评分 | score in spite of drift")
    ] = False,
) -> None:
    """为从未见过的机构评分排序，并说明理由；分数不改变支付，也不认定欺诈。

    Rank providers never seen before, with reasons. A score pays nothing and names no fraud.

    退出码 | exit codes: 20 数据不符或漂移过大 the table does not fit, or has drifted too far
    """
    from models.artifacts import save_model as keep
    from models.features.matrix import build_matrix
    from models.scoring import rank
    from pipelines.reports.models import print_lead, read_table, write_leads

    matrix = build_matrix(read_table(providers))
    fitted = _model(model)
    if save_model is not None:
        keep(fitted, save_model)
    drift = fitted.drift(matrix, fitted.probability(matrix))
    if _drifted(drift, len(matrix.providers)) and not allow_drift:
        raise typer.Exit(DRIFTED)
    leads = rank(fitted, matrix)
    write_leads(leads, out)
    print_lead(leads[0])


def sample(
    frame: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="抽样框 CSV 或 Parquet | the frame")
    ],
    size: Annotated[int, typer.Option(min=2, help="样本量 | how many to draw")],
    seed: Annotated[int, typer.Option(min=0, help="随机种子，写入底稿 | seed, kept on the sheet")],
    worksheet: Annotated[Path, typer.Option(dir_okay=False, help="工作底稿 CSV | the worksheet")],
    audited: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="填好的底稿，给出则估计 | filled worksheet"),
    ] = None,
    as_json: Json = False,
) -> None:
    """分层随机抽样核查：生成可重现的底稿，或由填好的底稿推算单侧下限。

    Draw a stratified sample that anyone can draw again, or estimate from the filled worksheet.

    抽样框须有 unit 与 amount_fen 两列；底稿的 overpaid_fen 由核查人员填写。

    The frame has the columns unit and amount_fen; the auditor fills overpaid_fen.
    """
    from pipelines.files.sampling import draw_worksheet, estimate_from
    from pipelines.reports.models import print_estimate, read_table

    units = read_table(frame)
    if audited is None:
        count = draw_worksheet(units, size, seed, worksheet)
        _tell(f"抽取 {count} 个单位 | {count} units drawn: {worksheet}")
        return
    estimate = estimate_from(units, size, seed, read_table(audited))
    if as_json:
        typer.echo(json.dumps(_plain(estimate), ensure_ascii=False))
    else:
        print_estimate(estimate)


def _model(path: Path | None) -> "RankingModel":
    from models.artifacts import load_model
    from models.labels import load_labelled, provider_folder
    from models.training.fit import code_hash, fit_ranking

    if path is not None:
        return load_model(path, code_hash())
    _tell("训练中 | fitting from JIESUAN_DATA")
    labelled: Labelled = load_labelled(provider_folder())
    return fit_ranking(labelled)


def _drifted(drift: dict[str, float], rows: int) -> bool:
    from models.evaluation.drift import verdict

    moved = [name for name in drift if verdict(drift[name], rows) != "ok"]
    for name in sorted(moved, key=lambda name: -drift[name])[:DRIFTS_TOLD]:
        _tell(f"漂移 | drift: {name} PSI {drift[name]:.2f}")
    if moved:
        _tell(f"{len(moved)} / {len(drift)} 项漂移 | have drifted; {rows} 行 rows")
    return verdict(drift["score"], rows) == "stop"


def _plain(value: Any) -> Any:
    """Replace what JSON cannot say: NaN and infinity become null."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _tell(line: str) -> None:
    typer.echo(line, err=True)
