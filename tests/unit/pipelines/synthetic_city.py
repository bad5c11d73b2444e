"""A synthetic city read back, for the tests of what is in it."""

from datetime import date
from pathlib import Path

import polars as pl

from engine.wire.translate import to_english
from pipelines.synthetic import CityPlan, CitySummary, make_city

NIGHT = date(2024, 3, 31)
PLAN = CityPlan(claims=20_000, night=NIGHT, seed=7)
CLEAN = CityPlan(claims=5_000, night=NIGHT, seed=3, finding_share=0, bad_share=0, refund_share=0)


class City:
    """A city read back in English names; `claims` and `lines` hold null where text is bad."""

    def __init__(self, folder: Path, plan: CityPlan) -> None:
        self.folder = folder
        self.summary: CitySummary = make_city(folder, plan)
        self.claims = self.english("claims", "claim", "settlement")
        self.lines = self.english("lines", "line")
        self.truth = pl.read_parquet(folder / "truth" / "planted.parquet")

    def national(self, name: str) -> pl.DataFrame:
        files = sorted((self.folder / "input").glob(f"{name}-*"))
        return pl.concat([self.read(file) for file in files])

    def read(self, file: Path) -> pl.DataFrame:
        if file.suffix == ".parquet":
            return pl.read_parquet(file)
        return pl.read_csv(file, infer_schema=False)

    def english(self, name: str, *tables: str) -> pl.DataFrame:
        return to_english(self.national(name), *tables)

    def reference(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.folder / "reference" / f"{name}.parquet")

    def planted(self, kind: str) -> pl.DataFrame:
        return self.truth.filter(pl.col("kind") == kind)

    def settlements(self, kind: str) -> pl.DataFrame:
        ids = self.planted(kind)["settlement_ids"].explode()
        return self.claims.filter(pl.col("settlement_id").is_in(ids.implode()))

    def planted_lines(self, kind: str) -> pl.DataFrame:
        ids = self.planted(kind)["line_ids"].explode()
        return self.lines.filter(pl.col("line_id").is_in(ids.implode()))

    def pairs(self, kind: str) -> pl.DataFrame:
        ids = self.planted(kind).select(
            first=pl.col("settlement_ids").list.first(), last=pl.col("settlement_ids").list.last()
        )
        first = ids.join(self.claims, left_on="first", right_on="settlement_id")
        return first.join(self.claims, left_on="last", right_on="settlement_id", suffix="_last")


def share(condition: pl.Series) -> float:
    """The share of rows in which a condition holds."""
    return int(condition.sum()) / len(condition)
