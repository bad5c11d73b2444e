"""Kills the service and its database server for minutes on end, and says how often it did.

`python -m tests.soak --minutes 10`. It ends at once, by an error, where an acknowledged settlement
is lost, one is paid twice, or the audit chain is broken.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.killing import kill_postgresql, kill_under_load
from tests.postgres import Server, why_not

ROUND_KILLS, ROUND_SERVER_KILLS = 20, 4


def soak(seconds: float, server: Server | None) -> dict[str, int]:
    """Kill in rounds, each on databases of its own, until the time is up; return the kills."""
    ends = time.monotonic() + seconds
    kills = {"sqlite": 0, "postgresql": 0, "postgresql server": 0}
    while time.monotonic() < ends:
        with tempfile.TemporaryDirectory() as folder:
            kill_under_load(Path(folder) / "ledger.db", Path(folder), ROUND_KILLS)
        kills["sqlite"] += ROUND_KILLS
        if server is None:
            continue
        with tempfile.TemporaryDirectory() as folder:
            kill_under_load(server.new_database(), Path(folder), ROUND_KILLS)
        kill_postgresql(server, ROUND_SERVER_KILLS)
        kills["postgresql"] += ROUND_KILLS
        kills["postgresql server"] += ROUND_SERVER_KILLS
    return kills


def main() -> None:
    """Soak, and print the kills by what was killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    told = parser.parse_args()
    reason = why_not()
    if reason:
        sys.stderr.write(f"SQLite alone: {reason}\n")
    server = None if reason else Server()
    try:
        kills = soak(told.minutes * 60, server)
    finally:
        if server is not None:
            server.close()
    for killed, count in kills.items():
        sys.stdout.write(f"{killed:20}{count:6} kills\n")
    sys.stdout.write("nothing acknowledged was lost, nothing was paid twice\n")


if __name__ == "__main__":
    main()
