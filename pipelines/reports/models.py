"""What the commands of the models read and print: tables in, rankings and figures out."""

import csv
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Column, Table

from engine.errors import EngineError
from engine.money import format_yuan
from models.labels import NOTICE_EN, NOTICE_ZH
from models.scoring import DIGITS, Lead
from models.training.evaluate import MODEL, Evaluation
from pipelines.reports.rates import add_rates

OUT_COLUMNS = ("provider_id", "score", "rank", "reasons")


def read_table(path: Path) -> pl.DataFrame:
    """Return a table from a Parquet or CSV file, by its ending.

    Raises:
        EngineError: `table_file`, when it cannot be read.
    """
    try:
        if path.suffix.lower() == ".parquet":
            return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema_length=None)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise EngineError(
            "table_file",
            f"读不出表 {path.name}（{error}）；须为 Parquet 或 UTF-8 的 CSV",
            f"the table {path.name} cannot be read ({error}); it must be Parquet or UTF-8 CSV",
        ) from error


def write_leads(leads: list[Lead], path: Path) -> None:
    """Write the ranking as CSV, whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(OUT_COLUMNS)
        for lead in leads:
            reasons = "; ".join(one.text() for one in lead.reasons)
            rows.writerow((lead.provider, f"{lead.score:.{DIGITS}f}", lead.rank, reasons))
    partial.replace(path)


def evaluation_answer(found: Evaluation) -> dict[str, Any]:
    """Return the answer of `jiesuan evaluate --json`."""
    return {
        "model": MODEL,
        "folds": found.folds,
        **asdict(found.figures[MODEL]),
        "rivals": {name: asdict(one) for name, one in found.figures.items() if name != MODEL},
        "ece_of_a_perfect_model": found.ece_noise,
        "segments": [asdict(one) for one in found.segments],
        "notice": NOTICE_EN,
    }


def print_evaluation(found: Evaluation) -> None:
    """Print the figures of the model and its rivals, and the ratios per segment."""
    console = Console()
    table = Table(
        Column(overflow="fold"), "AUC", "AP", "95 %", "同规模", "P@5%", "金额@5%", "Brier", "ECE",
        title="折外结果 | out of fold", box=SIMPLE, padding=0,
    )  # fmt: skip
    for name, one in found.figures.items():
        low, high = one.ap_interval
        table.add_row(
            name.replace("_", " "),
            f"{one.auc:.3f}",
            f"{one.ap:.3f}",
            f"{low:.3f}–{high:.3f}",
            f"{one.within_size_auc:.3f}",
            f"{one.precision_5pct:.3f}",
            f"{one.money_share_5pct:.3f}",
            f"{one.brier:.4f}",
            f"{one.ece:.4f}",
        )
    console.print(table)
    console.print(f"完美模型在此规模下的 ECE | ECE of a perfect model here: {found.ece_noise:.4f}")
    rates = Table(
        Column("群体 segment", overflow="fold"), "家数 n", "误报率", "比值 ratio", "95 %", "警报",
        box=SIMPLE, padding=0,
    )  # fmt: skip
    add_rates(rates, found.segments)
    console.print(rates)
    console.print(f"{NOTICE_ZH}\n{NOTICE_EN}", style="dim")


def print_lead(lead: Lead) -> None:
    """Print one lead: its place, its reasons and what would refute each."""
    console = Console()
    console.print(f"[bold]{lead.rank}. {lead.provider}[/bold]  p = {lead.score:.3f}")
    for one in lead.reasons:
        console.print(f"  {one.text()}", highlight=False)
        console.print(f"    反证 | refuted by: {one.refuted_by()}", style="dim", highlight=False)
    console.print(
        "分数只决定先看谁，不认定违规 | a score orders a queue and names no breach", style="dim"
    )


def print_estimate(estimate: dict[str, Any]) -> None:
    """Print what a sample says of the whole frame."""
    console = Console()
    table = Table("估计 estimator", "点估计 元 point", "单侧下限 元 lower limit")
    for name in ("difference", "ratio"):
        one = estimate[name]
        table.add_row(name, format_yuan(one["point_fen"]), format_yuan(one["lower_fen"]))
    console.print(table)
    console.print(
        f"可主张 | may be demanded: {format_yuan(estimate['demand_fen'])} "
        f"({estimate['method']}, {estimate['confidence']:.0%})"
    )
