"""Runs contenders on the same files, each in a process of its own, and compares what they wrote."""

import os
import shutil
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.compare import columns_that_differ, totals
from benchmarks.process import Measured, run_measured
from benchmarks.workload import Workload, workload
from engine.errors import ensure

ROOT = Path("var/bench")
CONTENDERS = {
    "ours": "benchmarks.ours",
    "polars": "benchmarks.rivals.in_polars",
    "duckdb": "benchmarks.rivals.in_duckdb",
}
RIVALS = tuple(name for name in CONTENDERS if name != "ours")
WARM_UP_CLAIMS = 5_000
ALLOCATOR = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=2"
    ":glibc.malloc.mmap_threshold=1073741824:glibc.malloc.trim_threshold=1073741824",
}
"""Memory in huge pages, given back late: for all contenders, where the C library has it."""


def bench_settle(
    claims: int,
    root: Path = ROOT,
    progress: Callable[[str], None] = print,
    without: Collection[str] = (),
) -> dict[str, Any]:
    """Return how long each contender takes to settle so many claims, and that all agree.

    A rival of `without` is null, and so is its ratio. One that was ended says by `ended` whether
    for memory or for time; it has no ratio, and what it took until then stands beside.

    Raises:
        InvariantError: a contender has failed, or has settled something otherwise.
    """
    progress(f"{claims:,} claims: files …")
    made = workload(claims, root)
    names = [name for name in CONTENDERS if name not in without]
    for name in names:
        measure(name, workload(WARM_UP_CLAIMS, root))
    measured = {}
    for name in names:
        measured[name] = measure(name, made)
        progress(_told(name, measured[name]))
    ensure(measured["ours"].ended is None, "ours was ended", why=measured["ours"].ended)
    done = [name for name in names if name in RIVALS and measured[name].ended is None]
    for rival in done:
        differ = columns_that_differ(output(made, "ours"), output(made, rival))
        ensure(not differ, f"{rival} has settled otherwise: {', '.join(differ)}")
    return {
        "claims": claims,
        "lines": made.lines(),
        **{name: _row(measured.get(name)) for name in CONTENDERS},
        "totals_equal": _equal(made, done) if done else None,
        "ratios": dict.fromkeys(RIVALS) | _ratios(measured, done),
    }


def _told(name: str, measured: Measured) -> str:
    took = f"{name}: {measured.wall_s:.2f} s, CPU {measured.cpu_s:.2f} s, {measured.rss_mb:,.0f} MB"
    return took if measured.ended is None else f"{took}, then ended: {measured.ended}"


def _row(measured: Measured | None) -> dict[str, Any] | None:
    if measured is None:
        return None
    return {name: value for name, value in asdict(measured).items() if value is not None}


def _ratios(measured: Mapping[str, Measured], done: Collection[str]) -> dict[str, float]:
    ours = measured["ours"].wall_s
    return {name: round(measured[name].wall_s / ours, 2) for name in done}


def _equal(made: Workload, rivals: Collection[str]) -> bool:
    """Return whether the sums of all amounts are those of ours."""
    ours = totals(output(made, "ours"))
    sums = [totals(output(made, name)) for name in rivals]
    return all(ours[key] == one[key] for one in sums for key in ours.keys() & one.keys())


def output(made: Workload, contender: str) -> Path:
    """Return where a contender writes."""
    return made.folder / f"out-{contender}"


def measure(contender: str, made: Workload) -> Measured:
    """Return what a contender takes in a fresh process.

    Raises:
        InvariantError: it has failed.
    """
    out = output(made, contender)
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", CONTENDERS[contender], str(made.folder), str(out)]
    return run_measured(command, environment(made))


def environment(made: Workload) -> dict[str, str]:
    """Return the environment of every contender.

    Bytecode of libraries is kept from process to process, whatever our own says of it.
    """
    bytecode = {
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str((made.folder.parent / "bytecode").resolve()),
    }
    return {**os.environ, **ALLOCATOR, **bytecode}
