"""Look back: lines of earlier nights that tonight's rules with a window ask for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from engine.rules.catalogue import load_rules
from engine.rules.reach import Reaches, reaches_of
from engine.storage.lake import Lake
from pipelines.findings.evidence import KeptLines, kept_lines
from pipelines.staged.staging import write_staged
from pipelines.steps.flag import EARLIER_LINES, FlagInputs, limits_of_night

FILES_OF_A_NIGHT = 100_000
_CLAIM = {"night": pl.String, "settlement_id": pl.String, "begin": pl.Int32}


@dataclass(frozen=True)
class LookedBack:
    """What the step leaves.

    Attributes:
        lines: file of EARLIER_LINES.
        not_kept: nights within reach whose lines are no longer there, yyyy-MM-dd.
    """

    lines: Path
    not_kept: tuple[str, ...]


def look_back(lake: Lake, inputs: FlagInputs, earlier: pl.LazyFrame, work: Path) -> LookedBack:
    """Write the lines of tonight's persons that rules reach back to, item by item.

    A night is opened only where a person of tonight had a claim in it that can hold such a line.

    Args:
        earlier: SETTLEMENTS of earlier nights, published.
        work: an empty folder.
    """
    reaches = reaches_of(load_rules(inputs.rules), limits_of_night(inputs))
    claims = _claims_in_reach(inputs, earlier, reaches)
    items = pl.read_parquet(inputs.items)
    parts, not_kept = [pl.DataFrame(schema=EARLIER_LINES.schema)], []
    for night in sorted(set(claims["night"])):
        kept = kept_lines(lake, date.fromisoformat(night))
        if kept is None:
            not_kept.append(night)
            continue
        own = claims.filter(pl.col("night") == night)
        parts.append(_lines_in_reach(kept, own, items, reaches, len(parts)))
    file = write_staged(pl.concat(parts), EARLIER_LINES, work / "earlier_lines.parquet")
    return LookedBack(file, tuple(not_kept))


def tell_not_kept(looked: LookedBack, progress: Callable[[str], None]) -> None:
    """Tell of nights whose lines rules could not see."""
    if looked.not_kept:
        nights = "、".join(looked.not_kept)
        progress(
            f"look_back: {nights} 的明细已不在 evidence 下，跨夜规则看不到这些夜 | "
            "lines of these nights are archived, and rules did not see them"
        )


def _claims_in_reach(inputs: FlagInputs, earlier: pl.LazyFrame, reaches: Reaches) -> pl.DataFrame:
    """Return night, settlement and `begin` of its person of claims that can hold such lines.

    `begin` is the first day of tonight's of the person.
    """
    if reaches.longest is None:
        return pl.DataFrame(
            schema={"night": pl.String, "settlement_id": pl.String, "begin": pl.Int32}
        )
    most = (
        pl.scan_parquet(inputs.lines)
        .select("claim", "item")
        .join(reaches.items.lazy(), on="item")
        .group_by("claim")
        .agg(pl.max("days"))
    )
    least = pl.lit(reaches.others, dtype=pl.Int32)
    persons = (
        pl.scan_parquet(inputs.settled)
        .join(most, on="claim", how="left")
        .with_columns(days=pl.coalesce("days", least))
        .drop_nulls("days")
        .group_by("person_id")
        .agg(begin=pl.min("begin_day"), since=(pl.col("begin_day") - pl.col("days")).min())
    )
    return (
        earlier.join(persons, on="person_id")
        .filter(~pl.col("refund"), pl.col("end_day") >= pl.col("since"))
        .select("night", "settlement_id", "begin")
        .collect()
    )


def _lines_in_reach(
    kept: KeptLines, claims: pl.DataFrame, items: pl.DataFrame, reaches: Reaches, number: int
) -> pl.DataFrame:
    """Return EARLIER_LINES of a night; items are numbered as tonight's catalogue numbers them."""
    then = pl.read_parquet(kept.items).rename({"item": "then"})
    numbers = then.join(items, on="item_code").select("then", "item")
    wanted = numbers.join(reaches.items, on="item", how="left").with_columns(
        days=pl.coalesce("days", pl.lit(reaches.others, dtype=pl.Int32))
    )
    named = (
        pl.scan_parquet(kept.settled)
        .select("settlement_id", "claim")
        .join(claims.lazy(), on="settlement_id")
    )
    return (
        pl.scan_parquet(kept.lines)
        .join(named, on="claim")
        .rename({"item": "then"})
        .join(wanted.drop_nulls("days").lazy(), on="then")
        .filter(pl.col("day") >= pl.col("begin") - pl.col("days"))
        .with_columns(file=-1 - pl.col("file") - number * FILES_OF_A_NIGHT)
        .select(EARLIER_LINES.names)
        .sort("settlement_id", "file", "row")
        .collect()
    )
