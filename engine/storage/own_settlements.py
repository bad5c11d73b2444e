"""Settlements as the institution may read them for which they were made, and nobody else's.

Every query is bound to the institution, so that another's settlement is not found at all.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.claims.amounts import AMOUNT_COLUMNS
from engine.storage.ledger_tables import COUNTERS, SETTLEMENTS

REVERSALS = SETTLEMENTS.alias("reversals")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which settlements are asked for; None and 0 leave a condition out.

    Attributes:
        settled_from, settled_before: seconds of local time, half open.
    """

    person_id: str | None = None
    visit_id: str | None = None
    settled_from: int = 0
    settled_before: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """Where a list goes on: behind this settlement, going back in time."""

    posted_at: int
    settlement_id: str


def own_settlement(
    connection: sa.Connection, institution_id: str, settlement_id: str
) -> sa.RowMapping | None:
    """Return a settlement of an institution, or None."""
    query = _select(institution_id).where(SETTLEMENTS.c.settlement_id == settlement_id)
    return connection.execute(query).mappings().one_or_none()


def own_settlements(
    connection: sa.Connection,
    institution_id: str,
    wanted: Wanted,
    after: Position | None,
    limit: int,
) -> list[sa.RowMapping]:
    """Return settlements of an institution, the last posted first.

    Read page by page from one position to the next, each that was there at the beginning comes
    exactly once, whatever is posted in between.
    """
    c = SETTLEMENTS.c
    query = _select(institution_id).where(*_conditions(wanted))
    if after is not None:
        place = sa.tuple_(c.posted_at, c.settlement_id)
        query = query.where(place < sa.tuple_(after.posted_at, after.settlement_id))
    query = query.order_by(c.posted_at.desc(), c.settlement_id.desc()).limit(limit)
    return list(connection.execute(query).mappings().all())


def own_counters(
    connection: sa.Connection, institution_id: str, person_id: str
) -> list[sa.RowMapping] | None:
    """Return the counters of a person whom an institution has settled for; None for any other."""
    c = SETTLEMENTS.c
    known = sa.select(c.settlement_id).where(
        c.person_id == person_id, c.institution_id == institution_id
    )
    names = (column for column in COUNTERS.columns if column.name not in {"person_id", "version"})
    query = sa.select(*names).where(COUNTERS.c.person_id == person_id, known.exists())
    rows = connection.execute(query.order_by(*COUNTERS.primary_key.columns)).mappings().all()
    if not rows and connection.execute(known.limit(1)).first() is None:
        return None
    return list(rows)


def _select(institution_id: str) -> sa.Select[Any]:
    c = SETTLEMENTS.c
    names = (
        "settlement_id", "kind", "reverses", "cause", "person_id", "visit_id", "segment", "region",
        "scheme", "year", "settled_at", "posted_at", "policy_hash", *AMOUNT_COLUMNS,
    )  # fmt: skip
    return (
        sa.select(*(c[name] for name in names), REVERSALS.c.settlement_id.label("reversed_by"))
        .outerjoin(REVERSALS, REVERSALS.c.reverses == c.settlement_id)
        .where(c.institution_id == institution_id)
    )


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    c = SETTLEMENTS.c
    found = []
    if wanted.person_id is not None:
        found.append(c.person_id == wanted.person_id)
    if wanted.visit_id is not None:
        found.append(c.visit_id == wanted.visit_id)
    if wanted.settled_from:
        found.append(c.settled_at >= wanted.settled_from)
    if wanted.settled_before:
        found.append(c.settled_at < wanted.settled_before)
    return found
