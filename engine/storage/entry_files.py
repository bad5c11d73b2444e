"""The files in which a night's rows of the ledger wait for the transaction that posts them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

PARTS = ("settlements", "contributions", "counters", "live", "ended", "years", "legs")
"""What is written, each as one file for every part: rows of the ledger's tables of these names.

`ended` are settlements that are live no more; `years` have `held`, the version that the ledger
must still have, null for a year that only follows; `legs` are sums for a day and an institution.
"""


@dataclass(frozen=True, slots=True)
class EntryFiles:
    """A folder of such files."""

    folder: Path

    def write(self, part: int, **frames: pl.DataFrame) -> None:
        """Write the frames of one part; empty ones are left out."""
        for name, frame in frames.items():
            if not frame.is_empty():
                frame.write_ipc(self.folder / f"{name}-{part:05d}.arrow", compression="lz4")

    def read(self, name: str) -> Iterator[pl.DataFrame]:
        """Yield the frames of one name in the order in which they were written."""
        for path in sorted(self.folder.glob(f"{name}-*.arrow")):
            yield pl.read_ipc(path)
