"""Visits that institutions have registered, and the lines that they have sent for them.

A line is settled while a live settlement bills it, or a live claim on another region: the ledger
alone says so, and whatever undoes it, from whatever side, gives its lines back.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, TypeAlias

import sqlalchemy as sa

from engine.errors import ClaimError
from engine.storage.crossregion_tables import CROSS_CLAIMS
from engine.storage.ledger_tables import LIVE, SETTLEMENTS
from engine.storage.metadata import METADATA


class Presence(StrEnum):
    """Where the patient of a visit is. The texts are stored: never change one."""

    REGISTERED = "registered"
    ADMITTED = "admitted"
    DISCHARGED = "discharged"
    PURCHASED = "purchased"
    CANCELLED = "cancelled"


VISITS = sa.Table(
    "visits",
    METADATA,
    sa.Column("institution_id", sa.String(64), primary_key=True),
    sa.Column("visit_id", sa.String(64), primary_key=True),
    sa.Column("person_id", sa.String(64), nullable=False),
    sa.Column("home_region", sa.String(6), nullable=False),
    sa.Column("care_region", sa.String(6), nullable=False),
    sa.Column("insurance", sa.SmallInteger, nullable=False),
    sa.Column("visit_kind", sa.SmallInteger, nullable=True),
    sa.Column("begin_day", sa.Integer, nullable=False),
    sa.Column("end_day", sa.Integer, nullable=True),
    sa.Column("disease_code", sa.String(64), nullable=True),
    sa.Column("presence", sa.String(32), nullable=False),
    sa.Column("final_segment", sa.Integer, nullable=True),
    sa.Column("told", sa.Text, nullable=False),
    sa.Index("ix_visits_person_id", "person_id"),
)

VISIT_LINES = sa.Table(
    "visit_lines",
    METADATA,
    sa.Column("institution_id", sa.String(64), primary_key=True),
    sa.Column("visit_id", sa.String(64), primary_key=True),
    sa.Column("line_id", sa.String(64), primary_key=True),
    sa.Column("batch", sa.String(64), nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("bill_id", sa.String(64), nullable=True),
    sa.Column("segment", sa.Integer, nullable=True),
    sa.ForeignKeyConstraint(
        ["institution_id", "visit_id"], ["visits.institution_id", "visits.visit_id"]
    ),
    sa.Index("ix_visit_lines_bill", "institution_id", "bill_id", "segment"),
)

IDS_AT_ONCE = 500
Line: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Visit:
    """A registered visit.

    Attributes:
        visit_kind: None until the institution has told it.
        end_day: day of discharge, None before.
        presence: where the patient is.
        final_segment: the segment that was billed last of a stay, None before; whether that bill
            stands is for the ledger to say.
        told: what else the institution has told of it, by English names; plain values only.
    """

    institution_id: str
    visit_id: str
    person_id: str
    home_region: str
    care_region: str
    insurance: int
    visit_kind: int | None
    begin_day: int
    disease_code: str | None
    presence: Presence
    told: Mapping[str, Any]
    end_day: int | None = None
    final_segment: int | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    """What the ledger knows a bill of a visit by: a batch of an out-patient's, or a segment."""

    bill_id: str
    segment: int = 1


def bill_of(connection: sa.Connection, visit: Visit, batch: str) -> Bill:
    """Return the bill that a batch of an out-patient's lines is to be.

    The first that stands bears the visit's own id, so that a night meets it again; further ones
    are told by their batch.
    """
    first = Bill(visit.visit_id)
    return Bill(f"{visit.visit_id}.{batch}") if first in live_bills(connection, visit) else first


def bills(bill_id: str, visit_id: str) -> bool:
    """Return whether what the ledger knows as a bill is one of a visit."""
    return bill_id == visit_id or bill_id.startswith(f"{visit_id}.")


def segment_of(connection: sa.Connection, visit: Visit) -> Bill:
    """Return the bill that is the next segment of a stay."""
    settled = [bill.segment for bill in live_bills(connection, visit)]
    return Bill(visit.visit_id, max(settled, default=0) + 1)


def add_visit(connection: sa.Connection, visit: Visit) -> None:
    """Register a visit.

    Raises:
        IntegrityError: the institution has one of this id.
    """
    row = {name.name: getattr(visit, name.name) for name in fields(Visit)}
    connection.execute(sa.insert(VISITS).values(row | {"told": _text(visit.told)}))


