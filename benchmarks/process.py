"""What one process takes from its start to its end, and how one that takes too much is ended."""

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from engine.errors import ensure

LEAST_FREE_MB = 1_500
"""A process that leaves the machine less than this is ended, before others pay for it."""

PATIENCE_S = 600
_LOOK_EVERY_S = 0.05
_ENDED_FIRST = "1000"
_MEMORY = Path("/proc/meminfo")


class Ended(StrEnum):
    """Why a process was ended."""

    MEMORY = "memory"
    TIME = "time"


@dataclass(frozen=True)
class Measured:
    """What a process took: imports, reading and writing included.

    Attributes:
        wall_s: seconds from its start to its end.
        cpu_s: user and system time of all its threads.
        rss_mb: the most memory that it held at any time.
        ended: why it was ended before it was done, None where it was not.
    """

    wall_s: float
    cpu_s: float
    rss_mb: float
    ended: Ended | None = None


def run_measured(
    command: list[str],
    env: Mapping[str, str],
    *,
    least_free_mb: int = LEAST_FREE_MB,
    patience_s: float = PATIENCE_S,
) -> Measured:
    """Return what a command took; it alone is ended where it takes too much memory or time.

    Raises:
        InvariantError: it has failed by itself.
    """
    begun = time.perf_counter()
    process = subprocess.Popen(command, env=dict(env))
    with _Watch(process, least_free_mb, patience_s) as watch:
        # Not reaped yet, so that the watch cannot meet a stranger under its number.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        wall = time.perf_counter() - begun
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    ended = None
    if process.returncode == -signal.SIGKILL:
        ended = watch.ended or Ended.MEMORY  # Who else kills: the system, before we looked.
    done = process.returncode == 0 or ended is not None
    ensure(done, f"{' '.join(command)} has failed", status=process.returncode)
    cpu = used.ru_utime + used.ru_stime
    return Measured(round(wall, 3), round(cpu, 3), round(used.ru_maxrss / 1024, 1), ended)


class _Watch:
    """Looks after a process for as long as it is entered."""

    def __init__(
        self, process: subprocess.Popen[bytes], least_free_mb: int, patience_s: float
    ) -> None:
        self.ended: Ended | None = None
        self._process = process
        self._least_free_mb = least_free_mb
        self._until = time.monotonic() + patience_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "_Watch":
        with contextlib.suppress(OSError):
            Path(f"/proc/{self._process.pid}/oom_score_adj").write_text(_ENDED_FIRST, "ascii")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_LOOK_EVERY_S):
            self.ended = self._why_end()
            if self.ended is not None:
                os.kill(self._process.pid, signal.SIGKILL)
                return

    def _why_end(self) -> Ended | None:
        if time.monotonic() > self._until:
            return Ended.TIME
        free = free_mb()
        return Ended.MEMORY if free is not None and free < self._least_free_mb else None


def free_mb() -> int | None:
    """Return the memory that is left for new work, None where the system does not tell."""
    if not _MEMORY.exists():
        return None
    told = re.search(r"^MemAvailable:\s+(\d+) kB$", _MEMORY.read_text("ascii"), re.MULTILINE)
    return int(told[1]) // 1024 if told else None
