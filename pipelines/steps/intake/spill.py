"""Lines put aside file by file, and given back gathered by claim.

Lines come file by file and may lie in any order. Each batch is cut by ranges of claims and put
aside on disk; a range is then small enough to be put in order in memory.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import TracebackType

import numpy as np
import polars as pl
import pyarrow as pa

from pipelines.steps.intake.lines import READ

RANGE_CLAIMS = 1 << 17
"""How many claims a range holds: about a million lines."""


@dataclass(slots=True)
class Spill:
    """The lines of one file, put aside.

    Attributes:
        parts: numbers of the record batches that hold lines of a range, by range.
    """

    path: Path
    file: int
    parts: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))


class SpillWriter:
    """Puts the lines of one file aside; if the file turns out to be bad, nothing stays.

    Attributes:
        done: what was put aside.
    """

    def __init__(self, path: Path, file: int) -> None:
        self._file = pa.ipc.new_file(path, _arrow(pl.DataFrame(schema=READ)).schema)
        self._written = 0
        self.done = Spill(path, file)

    def __enter__(self) -> "SpillWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()
        if error:
            self.done.path.unlink()

    def append(self, lines: pl.DataFrame) -> None:
        """Put a batch of READ lines aside; lines of one claim keep their order."""
        ordered = _in_claim_order(lines)
        ranges = ordered["claim"].to_numpy() // RANGE_CLAIMS
        starts = np.flatnonzero(np.diff(ranges, prepend=-1)).tolist()
        for start, end in pairwise([*starts, len(ranges)]):
            part = _arrow(ordered.slice(start, end - start)).combine_chunks()
            for batch in part.to_batches():
                self._file.write_batch(batch)
                self.done.parts[int(ranges[start])].append(self._written)
                self._written += 1


def gather(spills: list[Spill], claims_range: int) -> pl.DataFrame:
    """Return the lines of a range of claims in claim order, then by file and record.

    The columns are READ and `file`.
    """
    parts = [pl.DataFrame(schema={**READ, "file": pl.Int32})]
    for spill in spills:
        numbers = spill.parts.get(claims_range, [])
        if not numbers:
            continue
        with pa.OSFile(str(spill.path)) as source:
            reader = pa.ipc.open_file(source)
            table = pa.Table.from_batches([reader.get_batch(number) for number in numbers])
            part = pl.DataFrame(table)
        parts.append(part.with_columns(file=pl.lit(spill.file, dtype=pl.Int32)))
    return _in_claim_order(pl.concat(parts))


def _in_claim_order(lines: pl.DataFrame) -> pl.DataFrame:
    claim = lines["claim"].to_numpy()
    if bool((claim[1:] >= claim[:-1]).all()):
        return lines
    return lines.sort("claim", maintain_order=True)


def _arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())
