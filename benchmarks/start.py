"""Tells what a first settlement takes in a new process: `python -m benchmarks.start`.

One case and one batch, with kernels kept by earlier processes and without any.
"""

import os
import sys
import tempfile

from benchmarks.process import run_measured
from benchmarks.run import CONTENDERS, ROOT, WARM_UP_CLAIMS, environment, output
from benchmarks.workload import workload

CASE = """
region: "610100"
scheme: employee
person: {class: retired}
events:
- {id: first, visit: inpatient, level: L3, begin: 2023-03-01, end: 2023-03-10, total: "10000.00"}
"""
BATCH = "a batch of 5,000"


def main() -> None:
    """Print seconds and memory of each."""
    made = workload(WARM_UP_CLAIMS, ROOT)
    case = ROOT / "first-case.yaml"
    case.write_text(CASE, "utf-8")
    python = [sys.executable, "-m"]
    commands = {
        "one case": [*python, "pipelines.cli", "settle", str(case), "--json"],
        BATCH: [*python, CONTENDERS["ours"], str(made.folder), str(output(made, "ours"))],
    }
    for name, command in commands.items():
        _quietly(command, environment(made))  # Bytecode is kept from now on.
        with tempfile.TemporaryDirectory() as empty:
            env = environment(made) | {"JIESUAN_CACHE": empty, "JIESUAN_COMPILE": ""}
            for kept in ("no kernels kept", "kernels kept"):
                told = _quietly(command, env)
                sys.stderr.write(f"{name}, {kept}: {told}\n")


def _quietly(command: list[str], env: dict[str, str]) -> str:
    """Return what a command took; what it prints is not asked for."""
    shell = ["/bin/sh", "-c", 'exec "$@" > "$0"', os.devnull, *command]
    took = run_measured(shell, env)
    return f"{took.wall_s:.2f} s, CPU {took.cpu_s:.2f} s, {took.rss_mb:.0f} MB"


if __name__ == "__main__":
    main()
