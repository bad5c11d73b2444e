"""Runs the settle stage of the night once: `python -m benchmarks.ours FOLDER OUT`."""

import shutil
import sys
from pathlib import Path

import polars as pl

from benchmarks.workload import Workload
from engine.policy.book import load_book
from engine.policy.compiler import CompiledBook, compile_book
from pipelines.steps.settle import SettleInputs, settle_night
from pipelines.steps.settle.history import Past


def run(folder: Path, out: Path) -> None:
    """Settle the claims of a folder into an empty one, as rivals do."""
    settle_workload(Workload(folder), out)


def settle_workload(made: Workload, out: Path) -> None:
    """Settle a workload into an empty folder with the very code of the night."""
    settle_with(compile_book(load_book(made.policies)), made, out)


def settle_with(book: CompiledBook, made: Workload, out: Path) -> None:
    """Settle a workload by policies that have been read."""
    inputs = SettleInputs(
        *(made.file(name) for name in ("claims", "lines", "catalogue", "persons"))
    )
    past = Past.of(counters=pl.scan_parquet(made.file("past")))
    settle_night(inputs, past, book, out)


if __name__ == "__main__":
    folder, target = map(Path, sys.argv[1:])
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    run(folder, target)
