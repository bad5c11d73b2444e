"""What the commands of the rings print."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from engine.money import format_yuan
from models.rings.reasons import reason_text, refuted_by
from pipelines.reports.leads import NO_VERDICT

if TYPE_CHECKING:
    from models.evaluation.rings import RingFigures
    from pipelines.leads.rings import Rings

KINDS = {
    "stays": "同进同出的住院 | stays together",
    "desk": "同一终端连续刷卡 | cards at one terminal",
    "codes": "追溯码反复结算 | packs settled again",
}
REASONS_TOLD = 3
PPM_A_PER_CENT = 10_000


def print_rings(found: "Rings", lang: str) -> None:
    """Print the leads with their strongest reasons and what would refute each."""
    console = Console()
    console.print(
        f"{found.first} – {found.last}: {len(found.leads)} 条线索 | leads", highlight=False
    )
    for kind in found.unseen:
        console.print(
            f"未看 | not looked at: {KINDS[kind]}（无事实文件 | no sightings）", style="dim"
        )
    for place, lead in enumerate(found.leads, start=1):
        chance = lead["probability_ppm"] / PPM_A_PER_CENT
        console.print(f"[bold]{place}. {KINDS[lead['kind']]}[/bold]  p = {chance:.2f}%")
        console.print(
            f"  {lead['members']} 人 persons，相遇时基金支付 | fund money in meetings "
            f"{format_yuan(lead['fund_fen'])} 元",
            highlight=False,
        )
        for reason in lead["reasons"][:REASONS_TOLD]:
            console.print(f"  {reason_text(reason, lang)}", highlight=False)
            if reason[-1] > 0 and (answer := refuted_by(reason, lang)):
                console.print(f"    反证 | refuted by: {answer}", style="dim", highlight=False)
    console.print(NO_VERDICT, style="dim")


def print_figures(figures: "RingFigures") -> None:
    """Print what leads reach on planted rings."""
    table = Table(show_header=False)
    table.add_row("植入团伙 | rings planted", str(figures.rings))
    table.add_row("其中找到 | found", str(figures.found))
    table.add_row("平均精度 | average precision by ring", f"{figures.ap:.3f}")
    table.add_row("前 50 件的团伙金额 | ring money in 50 cases", f"{figures.money_share:.1%}")
    table.add_row("无辜群体 | innocent groups", f"{figures.decoys:,}")
    table.add_row("被误扰 | of them disturbed", str(figures.disturbed))
    table.add_row("每万个 | of 10,000", f"{figures.disturbed_per_10_000:.2f}")
    Console().print(table)
