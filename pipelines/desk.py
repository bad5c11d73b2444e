"""What officers' commands work on: the ledger, the policies, and the nights that are published."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from engine.cases.manual import KIND, LIFE, ManualClaim
from engine.periods import day_number
from engine.policy.book import SHIPPED, load_book
from engine.policy.compiler import CompiledBook, compile_book
from engine.storage.case_steps import read_case
from engine.storage.cases import list_cases
from engine.storage.lake import Lake
from engine.storage.manual import DAYS


def compiled(policies: Path | None) -> CompiledBook:
    """Return the compiled policies of a folder, None for the shipped ones."""
    return compile_book(load_book(policies or SHIPPED))


@contextmanager
def opened(folder: Path) -> Iterator[Lake]:
    """Yield the lake that holds the ledger; it is made when missing."""
    lake = Lake(folder)
    try:
        yield lake
    finally:
        lake.database.close()


def settled_online(lake: Lake, case_id: str) -> list[str]:
    """Return live settlements of nights for the same person, institution and days as a claim."""
    claim, _ = read_case(lake.database, LIFE, case_id)
    if "institution" not in claim.entry:
        return []
    days = [datetime.date.fromisoformat(claim.entry["event"][at]) for at in DAYS]
    begin, end = map(day_number, days)
    person = pl.col("person_id") == claim.received.content["person"]
    rows = (
        lake.read("settlements")
        .filter(person, pl.col("institution_id") == claim.entry["institution"])
        .filter(pl.col("begin_day") <= end, pl.col("end_day") >= begin)
        .select("settlement_id", "original_settlement_id", "refund")
        .collect()
    )
    refunds = rows.filter("refund")
    gone = {*refunds["settlement_id"], *refunds["original_settlement_id"]}
    return sorted(set(rows["settlement_id"]) - gone)


def undecided(lake: Lake) -> dict[str, ManualClaim]:
    """Return every claim by hand that is not decided, by its name."""
    with lake.database.transaction() as connection:
        names = [row.key.case_id for row in list_cases(connection, KIND)]
    claims = {name: read_case(lake.database, LIFE, name)[0] for name in names}
    return {name: claim for name, claim in claims.items() if not claim.decided}
