"""Closing a month: from then on the books take nothing that is dated in it, or before it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import sqlalchemy as sa

from engine.errors import CaseError
from engine.ledger.postings import Posting
from engine.periods import day_number
from engine.storage.audit import Change, append
from engine.storage.cases import Officer
from engine.storage.closing_tables import CLOSED_MONTHS, open_from
from engine.storage.database import Database

DAY_SECONDS = 86_400


def close_month(database: Database, month: date, officer: Officer) -> date:
    """Close a month and all before it, in every ledger of the database; return the first open day.

    It waits for the postings that are under way, and those that come later wait for it.

    Args:
        month: its first day.

    Raises:
        CaseError: `month_not_over`; `month_closed`, it or a later one is closed already.
    """
    after = (month.replace(day=1) + timedelta(days=32)).replace(day=1)
    if officer.on < after:
        raise CaseError(
            "month_not_over",
            f"{month:%Y-%m} 尚未结束，不能关账；请于 {after} 起办理",
            f"{month:%Y-%m} is not over; close it from {after} on",
        )
    with database.transaction() as connection:
        if connection.dialect.name == "postgresql":
            # Each posting reads the table and so holds it until its own commit.
            connection.execute(sa.text("LOCK TABLE closed_months IN ACCESS EXCLUSIVE MODE"))
        begins = open_from(connection)
        if begins is not None and after <= begins:
            raise CaseError(
                "month_closed",
                f"{month:%Y-%m} 已经关账；开放的账期自 {begins} 起",
                f"{month:%Y-%m} is closed already; the books are open from {begins} on",
            )
        connection.execute(
            sa.insert(CLOSED_MONTHS).values(
                month=f"{month:%Y-%m}",
                open_from=after.isoformat(),
                open_second=day_number(after) * DAY_SECONDS,
                closed_by=officer.name,
                closed_at=officer.at,
            )
        )
        change = Change(
            "close_month", f"month {month:%Y-%m}", officer.name, {"on": str(officer.on)}
        )
        append(connection, [change], officer.at)
    return after


def booked(connection: sa.Connection, postings: Iterable[Posting]) -> list[Posting]:
    """Return postings of what others have dated, those of closed months on the first open day.

    Their names or causes say what they are of, and so the day that it was dated.
    """
    begins = open_from(connection)
    return [
        one
        if begins is None or one.heading.night >= begins
        else replace(one, heading=replace(one.heading, night=begins))
        for one in postings
    ]
