"""Whether the ledger holds a recognition of work injury: the gate of the injury fund."""

import json
from datetime import date

import sqlalchemy as sa

from engine.cases.injury import KIND, RECOGNISED
from engine.periods import day_number
from engine.storage.case_tables import CASE_EVENTS, CASES

SCHEME = "injury"
"""The scheme that every region's injury fund settles under."""


def recognised(connection: sa.Connection, person: str, begin_day: int) -> bool:
    """Return whether a person has a recognised injury on or before the day on which care began.

    Source: 经办条例 art. 22
    """
    c, e = CASES.c, CASE_EVENTS.c
    query = (
        sa.select(e.content)
        .join(CASES, sa.and_(c.kind == e.kind, c.case_id == e.case_id))
        .where(c.kind == KIND, c.person_id == person, c.last.in_(RECOGNISED), e.number == 0)
    )
    days = [json.loads(content)["injured_on"] for content in connection.scalars(query)]
    return any(day_number(date.fromisoformat(day)) <= begin_day for day in days)
