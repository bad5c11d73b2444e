"""What the registers say of one visit, as `registers.facts_of` says it of many, without a query."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.claims.columns import NONE, Filing
from engine.periods import date_of_day
from engine.storage.registers import EMERGENCIES, Registers

Row = Mapping[str, Any]
WHOLE_REGION = re.compile(r"(00)+\Z")


@dataclass(frozen=True, slots=True)
class OwnRegisters:
    """One person's rows of the registers; None for a register that nobody has brought."""

    cover_terms: Sequence[Row]
    registrations: Sequence[Row] | None
    filings: Sequence[Row] | None


def own_registers(registers: Registers, person_id: str) -> OwnRegisters:
    """Return a person's rows of the registers."""
    registrations, filings = registers.registrations_by_person, registers.filings_by_person
    return OwnRegisters(
        cover_terms=registers.cover_terms_by_person.rows(person_id),
        registrations=None if registrations is None else registrations.rows(person_id),
        filings=None if filings is None else filings.rows(person_id),
    )


def facts_of_visit(visit: Row, own: OwnRegisters) -> dict[str, Any]:
    """Return the row that `registers.facts_of` returns of a visit.

    Args:
        visit: by the names VISITS.
        own: the registers of the visit's person.

    Source: 经办条例 art. 23
    """
    cover = next(_held(visit, own.cover_terms, "begin_day"), None)
    filing, transfer = _filed(visit, own.filings)
    return {
        "tier": None if cover is None else cover["tier"],
        "enrolled_months": NONE if cover is None else _full_months(visit, cover["enrolled_from"]),
        "contribution_years": NONE if cover is None else _or_none(cover["contribution_years"]),
        "registered_diseases": _diseases(visit, own.registrations),
        "filing": filing,
        "transfer": transfer,
    }


def _held(visit: Row, rows: Sequence[Row] | None, day: str) -> Iterator[Row]:
    """Yield the rows of a visit's cover that hold on one of its days."""
    for row in rows or ():
        same = row["region"] == visit["region"] and row["insurance"] == visit["insurance"]
        if same and row["valid_from"] <= visit[day] < row["valid_to"]:
            yield row


def _full_months(visit: Row, enrolled_from: int | None) -> int:
    if enrolled_from is None:
        return NONE
    first, last = date_of_day(enrolled_from), date_of_day(visit["claim_day"])
    months = (last.year - first.year) * 12 + last.month - first.month
    return max(months - int(last.day < first.day), 0)


def _diseases(visit: Row, registrations: Sequence[Row] | None) -> int:
    if registrations is None:
        return NONE
    held = {row["disease_code"] for row in _held(visit, registrations, "claim_day")}
    return len(held - {None})


def _filed(visit: Row, filings: Sequence[Row] | None) -> tuple[int | None, bool]:
    """Return how care outside the region was filed, and whether a stay elsewhere goes on."""
    held = [row for row in _held(visit, filings, "begin_day") if _is_for(row, visit)]
    transfer = any(
        row["filing"] == Filing.TRANSFER and row["institution_id"] is not None for row in held
    )
    if held:
        last = min(held, key=lambda row: (-row["valid_from"], row["filing"]))
        return last["filing"], transfer
    if visit["visit_kind"] in EMERGENCIES:
        return int(Filing.EMERGENCY), transfer
    return (None if filings is None else int(Filing.NOT_FILED)), transfer


def _is_for(filing: Row, visit: Row) -> bool:
    """Return whether a filing is for care where a visit was."""
    region = filing["care_region"]
    there = region == "*" or visit["care_region"].startswith(WHOLE_REGION.sub("", region))
    return there and filing["institution_id"] in {None, visit["institution_id"]}


def _or_none(value: int | None) -> int:
    return NONE if value is None else value
