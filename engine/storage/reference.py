"""Persons, institutions and catalogue, as the last published night read them."""

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from engine.errors import ClaimError, StorageError
from engine.rules.facts import LIMIT, REGISTER
from engine.rules.limits import limits_of, limits_of_terms
from engine.storage import knowledge
from engine.storage.by_person import ByPerson
from engine.storage.registers import Registers, no_registers, read_registers

FOLDER = "reference_read"
EVERYWHERE = "*"


@dataclass(frozen=True)
class ReferenceData:
    """Look-ups in the reference tables; each row is a mapping by the names of its table.

    Attributes:
        items: ITEMS beside the rows of CATALOGUE_READ.
        institutions: INSTITUTIONS_READ.
        persons: PERSONS_READ.
        registers: what else the bureau keeps of persons.
        intervals: what other offices registered, as engine.rules.facts.REGISTER.
        limits: what limits items, of the catalogue and the knowledge base, as LIMIT.
    """

    items: pl.DataFrame
    institutions: pl.DataFrame
    persons: pl.DataFrame
    registers: Registers = field(default_factory=no_registers)
    intervals: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REGISTER))
    limits: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LIMIT))

    @cached_property
    def item_numbers(self) -> dict[str, int]:
        """The number of each item by its code."""
        rows = self.items.select("item_code", "item").unique()
        return dict(zip(rows["item_code"], rows["item"], strict=True))

    def institution(self, institution_id: str) -> dict[str, Any]:
        """Return an institution.

        Raises:
            ClaimError: `unknown_institution`.
        """
        found = self._institutions.get(institution_id)
        if found is None:
            raise ClaimError(
                "unknown_institution",
                "定点机构名录中没有本机构；请联系经办机构登记",
                "the register of institutions has no such one; ask the bureau to enter it",
            )
        return self.institutions.row(found, named=True)

    def covers(self, person_id: str) -> list[dict[str, Any]]:
        """Return what insures a person, by insurance and first day; empty for nobody's id."""
        rows = self._persons.rows(person_id)
        return sorted(rows, key=lambda row: (row["insurance"], row["cover_from"]))

    def covers_frame(self, person_id: str) -> pl.DataFrame:
        """Return what insures a person as a frame, columns PERSONS_READ."""
        return self._persons.frame(person_id)

    def persons_of(self, identity_no: str) -> list[str]:
        """Return the ids of the persons that an identity document belongs to."""
        rows = self.persons.filter(pl.col("identity_no") == identity_no)
        return sorted(rows["person_id"].unique())

    def item(self, code: str, region: str, day: int) -> dict[str, Any] | None:
        """Return the catalogue's row of an item on a day, the region's own before all others."""
        rows = (self.items.row(at, named=True) for at in self._items.get(code, ()))
        valid = [
            row
            for row in rows
            if row["region"] in {region, EVERYWHERE} and row["valid_from"] <= day < row["valid_to"]
        ]
        return min(valid, key=lambda row: row["region"] == EVERYWHERE, default=None)

    @cached_property
    def _persons(self) -> ByPerson:
        return ByPerson(self.persons)

    # A filter of a frame takes a millisecond and a bill asks for each of its lines.
    @cached_property
    def _items(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for at, code in enumerate(self.items["item_code"]):
            found.setdefault(code, []).append(at)
        return found

    @cached_property
    def _institutions(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self.institutions["institution_id"])}


def read_reference_data(lake: Path) -> ReferenceData:
    """Return the reference data that a lake keeps.

    Raises:
        StorageError: `no_reference`, no night has been published yet.
    """
    folder = lake / FOLDER
    if not folder.is_dir():
        raise StorageError(
            "no_reference",
            "湖中还没有参考数据；请先以 --reference 运行一夜",
            "the lake keeps no reference data yet; run a night with --reference first",
        )
    return _read(lake, _written(folder / "items.parquet"), _written(lake / knowledge.FOLDER))


def _written(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


@lru_cache(maxsize=2)
def _read(lake: Path, _items_written: int, _knowledge_written: int) -> ReferenceData:
    folder = lake / FOLDER
    items = pl.read_parquet(folder / "items.parquet")
    catalogue = pl.read_parquet(folder / "catalogue.parquet")
    of_points = limits_of(catalogue, knowledge.current_points(lake), items)
    of_terms = limits_of_terms(folder / "item_terms.parquet", items)
    return ReferenceData(
        items=catalogue.join(items, on="item"),
        institutions=pl.read_parquet(folder / "institutions.parquet"),
        persons=pl.read_parquet(folder / "persons.parquet"),
        registers=read_registers(folder),
        intervals=pl.read_parquet(folder / "registers.parquet").select(*REGISTER),
        limits=pl.concat([of_points, of_terms]),
    )
