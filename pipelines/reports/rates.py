"""The table of how often groups are looked at in vain, of models and of leads alike."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from models.evaluation.fairness import SegmentRate


def add_rates(table: Table, segments: Iterable["SegmentRate"]) -> None:
    """Add a row for each group: how many, how often in vain, beside others, and an alarm."""
    for rate in segments:
        low, high = rate.interval
        table.add_row(
            rate.segment.replace("_", " "),
            f"{rate.providers:,}",
            f"{rate.rate:.4f}",
            f"{rate.ratio:.2f}",
            f"{low:.2g}–{high:.2g}",
            "是 yes" if rate.alarm else "",
        )
