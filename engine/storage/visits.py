"""Visits that institutions have registered, and the lines that they have sent for them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from engine.errors import ClaimError
from engine.storage.metadata import METADATA

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
    sa.Column("disease_code", sa.String(64), nullable=True),
    sa.Column("cancelled", sa.Boolean, nullable=False),
)

VISIT_LINES = sa.Table(
    "visit_lines",
    METADATA,
    sa.Column("institution_id", sa.String(64), primary_key=True),
    sa.Column("visit_id", sa.String(64), primary_key=True),
    sa.Column("line_id", sa.String(64), primary_key=True),
    sa.Column("batch", sa.String(64), nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("settlement_id", sa.String(64), nullable=True, index=True),
    sa.ForeignKeyConstraint(
        ["institution_id", "visit_id"], ["visits.institution_id", "visits.visit_id"]
    ),
)


@dataclass(frozen=True, slots=True)
class Visit:
    """A registered visit; `visit_kind` is None until the institution has told it."""

    institution_id: str
    visit_id: str
    person_id: str
    home_region: str
    care_region: str
    insurance: int
    visit_kind: int | None
    begin_day: int
    disease_code: str | None
    cancelled: bool


def add_visit(connection: sa.Connection, visit: Visit) -> None:
    """Register a visit.

    Raises:
        IntegrityError: the institution has one of this id.
    """
    names = (column.name for column in VISITS.columns)
    connection.execute(sa.insert(VISITS).values({name: getattr(visit, name) for name in names}))


def open_visit(connection: sa.Connection, institution_id: str, visit_id: str) -> Visit:
    """Return a visit of an institution that is not cancelled, and keep it from others' changes.

    Raises:
        ClaimError: `no_visit`. A visit of another institution is told just so.
    """
    row = connection.execute(_select(institution_id, visit_id).with_for_update()).one_or_none()
    if row is None or row.cancelled:
        raise ClaimError(
            "no_visit",
            "本机构没有该就诊登记，或已撤销；请核对就诊编号，或先办理登记",
            "this institution has no such visit, or it is cancelled; register it first",
        )
    return Visit(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row's mapping


def change_visit(connection: sa.Connection, visit: Visit, **changes: Any) -> None:
    """Change what is told of a visit."""
    c = VISITS.c
    connection.execute(
        sa.update(VISITS)
        .where(c.institution_id == visit.institution_id, c.visit_id == visit.visit_id)
        .values(**changes)
    )


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
            "content": json.dumps(dict(line), ensure_ascii=False, sort_keys=True),
            "settlement_id": None,
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


def lines_of(
    connection: sa.Connection, visit: Visit, batch: str | None = None
) -> list[dict[str, Any]]:
    """Return the lines of a visit that no settlement holds, of one batch or of all."""
    query = sa.select(VISIT_LINES.c.content).where(*_unsettled(visit, batch))
    texts = connection.scalars(query.order_by(VISIT_LINES.c.line_id))
    return [json.loads(text) for text in texts]


def remove_lines(
    connection: sa.Connection, visit: Visit, batch: str | None = None, line: str | None = None
) -> int:
    """Remove lines of a visit that no settlement holds, and return how many they were."""
    which = [*_unsettled(visit, batch)]
    if line is not None:
        which.append(VISIT_LINES.c.line_id == line)
    return int(connection.execute(sa.delete(VISIT_LINES).where(*which)).rowcount)


def hold_lines(
    connection: sa.Connection, visit: Visit, batch: str | None, settlement_id: str
) -> None:
    """Let a settlement hold the lines that it was made of."""
    connection.execute(
        sa.update(VISIT_LINES).where(*_unsettled(visit, batch)).values(settlement_id=settlement_id)
    )


def release_lines(connection: sa.Connection, settlement_id: str) -> None:
    """Give back the lines of a settlement that is undone: they may be settled again."""
    connection.execute(
        sa.update(VISIT_LINES)
        .where(VISIT_LINES.c.settlement_id == settlement_id)
        .values(settlement_id=None)
    )


def has_settled(connection: sa.Connection, visit: Visit) -> bool:
    """Return whether a settlement holds lines of a visit."""
    c = VISIT_LINES.c
    query = sa.select(c.line_id).where(
        c.institution_id == visit.institution_id,
        c.visit_id == visit.visit_id,
        c.settlement_id.is_not(None),
    )
    return connection.execute(query.limit(1)).first() is not None


def _select(institution_id: str, visit_id: str) -> sa.Select[Any]:
    c = VISITS.c
    return sa.select(VISITS).where(c.institution_id == institution_id, c.visit_id == visit_id)


def _unsettled(visit: Visit, batch: str | None) -> list[sa.ColumnElement[bool]]:
    c = VISIT_LINES.c
    which = [
        c.institution_id == visit.institution_id,
        c.visit_id == visit.visit_id,
        c.settlement_id.is_(None),
    ]
    return which if batch is None else [*which, c.batch == batch]
