"""Tells the least CPU seconds of a contender in a process that has settled before.

`python -m benchmarks.warm CONTENDER FOLDER OUT RUNS`: each run settles the same files anew.
"""

import os
import shutil
import sys
from importlib import import_module
from pathlib import Path

from benchmarks.run import CONTENDERS, WARM_UP_CLAIMS
from benchmarks.workload import workload


def least_cpu_s(contender: str, folder: Path, out: Path, runs: int) -> float:
    """Return the least user and system time of some runs, after one of a small workload."""
    settle = import_module(CONTENDERS[contender]).run
    taken = []
    for made in [workload(WARM_UP_CLAIMS, folder.parent).folder, *[folder] * runs]:
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        before = os.times()
        settle(made, out)
        after = os.times()
        taken.append(after.user + after.system - before.user - before.system)
    return min(taken[1:])


if __name__ == "__main__":
    seconds = least_cpu_s(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
    sys.stdout.write(f"{seconds:.3f}\n")
