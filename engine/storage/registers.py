"""What the bureau's registers say of a person on a day: one place for the night and the counter."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import polars as pl

from engine.claims.columns import NONE, Filing
from engine.codes.enums import VisitKind
from engine.storage import register_tables as tables
from engine.storage.by_person import ByPerson
from engine.storage.standing_tables import DECLARED
from engine.storage.tables import Table

WHOSE = ["person_id", "region", "insurance"]

VISITS = {
    "person_id": pl.String,
    "region": pl.String,
    "insurance": pl.Int8,
    "visit_kind": pl.Int8,
    "care_region": pl.String,
    "institution_id": pl.String,
    "begin_day": pl.Int32,
    "claim_day": pl.Int32,
}
"""Columns of visits: `region` insures, `claim_day` is the day that picks a claim's terms."""

EMERGENCIES = [int(VisitKind.EMERGENCY), int(VisitKind.EMERGENCY_INPATIENT)]
"""Kinds of visit that need no filing."""


def _nothing_declared() -> pl.DataFrame:
    return pl.DataFrame(schema=DECLARED.schema)


@dataclass(frozen=True, eq=False)
class Registers:
    """The registers that there are; None for one that nobody has brought, so that it is not known.

    Attributes:
        cover_terms: COVER_TERMS_READ.
        registrations: REGISTRATIONS_READ.
        filings: FILINGS_READ.
        account_entries: ACCOUNT_ENTRIES_READ.
        ends: ENDS_READ.
        closed_years: CLOSED_YEARS_READ.
        declared: DECLARED, which makes a register known for those alone of whom it says something.
    """

    cover_terms: pl.DataFrame
    registrations: pl.DataFrame | None
    filings: pl.DataFrame | None
    account_entries: pl.DataFrame | None
    ends: pl.DataFrame
    closed_years: pl.DataFrame
    declared: pl.DataFrame = field(default_factory=_nothing_declared)

    def tells_of_visits(self) -> bool:
        """Return whether `facts_of` could say anything of any visit."""
        brought = self.registrations is not None or self.filings is not None
        return brought or not (self.cover_terms.is_empty() and self.declared.is_empty())

    @cached_property
    def cover_terms_by_person(self) -> ByPerson:
        """COVER_TERMS_READ by person."""
        return ByPerson(self.cover_terms)

    @cached_property
    def registrations_by_person(self) -> ByPerson | None:
        """REGISTRATIONS_READ by person."""
        return None if self.registrations is None else ByPerson(self.registrations)

    @cached_property
    def filings_by_person(self) -> ByPerson | None:
        """FILINGS_READ by person."""
        return None if self.filings is None else ByPerson(self.filings)


def no_registers() -> Registers:
    """Return the registers of a bureau that keeps none."""
    return Registers(
        cover_terms=pl.DataFrame(schema=tables.COVER_TERMS_READ.schema),
        registrations=None,
        filings=None,
        account_entries=None,
        ends=pl.DataFrame(schema=tables.ENDS_READ.schema),
        closed_years=pl.DataFrame(schema=tables.CLOSED_YEARS_READ.schema),
    )


def read_registers(folder: Path) -> Registers:
    """Return the registers that a folder of reference data, as read, holds."""
    return Registers(
        cover_terms=_all_of(folder, tables.COVER_TERMS_READ),
        registrations=_read(folder, tables.REGISTRATIONS_READ),
        filings=_read(folder, tables.FILINGS_READ),
        account_entries=_read(folder, tables.ACCOUNT_ENTRIES_READ),
        ends=_all_of(folder, tables.ENDS_READ),
        closed_years=_all_of(folder, tables.CLOSED_YEARS_READ),
    )