def find_visit(connection: sa.Connection, institution_id: str, visit_id: str) -> Visit | None:
    """Return a visit of an institution, and keep it from others' changes; None for no such one."""
    c = VISITS.c
    query = sa.select(VISITS).where(c.institution_id == institution_id, c.visit_id == visit_id)
    row = connection.execute(query.with_for_update()).one_or_none()
    return None if row is None else _visit(row)


def open_visit(connection: sa.Connection, institution_id: str, visit_id: str) -> Visit:
    """Return a visit of an institution that is not cancelled, and keep it from others' changes.

    Raises:
        ClaimError: `no_visit`. A visit of another institution is told just so.
    """
    visit = find_visit(connection, institution_id, visit_id)
    if visit is None or visit.presence is Presence.CANCELLED:
        raise ClaimError(
            "no_visit",
            "本机构没有该就诊登记，或已撤销；请核对就诊编号，或先办理登记",
            "this institution has no such visit, or it is cancelled; register it first",
        )
    return visit


def visits_of(connection: sa.Connection, institution_id: str, person_id: str) -> list[Visit]:
    """Return the visits of a person to an institution, cancelled ones too, the first day first."""
    c = VISITS.c
    query = sa.select(VISITS).where(c.institution_id == institution_id, c.person_id == person_id)
    return [_visit(row) for row in connection.execute(query.order_by(c.begin_day, c.visit_id))]


def change_visit(connection: sa.Connection, visit: Visit, **changes: Any) -> Visit:
    """Change what is known of a visit, and return it as it is then."""
    changed = replace(visit, **changes)
    row = changes | ({"told": _text(changed.told)} if "told" in changes else {})
    c = VISITS.c
    connection.execute(
        sa.update(VISITS)
        .where(c.institution_id == visit.institution_id, c.visit_id == visit.visit_id)
        .values(row)
    )
    return changed


def add_lines(connection: sa.Connection, visit: Visit, lines: Iterable[Mapping[str, Any]]) -> None:
    """Add lines to a visit, each with `line_id` and `charge_batch`.

    Raises:
        ClaimError: `line_twice`, the visit has a line of this id.
    """
    rows = [
        {
            "institution_id": visit.institution_id,
            "visit_id": visit.visit_id,
            "line_id": line["line_id"],
            "batch": line["charge_batch"],
            "content": _text(line),
            "bill_id": None,
            "segment": None,
        }
        for line in lines
    ]
    try:
        with connection.begin_nested():
            connection.execute(sa.insert(VISIT_LINES), rows)
    except sa.exc.IntegrityError as error:
        raise ClaimError(
            "line_twice",
            "费用明细流水号在本次就诊中重复，整批未上传；请改用新的流水号",
            "a line id stands twice in this visit, none was taken; use a new one",
        ) from error


def unsettled_lines(
    connection: sa.Connection, visit: Visit, batch: str | None = None
) -> list[Line]:
    """Return the lines of a visit that no live settlement bills, of one batch or of all."""
    query = sa.select(VISIT_LINES.c.content).where(*_unsettled(visit, batch))
    texts = connection.scalars(query.order_by(VISIT_LINES.c.line_id))
    return [json.loads(text) for text in texts]


def lines_with_settlements(
    connection: sa.Connection, visit: Visit
) -> list[tuple[Line, str | None]]:
    """Return all lines of a visit, each with the live settlement that bills it or None."""
    c = VISIT_LINES.c
    query = (
        sa.select(c.content, sa.func.coalesce(LIVE.c.settlement_id, CROSS_CLAIMS.c.claim_id))
        .join_from(VISIT_LINES, LIVE, _billed_by(), isouter=True)
        .join(CROSS_CLAIMS, _claimed_by(), isouter=True)
        .where(*_of(visit))
        .order_by(c.line_id)
    )
    return [(json.loads(row[0]), row[1]) for row in connection.execute(query)]


def remove_lines(
    connection: sa.Connection, visit: Visit, batch: str | None = None, line: str | None = None
) -> int:
    """Remove lines of a visit that no live settlement bills, and return how many they were."""
    which = [*_unsettled(visit, batch)]
    if line is not None:
        which.append(VISIT_LINES.c.line_id == line)
    return int(connection.execute(sa.delete(VISIT_LINES).where(*which)).rowcount)


