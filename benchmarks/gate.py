"""Fails if the settle stage has become slow beside polars and DuckDB: `python -m benchmarks.gate`.

Ratios of CPU seconds at a million claims, each contender warm in a process of its own.
"""

import sys
from pathlib import Path

from benchmarks.run import CONTENDERS, RIVALS, ROOT
from benchmarks.warm import measure_warm
from benchmarks.workload import workload

CLAIMS = 1_000_000
RUNS = {"ours": 2, "polars": 1, "duckdb": 1}
MOST_OF_RIVAL = {"polars": 0.75, "duckdb": 0.45}
"""Times a rival's CPU seconds: 1.3 times what was measured, 0.56 of polars' and 0.33 of DuckDB's.
A busy machine slows rivals more."""


def main() -> None:
    """Measure, and exit with 1 where the ratio is passed."""
    root = Path(sys.argv[1]) if sys.argv[1:] else ROOT
    made = workload(CLAIMS, root)
    seconds = {name: measure_warm(name, made, RUNS[name]).cpu_s for name in CONTENDERS}
    ratios = {name: seconds["ours"] / seconds[name] for name in RIVALS}
    told = ", ".join(
        f"{name} {ratio:.2f} (at most {MOST_OF_RIVAL[name]})" for name, ratio in ratios.items()
    )
    sys.stdout.write(f"our CPU seconds over a rival's: {told}; {seconds}\n")
    sys.exit(int(too_slow(ratios)))


def too_slow(ratios: dict[str, float]) -> bool:
    """Return whether ours took more of some rival's CPU seconds than it may."""
    return any(ratio > MOST_OF_RIVAL[name] for name, ratio in ratios.items())


if __name__ == "__main__":
    main()
