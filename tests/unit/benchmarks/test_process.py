"""A benchmark's process is measured, and ended alone where it takes too much."""

import os
import sys
from pathlib import Path

import pytest

from benchmarks import run
from benchmarks.process import Ended, Measured, free_mb, run_measured
from benchmarks.workload import Workload
from engine.errors import InvariantError

FOREVER = [sys.executable, "-c", "import signal; signal.pause()"]
MORE_THAN_THERE_IS_MB = 1 << 40


def test_a_process_that_ends_by_itself_is_told_without_an_end() -> None:
    held = run_measured([sys.executable, "-c", "room = b'1' * 50_000_000"], os.environ)
    assert held.ended is None
    assert held.rss_mb > 50


def test_a_process_that_outlasts_patience_is_ended() -> None:
    assert run_measured(FOREVER, os.environ, patience_s=0).ended is Ended.TIME


@pytest.mark.skipif(free_mb() is None, reason="the system does not tell what memory is free")
def test_a_process_that_leaves_too_little_memory_is_ended() -> None:
    ended = run_measured(FOREVER, os.environ, least_free_mb=MORE_THAN_THERE_IS_MB).ended
    assert ended is Ended.MEMORY


def test_a_process_that_the_system_kills_ran_out_of_memory() -> None:
    kills_itself = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert run_measured([sys.executable, "-c", kills_itself], os.environ).ended is Ended.MEMORY


def test_a_process_that_fails_by_itself_fails_the_benchmark() -> None:
    with pytest.raises(InvariantError, match="has failed"):
        run_measured([sys.executable, "-c", "raise SystemExit(3)"], os.environ)


def test_a_rival_that_was_ended_is_told_and_has_no_ratio(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def measure(contender: str, _: Workload) -> Measured:
        return Measured(2.0, 3.0, 400.0, Ended.MEMORY if contender == "polars" else None)

    monkeypatch.setattr(run, "measure", measure)
    told = run.bench_settle(20, tmp_path, lambda _: None, without=["duckdb"])
    assert told["ours"] == {"wall_s": 2.0, "cpu_s": 3.0, "rss_mb": 400.0}
    assert told["polars"] == {"wall_s": 2.0, "cpu_s": 3.0, "rss_mb": 400.0, "ended": "memory"}
    assert told["duckdb"] is None
    assert told["totals_equal"] is None
    assert told["ratios"] == {"polars": None, "duckdb": None}
