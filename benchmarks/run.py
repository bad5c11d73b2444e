"""Runs contenders on the same files, each in a process of its own, and compares what they wrote."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.compare import columns_that_differ, totals
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


@dataclass(frozen=True)
class Measured:
    """What a process took, from its start to its end: imports, reading and writing included."""

    wall_s: float
    cpu_s: float
    rss_mb: float


def bench_settle(
    claims: int, root: Path = ROOT, progress: Callable[[str], None] = print
) -> dict[str, Any]:
    """Return how long each contender takes to settle so many claims, and that all agree.

    Raises:
        InvariantError: a contender has failed, or has settled something otherwise.
    """
    progress(f"{claims:,} claims: files …")
    made = workload(claims, root)
    for name in CONTENDERS:
        measure(name, workload(WARM_UP_CLAIMS, root))
    measured = {}
    for name in CONTENDERS:
        measured[name] = measure(name, made)
        progress(f"{name}: {measured[name].wall_s:.2f} s, CPU {measured[name].cpu_s:.2f} s")
    for rival in RIVALS:
        differ = columns_that_differ(output(made, "ours"), output(made, rival))
        ensure(not differ, f"{rival} has settled otherwise: {', '.join(differ)}")
    sums = {name: totals(output(made, name)) for name in CONTENDERS}
    shared = set(sums["ours"]).intersection(*sums.values())
    equal = all(sums[name][key] == sums["ours"][key] for name in RIVALS for key in shared)
    return {
        "claims": claims,
        "lines": made.lines(),
        **{name: asdict(one) for name, one in measured.items()},
        "totals_equal": equal,
        "ratios": {
            name: round(measured[name].wall_s / measured["ours"].wall_s, 2) for name in RIVALS
        },
    }


def output(made: Workload, contender: str) -> Path:
    """Return where a contender writes."""
    return made.folder / f"out-{contender}"


def measure(contender: str, made: Workload) -> Measured:
    """Return what a contender takes in a fresh process.

    Bytecode of libraries is kept from process to process, whatever the environment says of it.

    Raises:
        InvariantError: it has failed.
    """
    out = output(made, contender)
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", CONTENDERS[contender], str(made.folder), str(out)]
    begun = time.perf_counter()
    bytecode = {
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str((made.folder.parent / "bytecode").resolve()),
    }
    process = subprocess.Popen(command, env={**os.environ, **ALLOCATOR, **bytecode})
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    ensure(process.returncode == 0, f"{contender} has failed", status=process.returncode)
    cpu = used.ru_utime + used.ru_stime
    return Measured(round(wall, 3), round(cpu, 3), round(used.ru_maxrss / 1024, 1))
