"""Inquiries and recoveries as an investigator of their region may read them, and nobody else.

Every query is bound to the region, so that another's case is not found at all. Cases of work
injury belong to another authority and its own officers: they are not found either.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from engine.cases import inquiry, recovery_case
from engine.cases.life_cycle import CaseEvent
from engine.storage.case_tables import CASE_EVENTS, CASES

INVESTIGATOR = "investigator-"
"""The name of an investigator's key begins with it; the region's code follows."""

KINDS = (inquiry.KIND, recovery_case.KIND)
FIRST = CASE_EVENTS.alias("first_events")
# As a key of the canonical text; within a value the quotes would be escaped.
INJURY_OWED = '"INJURY":'


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case with all its events in order."""

    kind: str
    case_id: str
    region: str
    events: tuple[CaseEvent, ...]


@dataclass(frozen=True, slots=True)
class WantedCases:
    """Which cases are asked for; None leaves a condition out, days are half open."""

    kind: str | None = None
    opened_from: date | None = None
    opened_before: date | None = None


@dataclass(frozen=True, slots=True)
class CasePosition:
    """Where a list goes on: behind this case, going back in time."""

    opened_on: str
    case_id: str


def region_case(connection: sa.Connection, region: str, case_id: str) -> CaseFile | None:
    """Return a case of a region, or None."""
    found = _files(connection, _select(region).where(CASES.c.case_id == case_id))
    return found[0] if found else None


def region_cases(
    connection: sa.Connection,
    region: str,
    wanted: WantedCases,
    after: CasePosition | None,
    limit: int,
) -> list[CaseFile]:
    """Return cases of a region, those opened last first.

    Read page by page from one position to the next, each that was there at the beginning comes
    exactly once, whatever is opened in between.
    """
    c = CASES.c
    query = _select(region).where(*_conditions(wanted))
    if after is not None:
        place = sa.tuple_(c.opened_on, c.case_id)
        query = query.where(place < sa.tuple_(after.opened_on, after.case_id))
    query = query.order_by(c.opened_on.desc(), c.case_id.desc()).limit(limit)
    return _files(connection, query)


def _select(region: str) -> sa.Select[tuple[str, str, str]]:
    c = CASES.c
    opened = sa.and_(FIRST.c.kind == c.kind, FIRST.c.case_id == c.case_id, FIRST.c.number == 0)
    of_injury = sa.and_(
        c.kind == recovery_case.KIND, FIRST.c.content.contains(INJURY_OWED, autoescape=True)
    )
    query = sa.select(c.kind, c.case_id, c.region).join(FIRST, opened)
    return query.where(c.region == region, c.kind.in_(KINDS), ~of_injury)


def _conditions(wanted: WantedCases) -> list[sa.ColumnElement[bool]]:
    c = CASES.c
    found = []
    if wanted.kind is not None:
        found.append(c.kind == wanted.kind)
    if wanted.opened_from is not None:
        found.append(c.opened_on >= wanted.opened_from.isoformat())
    if wanted.opened_before is not None:
        found.append(c.opened_on < wanted.opened_before.isoformat())
    return found


def _files(connection: sa.Connection, query: sa.Select[tuple[str, str, str]]) -> list[CaseFile]:
    rows = connection.execute(query).all()
    events = _events(connection, [(row.kind, row.case_id) for row in rows])
    return [
        CaseFile(row.kind, row.case_id, row.region, tuple(events[row.kind, row.case_id]))
        for row in rows
    ]


def _events(
    connection: sa.Connection, keys: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], list[CaseEvent]]:
    c = CASE_EVENTS.c
    query = sa.select(c.kind, c.case_id, c.event, c.on, c.actor, c.content)
    query = query.where(sa.tuple_(c.kind, c.case_id).in_(keys)).order_by(c.number)
    found: dict[tuple[str, str], list[CaseEvent]] = defaultdict(list)
    for row in connection.execute(query) if keys else ():
        event = CaseEvent(row.event, date.fromisoformat(row.on), row.actor, json.loads(row.content))
        found[row.kind, row.case_id].append(event)
    return found