def bill_lines(connection: sa.Connection, visit: Visit, lines: Sequence[Line], bill: Bill) -> None:
    """Note that a bill is made of these lines, and of no others that it had before."""
    c = VISIT_LINES.c
    before = (c.bill_id == bill.bill_id, c.segment == bill.segment)
    connection.execute(
        sa.update(VISIT_LINES).where(*_of(visit), *before).values(bill_id=None, segment=None)
    )
    ids = [line["line_id"] for line in lines]
    for first in range(0, len(ids), IDS_AT_ONCE):
        some = c.line_id.in_(ids[first : first + IDS_AT_ONCE])
        connection.execute(
            sa.update(VISIT_LINES)
            .where(*_of(visit), some)
            .values(bill_id=bill.bill_id, segment=bill.segment)
        )


def live_bills(connection: sa.Connection, visit: Visit) -> dict[Bill, str]:
    """Return the bills of a visit that stand, each with its settlement."""
    line, found = VISIT_LINES.c, {}
    of_lines = sa.select(line.bill_id).where(*_of(visit), line.bill_id.is_not(None))
    for table, name, live in (
        (LIVE, LIVE.c.settlement_id, sa.true()),
        (CROSS_CLAIMS, CROSS_CLAIMS.c.claim_id, CROSS_CLAIMS.c.live.is_not(None)),
    ):
        c = table.c
        query = sa.select(c.visit_id, c.segment, name).where(
            c.institution_id == visit.institution_id, c.visit_id.in_(of_lines), live
        )
        for row in connection.execute(query.order_by(c.visit_id, c.segment)):
            found[Bill(row[0], row[1])] = str(row[2])
    return found


def billed_fen(connection: sa.Connection, institution_id: str, bill: Bill) -> int | None:
    """Return what the lines of a bill sum to; None for a bill that was not made of sent lines."""
    c = VISIT_LINES.c
    texts = connection.scalars(
        sa.select(c.content).where(
            c.institution_id == institution_id,
            c.bill_id == bill.bill_id,
            c.segment == bill.segment,
        )
    ).all()
    return sum(int(json.loads(text)["amount_fen"]) for text in texts) if texts else None


def own_settlements(
    connection: sa.Connection, institution_id: str, *which: sa.ColumnElement[bool]
) -> list[dict[str, Any]]:
    """Return an institution's settlements that meet conditions on SETTLEMENTS, oldest first."""
    c = SETTLEMENTS.c
    query = sa.select(SETTLEMENTS).where(c.institution_id == institution_id, *which)
    rows = connection.execute(query.order_by(c.posted_at, c.version)).mappings()
    return [dict(row) for row in rows]


def _visit(row: sa.Row[Any]) -> Visit:
    told = {name.name: getattr(row, name.name) for name in fields(Visit)}
    return Visit(**told | {"presence": Presence(row.presence), "told": json.loads(row.told)})


def _text(told: Mapping[str, Any]) -> str:
    return json.dumps(dict(told), ensure_ascii=False, sort_keys=True)


def _of(visit: Visit) -> list[sa.ColumnElement[bool]]:
    c = VISIT_LINES.c
    return [c.institution_id == visit.institution_id, c.visit_id == visit.visit_id]


def _billed_by() -> sa.ColumnElement[bool]:
    """Return that a live settlement bills a line."""
    return _same_bill(LIVE)


def _claimed_by() -> sa.ColumnElement[bool]:
    """Return that a claim on another region bills a line, or may."""
    return sa.and_(_same_bill(CROSS_CLAIMS), CROSS_CLAIMS.c.live.is_not(None))


def _same_bill(table: sa.Table) -> sa.ColumnElement[bool]:
    c = VISIT_LINES.c
    return sa.and_(
        table.c.institution_id == c.institution_id,
        table.c.visit_id == c.bill_id,
        table.c.segment == c.segment,
    )


def _unsettled(visit: Visit, batch: str | None) -> list[sa.ColumnElement[bool]]:
    free = (~sa.exists().where(_billed_by()), ~sa.exists().where(_claimed_by()))
    which = [*_of(visit), *free]
    return which if batch is None else [*which, VISIT_LINES.c.batch == batch]
