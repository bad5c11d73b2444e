"""Whether two contenders have settled the same: every claim, every column that both write."""

from pathlib import Path

import polars as pl

COUNTERS = (
    "stays",
    "cost",
    "large",
    "burden",
    "visit_deductible",
    "visit_paid",
    "account_balance",
)
UFEN = 1_000_000


def totals(out: Path) -> dict[str, int]:
    """Return the sum of every amount that a contender has written."""
    settled = pl.scan_parquet(out / "settlements.parquet")
    amounts = [name for name in settled.collect_schema() if name.endswith("_fen")]
    return settled.select(pl.col(amounts).sum()).collect(engine="streaming").row(0, named=True)


def columns_that_differ(ours: Path, rival: Path) -> list[str]:
    """Return the columns in which any claim differs, and the counters whose sums do.

    A column is compared by the sum, modulo 2**64, of a hash of each claim with its value.
    """
    prints = [_prints(out, rival) for out in (ours, rival)]
    differ = [name for name in prints[1] if prints[0].get(name) != prints[1][name]]
    held, theirs = _held(ours), pl.read_parquet(rival / "accumulators.parquet")
    units = {name: 1 if name == "stays" else UFEN for name in COUNTERS}
    return differ + [
        f"accumulators {name}"
        for name, unit in units.items()
        if held.get(name, 0) != theirs[name].sum() * unit
    ]


def _prints(out: Path, rival: Path) -> dict[str, int]:
    names = list(pl.read_parquet_schema(rival / "settlements.parquet"))
    settled = pl.scan_parquet(out / "settlements.parquet")
    claim = pl.col("claim").cast(pl.Int64)
    sums = [
        pl.struct(claim, _plain(name, settled)).hash().sum().alias(name)
        for name in names
        if name != "claim"
    ]
    return settled.select(pl.len(), *sums).collect(engine="streaming").row(0, named=True)


def _plain(name: str, settled: pl.LazyFrame) -> pl.Expr:
    kind = settled.collect_schema()[name]
    return (pl.col(name) if kind == pl.String else pl.col(name).cast(pl.Int64)).alias("value")


def _held(ours: Path) -> dict[str, int]:
    held = (
        pl.read_parquet(ours / "accumulators.parquet")
        .group_by("counter")
        .agg(pl.col("value").sum())
    )
    return dict(held.iter_rows())
