"""Fails if the settle stage has become slow beside polars and DuckDB: `python -m benchmarks.gate`.

Ratios of CPU seconds alone, of processes that ran one after the other, with a wide margin.
"""

import sys
from pathlib import Path

from benchmarks.run import RIVALS, ROOT, bench_settle

CLAIMS = 200_000
MOST_OF_RIVAL = {"polars": 1.7, "duckdb": 0.9}
"""Times a rival's CPU seconds: 1.3 times what a quiet machine gives, 1.28 to 1.34 of polars' and
0.66 to 0.69 of DuckDB's. A busy one slows rivals more."""


def main() -> None:
    """Measure, and exit with 1 where the ratio is passed."""
    root = Path(sys.argv[1]) if sys.argv[1:] else ROOT
    measured = bench_settle(CLAIMS, root, lambda line: print(line, file=sys.stderr))  # noqa: T201
    ratios = {name: measured["ours"]["cpu_s"] / measured[name]["cpu_s"] for name in RIVALS}
    told = ", ".join(
        f"{name} {ratio:.2f} (at most {MOST_OF_RIVAL[name]})" for name, ratio in ratios.items()
    )
    sys.stdout.write(f"our CPU seconds over a rival's: {told}\n")
    sys.exit(int(any(ratio > MOST_OF_RIVAL[name] for name, ratio in ratios.items())))


if __name__ == "__main__":
    main()