def facts_of(visits: pl.DataFrame, registers: Registers) -> pl.DataFrame:
    """Return what the registers say of visits, a row for each in their order.

    Columns: `tier`, null where none is known; `enrolled_months`, `contribution_years` and
    `registered_diseases`, NONE where not known; `filing`, how care outside the region was filed,
    null where no register tells; `transfer`, whether the visit continues a stay elsewhere.

    Tier and contributions are those of the cover on the day care began; months and diseases are
    counted on the claim date; a filing holds on the day care began, the later one before others,
    and an emergency needs none.

    Args:
        visits: columns VISITS.
        registers: what there is.

    Source: 经办条例 art. 23
    """
    numbered = visits.select(*VISITS).with_row_index("visit")
    found = numbered.select("visit").join(_of_cover(numbered, registers), on="visit", how="left")
    found = found.join(_diseases(numbered, registers), on="visit", how="left")
    found = found.join(_filings(numbered, registers), on="visit", how="left").sort("visit")
    unfiled = None if registers.filings is None else int(Filing.NOT_FILED)
    emergency = visits["visit_kind"].is_in(EMERGENCIES).fill_null(value=False)
    filed = pl.coalesce(
        "filing",
        pl.when(emergency).then(pl.lit(int(Filing.EMERGENCY), dtype=pl.Int8)),
        pl.lit(unfiled, dtype=pl.Int8),
    )
    return found.select(
        "tier",
        pl.col("enrolled_months", "contribution_years").fill_null(NONE).cast(pl.Int64),
        pl.col("registered_diseases").fill_null(NONE).cast(pl.Int64),
        filed.alias("filing"),
        pl.col("transfer").fill_null(value=False),
    )


def within(day: str, first: str = "valid_from", end: str = "valid_to") -> pl.Expr:
    """Return whether a day lies in a half-open period."""
    return (pl.col(day) >= pl.col(first)) & (pl.col(day) < pl.col(end))


def _read(folder: Path, table: Table) -> pl.DataFrame | None:
    path = folder / f"{table.name}.parquet"
    return pl.read_parquet(path) if path.is_file() else None


def _all_of(folder: Path, table: Table) -> pl.DataFrame:
    """Return a register of which nothing is lost where nobody has brought it."""
    found = _read(folder, table)
    return pl.DataFrame(schema=table.schema) if found is None else found


def _of_cover(visits: pl.DataFrame, registers: Registers) -> pl.DataFrame:
    held = visits.join(registers.cover_terms, on=WHOSE).filter(within("begin_day"))
    return held.select(
        "visit",
        "tier",
        "contribution_years",
        enrolled_months=_full_months("enrolled_from", "claim_day"),
    )


def _full_months(first: str, last: str) -> pl.Expr:
    """Return the full months from one day to another, none where the first comes later."""
    begins, ends = pl.col(first).cast(pl.Date).dt, pl.col(last).cast(pl.Date).dt
    months = (ends.year() - begins.year()) * 12 + (ends.month().cast(pl.Int32) - begins.month())
    begun = months - (ends.day() < begins.day()).cast(pl.Int32)
    return pl.when(pl.col(first).is_not_null()).then(pl.max_horizontal(begun, 0))


def _diseases(visits: pl.DataFrame, registers: Registers) -> pl.DataFrame:
    """Return how many diseases the persons of visits were registered for, where that is known."""
    columns = [*WHOSE, "disease_code", "valid_from", "valid_to"]
    declared = registers.declared.filter(pl.col("disease_code").is_not_null()).select(columns)
    known, of_disease = visits.join(declared, on="person_id", how="semi"), declared
    if registers.registrations is not None:
        brought = registers.registrations.filter(pl.col("disease_code").is_not_null())
        known, of_disease = visits, pl.concat([brought.select(columns), declared])
    held = visits.join(of_disease, on=WHOSE).filter(within("claim_day"))
    counted = held.group_by("visit").agg(registered_diseases=pl.col("disease_code").n_unique())
    return (
        known.select("visit")
        .join(counted, on="visit", how="left")
        .with_columns(pl.col("registered_diseases").fill_null(0))
    )


def _filings(visits: pl.DataFrame, registers: Registers) -> pl.DataFrame:
    columns = tables.FILINGS_READ.names
    filings = registers.declared.filter(pl.col("filing").is_not_null()).select(columns)
    if registers.filings is not None:
        filings = pl.concat([registers.filings.select(columns), filings])
    filed = filings.rename({"care_region": "filed_region", "institution_id": "hospital"})
    # A region's code ends in zeros where it stands for all below it.
    prefix = pl.col("filed_region").str.replace(r"(00)+$", "")
    there = (pl.col("filed_region") == "*") | pl.col("care_region").str.starts_with(prefix)
    here = pl.col("hospital").is_null() | (pl.col("hospital") == pl.col("institution_id"))
    referred = (pl.col("filing") == int(Filing.TRANSFER)) & pl.col("hospital").is_not_null()
    held = visits.join(filed, on=WHOSE).filter(within("begin_day"), there, here)
    return (
        held.sort("visit", "valid_from", "filing", descending=[False, True, False])
        .group_by("visit", maintain_order=True)
        .agg(pl.col("filing").first(), transfer=referred.any())
    )
