"""Which claims of a night begin while their person waits for benefits."""

from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from engine.claims.columns import Event, Ints
from engine.periods import Period, date_of_day
from engine.policy.compiler import CompiledBook
from engine.settlement.entitlement import Cover, joined_on
from engine.settlement.waiting import wait_flag
from engine.storage.register_tables import COVER_TERMS_READ
from engine.storage.registers import WHOSE
from pipelines.steps.settle.record import Records

_OF = ["person_id", "home_region", "insurance"]


def covers_of(folder: Path) -> pl.LazyFrame:
    """Return the covers of a folder of reference data, as read, with their first enrolment."""
    enrolled = pl.scan_parquet(folder / f"{COVER_TERMS_READ.name}.parquet").select(
        *WHOSE, "enrolled_from", cover_from="valid_from"
    )
    covers = pl.scan_parquet(folder / "persons.parquet").select(*WHOSE, "cover_from", "cover_to")
    return covers.join(enrolled, on=[*WHOSE, "cover_from"], how="left")


def put_waits(
    claims: pl.DataFrame, covers: pl.LazyFrame, book: CompiledBook, records: Records
) -> None:
    """Put the flags of waiting on the claims of schemes that let anybody wait.

    Args:
        claims: CLAIMS_CHECKED.
        covers: columns of `covers_of`.
        book: the policies.
        records: the claims' events; changed.
    """
    letting = [
        at
        for at, scheme in enumerate(book.book.schemes)
        if any(entry.waiting for entry in scheme.entitlement)
    ]
    rows = np.flatnonzero(np.isin(records.column(Event.SCHEME, slice(None)), letting))
    if not len(rows):
        return
    whose = claims.select(_OF)[rows]
    known = _by_person(covers, whose.unique())
    flags = records.column(Event.FLAGS, slice(None))
    for claim, key in zip(rows, whose.iter_rows(), strict=True):
        event = records.take(np.array([claim]))[0]
        flags[claim] = _flags(event, known.get(key, []), book)
    records.put(0, {Event.FLAGS: flags})


def _flags(event: Ints, covers: list[Cover], book: CompiledBook) -> int:
    scheme = book.book.schemes[int(event[Event.SCHEME])]
    on = date_of_day(int(event[Event.BEGIN_DAY]))
    joined = partial(joined_on, on, covers)
    waits = wait_flag(scheme, event, lambda waiting: joined(waiting.bridged_days))
    return int(event[Event.FLAGS]) | waits


def _by_person(
    covers: pl.LazyFrame, whose: pl.DataFrame
) -> dict[tuple[str, str, int], list[Cover]]:
    """Return the covers of some persons and insurances, ascending."""
    wanted = whose.lazy().rename({"home_region": "region"})
    held = covers.join(wanted, on=WHOSE, how="semi").sort(*WHOSE, "cover_from").collect()
    found: dict[tuple[str, str, int], list[Cover]] = {}
    columns = held.select(*WHOSE, "cover_from", "cover_to", "enrolled_from")
    for person, region, insurance, begins, ends, enrolled in columns.iter_rows():
        one = Cover(Period(begins, ends), enrolled)
        found.setdefault((person, region, insurance), []).append(one)
    return found
