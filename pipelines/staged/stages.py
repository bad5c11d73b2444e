"""Runs the named stages of a night so that a night that was killed goes on where it stopped."""

import json
import resource
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

from engine.storage.lake import sync

R = TypeVar("R")
DONE = "done.json"
_DISCARDED = "discarded"
_CLEAR_REFS = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")
_RESET_PEAK = "5"


@dataclass(frozen=True, slots=True)
class StageReport:
    """How long a stage took, and the most memory that the process held during it."""

    name: str
    wall_s: float
    rss_mb: float


class Stages:
    """The stages of one run, each in a folder of its own under `work`.

    A stage whose folder holds the marker has ended: its result is read back, not made again. A
    stage writes only into its folder and is given an empty one, so that running it again is safe.

    Args:
        work: the folder of this very input; another input has another one. What is beside it is
            removed: it was made before this run changed the state that it started from.
        progress: told a line when a stage begins and when it ends.
    """

    def __init__(self, work: Path, progress: Callable[[str], None]) -> None:
        self._work = work
        self._progress = progress
        self.reports: list[StageReport] = []
        work.mkdir(parents=True, exist_ok=True)
        for other in list(work.parent.iterdir()):
            if other != work:
                _discard(other)

    def run(self, name: str, kind: type[R], step: Callable[[Path], R]) -> R:
        """Return the result of a stage, from an earlier run where that had ended it.

        Args:
            name: of the stage and its folder.
            kind: what it returns; a dataclass of plain values and paths.
            step: does the work, in the folder that it is given.
        """
        folder = self._work / f"{len(self.reports) + 1:02d}-{name}"
        result, report = TypeAdapter(kind), TypeAdapter(StageReport)
        marker = folder / DONE
        if marker.is_file():
            told = json.loads(marker.read_text(encoding="utf-8"))
            self.reports.append(report.validate_python(told["report"]))
            self._progress(f"{name}: 已完成，沿用 | done before, kept")
            return result.validate_python(told["result"])
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        self._progress(f"{name} …")
        _reset_peak_memory()
        begun = time.perf_counter()
        made = step(folder)
        wall = time.perf_counter() - begun
        self.reports.append(StageReport(name, round(wall, 3), round(_peak_memory_mb(), 1)))
        told = {
            "result": result.dump_python(made, mode="json"),
            "report": report.dump_python(self.reports[-1], mode="json"),
        }
        _write_marker(marker, json.dumps(told, ensure_ascii=False))
        self._progress(f"{name}: {wall:.2f} s")
        return made

    def within(self, name: str, step: Callable[[], R]) -> R:
        """Return the result of a stage that is part of a transaction, which keeps it or not."""
        self._progress(f"{name} …")
        _reset_peak_memory()
        begun = time.perf_counter()
        made = step()
        wall = time.perf_counter() - begun
        self.reports.append(StageReport(name, round(wall, 3), round(_peak_memory_mb(), 1)))
        self._progress(f"{name}: {wall:.2f} s")
        return made

    def tell(self, line: str) -> None:
        """Tell what a stage left that somebody ought to know."""
        self._progress(line)

    def forget(self, name: str) -> None:
        """Let a stage and all after it be run again, and begin anew with the first."""
        folders = sorted(self._work.iterdir())
        first = next(k for k, folder in enumerate(folders) if folder.name.endswith(f"-{name}"))
        for folder in reversed(folders[first:]):
            _discard(folder)
        self.reports.clear()


def _discard(folder: Path) -> None:
    """Remove a folder; where that is cut short, nothing of it passes for ended stages."""
    doomed = folder.with_name(_DISCARDED)
    shutil.rmtree(doomed, ignore_errors=True)
    if folder != doomed:
        folder.rename(doomed)
        shutil.rmtree(doomed)


def _write_marker(marker: Path, text: str) -> None:
    """Write the marker once all that the stage wrote is on the disk."""
    for path in marker.parent.iterdir():
        sync(path)
    draft = marker.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    sync(draft)
    draft.replace(marker)
    sync(marker.parent)


def _reset_peak_memory() -> None:
    # A container may keep this file from being written; peaks are then those of the whole run.
    with suppress(OSError):
        _CLEAR_REFS.write_text(_RESET_PEAK)


def _peak_memory_mb() -> float:
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
