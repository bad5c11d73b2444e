"""The benchmark runs: three contenders settle the same files to the same fen."""

import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from benchmarks.compare import columns_that_differ
from benchmarks.ours import settle_workload
from benchmarks.rivals import in_duckdb, in_polars
from benchmarks.workload import Workload, workload

CLAIMS = 3_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workload:
    return workload(CLAIMS, tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def ours(made: Workload) -> Path:
    out = made.folder / "ours"
    out.mkdir()
    settle_workload(made, out)
    return out


@pytest.mark.parametrize("rival", [in_polars, in_duckdb], ids=["polars", "duckdb"])
def test_a_rival_settles_every_claim_and_counter_as_we_do(
    made: Workload, ours: Path, rival: Any, tmp_path: Path
) -> None:
    rival.run(made.folder, tmp_path)
    assert columns_that_differ(ours, tmp_path) == []


def test_the_sample_reaches_every_layer_a_cap_and_the_account(ours: Path) -> None:
    settled = pl.read_parquet(ours / "settlements.parquet")
    assert len(settled) == CLAIMS
    paid = settled.select("layer_1_paid_fen", "layer_2_paid_fen", "layer_3_paid_fen").sum().row(0)
    assert min(paid) > 0
    assert settled["account_paid_fen"].sum() > 0
    assert settled.filter(pl.col("layer_1_paid_fen") == pl.col("layer_1_cap_left_fen")).height > 0


def test_a_fen_of_difference_in_one_claim_is_seen(ours: Path, tmp_path: Path) -> None:
    for name in ("settlements", "accumulators"):
        shutil.copy(ours / f"{name}.parquet", tmp_path)
    path = tmp_path / "settlements.parquet"
    changed = pl.col("cash_paid_fen") + (pl.col("claim") == 7).cast(pl.Int64)
    pl.read_parquet(path).drop("trace").with_columns(changed).write_parquet(path)
    held = pl.read_parquet(ours / "accumulators.parquet").group_by("counter").agg(
        pl.col("value").sum()
    )  # fmt: skip
    sums = {
        name: [value if name == "stays" else value // 1_000_000] for name, value in held.iter_rows()
    }
    pl.DataFrame(sums).write_parquet(tmp_path / "accumulators.parquet")
    assert columns_that_differ(ours, tmp_path) == ["cash_paid_fen"]
