"""Tells what each contender takes in a process that has settled before.

`python -m benchmarks.warm CLAIMS`: wall and CPU seconds, the least of two runs.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

from benchmarks.run import CONTENDERS, ROOT, WARM_UP_CLAIMS, environment, output
from benchmarks.workload import Workload, workload

RUNS = 2


@dataclass(frozen=True, slots=True)
class Warm:
    """The least wall seconds, and the least user and system seconds, of some runs."""

    wall_s: float
    cpu_s: float


def measure_warm(contender: str, made: Workload, runs: int = RUNS) -> Warm:
    """Return what a contender takes warm, in a process of its own."""
    folders = [str(made.folder), str(output(made, contender))]
    command = [sys.executable, "-m", "benchmarks.warm", contender, *folders, str(runs)]
    ended = subprocess.run(command, env=environment(made), check=True, capture_output=True)
    return Warm(**json.loads(ended.stdout))


def run_warm(contender: str, folder: Path, out: Path, runs: int) -> Warm:
    """Settle the same files anew in each run, after one of a small workload."""
    settle = import_module(CONTENDERS[contender]).run
    walls, cpus = [], []
    for made in [workload(WARM_UP_CLAIMS, folder.parent).folder, *[folder] * runs]:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        begun, before = time.perf_counter(), os.times()
        settle(made, out)
        after = os.times()
        walls.append(time.perf_counter() - begun)
        cpus.append(after.user + after.system - before.user - before.system)
    return Warm(round(min(walls[1:]), 3), round(min(cpus[1:]), 3))


def main() -> None:
    """Tell all contenders; of one, told with its folders, what its process measures."""
    if len(sys.argv) == 2:  # noqa: PLR2004 - the number of claims
        made = workload(int(sys.argv[1]), ROOT)
        for name in CONTENDERS:
            sys.stdout.write(f"{name}: {json.dumps(asdict(measure_warm(name, made)))}\n")
        return
    contender, folder, out, runs = sys.argv[1:]
    sys.stdout.write(json.dumps(asdict(run_warm(contender, Path(folder), Path(out), int(runs)))))


if __name__ == "__main__":
    main()
