"""Whether the ledger holds a recognition of work injury: the gate of the injury fund."""

import json
from datetime import date

import polars as pl
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
    of_person = connection.execute(_RECOGNISED.where(CASES.c.person_id == person))
    return any(_injured_day(content) <= begin_day for _, content in of_person)


def recognised_injuries(connection: sa.Connection) -> pl.DataFrame:
    """Return `person_id` and `injured_day` of all injuries recognised as of work."""
    rows = [(person, _injured_day(content)) for person, content in connection.execute(_RECOGNISED)]
    schema = {"person_id": pl.String, "injured_day": pl.Int32}
    return pl.DataFrame(rows, schema=schema, orient="row")


_RECOGNISED = (
    sa.select(CASES.c.person_id, CASE_EVENTS.c.content)
    .join(
        CASES,
        sa.and_(CASES.c.kind == CASE_EVENTS.c.kind, CASES.c.case_id == CASE_EVENTS.c.case_id),
    )
    .where(CASES.c.kind == KIND, CASES.c.last.in_(RECOGNISED), CASE_EVENTS.c.number == 0)
)


def _injured_day(content: str) -> int:
    return day_number(date.fromisoformat(json.loads(content)["injured_on"]))
