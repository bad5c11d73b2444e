"""Writes a synthetic city to a folder."""

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl

from engine.errors import EngineError
from pipelines.synthetic.chunk import Chunk, make_chunk
from pipelines.synthetic.plan import CityPlan, CitySummary
from pipelines.synthetic.world import World
from pipelines.synthetic.write import InputFolder, ParquetFile, write_parquet

Progress = Callable[[int, int], None]

UNIT_REFERENCES = Path(__file__).with_name("unit_references.json")
"""Frozen from the night of another city, 20,000 claims, seed 2; much larger ones drift from it."""


def make_city(folder: Path, plan: CityPlan, progress: Progress | None = None) -> CitySummary:
    """Write `input/`, `reference/` and `truth/` under a folder and return what was written.

    `input/` is what `jiesuan night` reads, in the national form; its manifest is written last.
    `truth/planted.parquet` lists the planted rows by group: findings, refused rows, bad rows.

    Args:
        progress: called after each chunk with the claims written so far and those to write.

    Raises:
        EngineError: `folder_in_use` when the folder holds a city already.
    """
    _refuse_used(folder)
    (folder / "reference").mkdir(parents=True)
    (folder / "truth").mkdir()
    files = InputFolder(folder / "input", plan.file_format)
    world = World.of(plan)
    write_parquet(folder / "reference" / "catalogue.parquet", world.catalogue.frame)
    write_parquet(folder / "reference" / "institutions.parquet", world.places.frame)
    shutil.copyfile(UNIT_REFERENCES, folder / "reference" / UNIT_REFERENCES.name)
    tally = _Tally()
    with ParquetFile(folder / "reference" / "persons.parquet") as register:
        for number, size in enumerate(plan.chunk_sizes()):
            chunk = make_chunk(world, number, tally.persons, size)
            files.write(f"claims-{number:03d}", chunk.claims)
            files.write(f"lines-{number:03d}", chunk.lines)
            register.write(chunk.register)
            tally.add(chunk)
            del chunk  # The next one needs its memory.
            if progress is not None:
                progress(tally.claims, plan.claims)
    truth = pl.concat(tally.truth)
    write_parquet(folder / "truth" / "planted.parquet", truth)
    return tally.summary(truth, files.close())


class _Tally:
    """Sums over the chunks."""

    def __init__(self) -> None:
        self.claims = self.lines = self.persons = self.refunds = self.total_fen = 0
        self.truth: list[pl.DataFrame] = []

    def add(self, chunk: Chunk) -> None:
        self.claims += len(chunk.claims)
        self.lines += len(chunk.lines)
        self.persons += chunk.persons
        self.refunds += chunk.refunds
        self.total_fen += chunk.total_fen
        self.truth.append(chunk.truth)

    def summary(self, truth: pl.DataFrame, files: dict[str, int]) -> CitySummary:
        kinds = truth.group_by("kind", maintain_order=True).len()
        return CitySummary(
            claims=self.claims,
            lines=self.lines,
            persons=self.persons,
            refunds=self.refunds,
            total_fen=self.total_fen,
            planted=dict(kinds.iter_rows()),
            files=files,
        )


def _refuse_used(folder: Path) -> None:
    used = [name for name in ("input", "reference", "truth") if (folder / name).exists()]
    if used:
        raise EngineError(
            "folder_in_use",
            f"文件夹 {folder} 中已有 {'、'.join(used)}，再写入会混入旧数据；请删除它们或另选文件夹",
            f"{folder} holds {', '.join(used)} already, and old files would mix with new ones; "
            "delete them or choose another folder",
            folder=str(folder),
        )
