"""Cases in the database: events are added, never changed, each with its audit record."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from engine.cases.life_cycle import CaseEvent
from engine.errors import CaseError, StorageError
from engine.ledger.postings import Posting
from engine.storage.audit import Change, append, canonical
from engine.storage.case_tables import (
    CASE_EVENTS,
    CASE_INVOICES,
    CASES,
    POSTING_LEGS,
    POSTINGS,
)
from engine.storage.closing_tables import open_from

ENDED_UNPAID = "refused"


@dataclass(frozen=True, slots=True)
class CaseKey:
    """What names a case."""

    kind: str
    case_id: str


@dataclass(frozen=True, slots=True)
class CaseRow:
    """Where a case stands, in a list."""

    key: CaseKey
    person_id: str
    region: str
    opened_on: date
    last: str


@dataclass(frozen=True, slots=True)
class Officer:
    """Who does a step, on which day.

    Attributes:
        at: now, in seconds of local time from 1970-01-01.
    """

    name: str
    on: date
    at: int


def open_case(
    connection: sa.Connection, kind: str, prefix: str, event: CaseEvent, at: int
) -> CaseKey:
    """Write the first event of a new case and return its name: prefix, day, running number.

    Args:
        connection: of a transaction.
        kind: of the case.
        prefix: letter that its name begins with.
        event: says `person` and `region` in its content.
        at: now, in seconds of local time.
    """
    day = event.on.isoformat()
    begun = sa.select(sa.func.count()).where(CASES.c.kind == kind, CASES.c.opened_on == day)
    number = int(connection.execute(begun).scalar_one())
    key: CaseKey | None = None
    while key is None:  # Another may take the same number at the same time.
        number += 1
        key = _named(connection, CaseKey(kind, f"{prefix}{event.on:%Y%m%d}-{number:04}"), event)
    add_event(connection, key, event, at)
    return key


def name_case(connection: sa.Connection, key: CaseKey, event: CaseEvent, at: int) -> None:
    """Write the first event of a new case that brings its name along.

    Raises:
        StorageError: `case_exists`.
    """
    if _named(connection, key, event) is None:
        raise StorageError(
            "case_exists",
            f"{key.case_id} 已经存在",
            f"{key.case_id} is there already",
            case=key.case_id,
        )
    add_event(connection, key, event, at)


def _named(connection: sa.Connection, key: CaseKey, event: CaseEvent) -> CaseKey | None:
    """Take a name for a new case; None where it is taken."""
    row = {
        "kind": key.kind,
        "case_id": key.case_id,
        "person_id": event.content["person"],
        "region": event.content["region"],
        "opened_on": event.on.isoformat(),
        "events": 0,
        "last": "",
    }
    try:
        with connection.begin_nested():
            connection.execute(sa.insert(CASES), row)
    except sa.exc.IntegrityError:
        return None
    return key


def add_event(connection: sa.Connection, key: CaseKey, event: CaseEvent, at: int) -> None:
    """Write one more event of a case, that is locked by `read_events`, and its audit record."""
    of_case = (CASES.c.kind == key.kind, CASES.c.case_id == key.case_id)
    number = int(connection.execute(sa.select(CASES.c.events).where(*of_case)).scalar_one())
    connection.execute(
        sa.insert(CASE_EVENTS).values(
            kind=key.kind,
            case_id=key.case_id,
            number=number,
            event=event.event,
            on=event.on.isoformat(),
            actor=event.actor,
            content=canonical(event.content),
        )
    )
    connection.execute(sa.update(CASES).where(*of_case).values(events=number + 1, last=event.event))
    content = {"number": number, "on": event.on.isoformat(), "content": dict(event.content)}
    subject = f"{key.kind} {key.case_id}"
    append(connection, [Change(event.event, subject, event.actor, content)], at)


def read_events(connection: sa.Connection, key: CaseKey) -> list[CaseEvent]:
    """Lock a case and return its events in order.

    Raises:
        StorageError: `unknown_case`.
    """
    of_case = (CASES.c.kind == key.kind, CASES.c.case_id == key.case_id)
    if connection.execute(sa.select(CASES).where(*of_case).with_for_update()).first() is None:
        raise StorageError(
            "unknown_case",
            f"没有此件：{key.case_id}；请核对编号",
            f"there is no case {key.case_id}; check its name",
            case=key.case_id,
        )
    c = CASE_EVENTS.c
    query = sa.select(c.event, c.on, c.actor, c.content)
    query = query.where(c.kind == key.kind, c.case_id == key.case_id).order_by(c.number)
    return [
        CaseEvent(row.event, date.fromisoformat(row.on), row.actor, json.loads(row.content))
        for row in connection.execute(query)
    ]


def list_cases(connection: sa.Connection, kind: str) -> list[CaseRow]:
    """Return every case of a kind, in order of their names."""
    c = CASES.c
    query = sa.select(CASES).where(c.kind == kind).order_by(c.case_id)
    return [
        CaseRow(
            CaseKey(kind, row.case_id),
            row.person_id,
            row.region,
            date.fromisoformat(row.opened_on),
            row.last,
        )
        for row in connection.execute(query)
    ]


def keep_invoices(connection: sa.Connection, key: CaseKey, invoices: Iterable[str]) -> None:
    """Note which invoices a case was entered with; those noted before stay."""
    c = CASE_INVOICES.c
    own = sa.select(c.invoice).where(c.kind == key.kind, c.case_id == key.case_id)
    known = set(connection.scalars(own))
    rows = [
        {"invoice": invoice, "kind": key.kind, "case_id": key.case_id}
        for invoice in sorted(set(invoices) - known)
    ]
    if rows:
        connection.execute(sa.insert(CASE_INVOICES), rows)


def cases_with_invoices(
    connection: sa.Connection, key: CaseKey, invoices: Sequence[str]
) -> list[tuple[str, str]]:
    """Return invoice and name of other cases, refused ones apart, that hold one of the invoices."""
    c = CASE_INVOICES.c
    query = (
        sa.select(c.invoice, c.case_id)
        .join(CASES, sa.and_(CASES.c.kind == c.kind, CASES.c.case_id == c.case_id))
        .where(c.invoice.in_(invoices), CASES.c.last != ENDED_UNPAID)
        .where(sa.or_(c.kind != key.kind, c.case_id != key.case_id))
        .order_by(c.invoice, c.case_id)
    )
    return [(row.invoice, row.case_id) for row in connection.execute(query)]


def write_postings(connection: sa.Connection, postings: Iterable[Posting]) -> None:
    """Write postings, all legs first; those without legs are left out.

    Raises:
        CaseError: `month_closed`, one is dated in a month that is closed.
    """
    filled = [posting for posting in postings if posting.legs]
    if not filled:
        return
    begins = open_from(connection)
    for posting in filled:
        if begins is not None and posting.heading.night < begins:
            raise _month_closed(posting, begins)
    legs = [leg for posting in filled for leg in _leg_rows(posting)]
    rows = [
        _posting_key(one) | {"night": one.heading.night.isoformat(), "cause": one.heading.cause}
        for one in filled
    ]
    connection.execute(sa.insert(POSTING_LEGS), legs)
    connection.execute(sa.insert(POSTINGS), rows)


def _posting_key(posting: Posting) -> dict[str, Any]:
    heading = posting.heading
    return {
        "authority": int(heading.ledger.authority),
        "region": heading.ledger.region,
        "posting_id": heading.posting_id,
    }


def _leg_rows(posting: Posting) -> list[dict[str, Any]]:
    named = _posting_key(posting)
    return [
        named
        | {
            "number": number,
            "account": int(leg.account.kind),
            "purse": int(leg.account.purse),
            "party": leg.account.party,
            "amount_fen": leg.amount_fen,
        }
        for number, leg in enumerate(posting.legs)
    ]


def _month_closed(posting: Posting, begins: date) -> CaseError:
    on = posting.heading.night
    return CaseError(
        "month_closed",
        f"{posting.heading.cause}：{on:%Y-%m} 已经关账，不再入账；请以 {begins} 或其后的日期办理",
        f"{posting.heading.cause}: {on:%Y-%m} is closed and takes no posting; date the step "
        f"{begins} or later",
    )
