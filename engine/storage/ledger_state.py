"""What a posting stands on: counters, versions and live settlements, read under the lock."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from engine.claims.columns import (
    COUNTER_ID,
    COUNTER_YEAR,
    NONE,
    RESULT_WIDTH,
    EventKind,
    Ints,
    Result,
)
from engine.claims.keys import content_key
from engine.policy.compiler import CompiledBook
from engine.policy.packer import packed
from engine.storage import ledger_tables as t

OUTLASTING = 0
"""The year of what outlasts every year: the account, and counters for life."""

Row: TypeAlias = dict[str, Any]
CounterKey: TypeAlias = tuple[int, int, int]
"""Key of a person, counter with its period, scope."""

Visit: TypeAlias = tuple[str, str, int]
"""Institution, visit, segment."""


class Year(NamedTuple):
    """One insurance year of one person under one scheme: what a posting locks."""

    person_id: str
    region: str
    scheme: str
    year: int


class Fed(NamedTuple):
    """What a settlement found in a counter and added to it."""

    counter: int
    scope: int
    before: int
    gain: int


class Moved(NamedTuple):
    """What a settlement moved in one of a person's accounts, in ufen.

    Attributes:
        order: its version, of one settled anew that of the first.
        account: 0 is the own, from 1 on those linked.
    """

    settlement_id: str
    reverses: str | None
    order: int
    account: int
    gain: int


@dataclass(frozen=True, eq=False)
class Posted:
    """A stored settlement, as far as undoing it asks for."""

    settlement_id: str
    message: tuple[str, str]
    kind: EventKind
    year: Year
    version: int
    visit: Visit | None
    reverses: str | None
    facts: str | None
    result: Ints
    feeds: tuple[Fed, ...]


@dataclass
class LedgerState:
    """State of the persons at hand, as a batch goes along.

    Attributes:
        versions: of each locked year, the number of its last settlement; that of OUTLASTING is the
            last of all years.
        counters: what their counters hold; `fed` counts the settlements of this batch in each.
        billed: visit -> the live settlement that bills it, of the visits at hand in all segments.
        barred: OUTLASTING year -> the last change of cover, before which nothing is undone.
        live: the live settlements of a year in the order they were made, where one is to be undone.
        moved: OUTLASTING year -> what was moved in the accounts, read where one is to be undone.
        known: settlements by id, those of `live` and those that messages name.
    """

    versions: dict[Year, int] = field(default_factory=dict)
    counters: dict[CounterKey, int] = field(default_factory=dict)
    fed: dict[CounterKey, int] = field(default_factory=dict)
    persons: dict[int, str] = field(default_factory=dict)
    billed: dict[Visit, str] = field(default_factory=dict)
    barred: dict[Year, Posted] = field(default_factory=dict)
    live: dict[Year, list[Posted]] = field(default_factory=dict)
    moved: dict[Year, list[Moved]] = field(default_factory=dict)
    known: dict[str, Posted] = field(default_factory=dict)


def upsert(dialect: str, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """Return the dialect's INSERT that knows ON CONFLICT."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


# Statements are made once: to make one and to find it compiled takes longer than to carry it out.
@cache
def _make_years(dialect: str) -> sqlite.Insert | postgresql.Insert:
    made = upsert(dialect, t.PERSON_YEARS).on_conflict_do_nothing()
    return made.execution_options(preserve_rowcount=True)


_YEAR_KEY = (
    t.PERSON_YEARS.c.person_id,
    t.PERSON_YEARS.c.region,
    t.PERSON_YEARS.c.scheme,
    t.PERSON_YEARS.c.year,
)
_YEARS = (
    sa.select(*_YEAR_KEY, t.PERSON_YEARS.c.version)
    .where(sa.tuple_(*_YEAR_KEY).in_(sa.bindparam("years", expanding=True)))
    .order_by(t.PERSON_YEARS.c.year == OUTLASTING, *_YEAR_KEY)
)
_YEARS_LOCKED = _YEARS.with_for_update()
_COUNTER_KEY = (
    t.COUNTERS.c.person_id,
    t.COUNTERS.c.region,
    t.COUNTERS.c.scheme,
)
_COUNTERS = sa.select(
    *_COUNTER_KEY,
    t.COUNTERS.c.counter,
    t.COUNTERS.c.year,
    t.COUNTERS.c.month,
    t.COUNTERS.c.scope,
    t.COUNTERS.c.value,
).where(
    sa.tuple_(*_COUNTER_KEY).in_(sa.bindparam("persons", expanding=True)),
    t.COUNTERS.c.year.in_(sa.bindparam("periods", expanding=True)),
)
_BILLED = sa.select(
    t.LIVE.c.institution_id, t.LIVE.c.visit_id, t.LIVE.c.segment, t.LIVE.c.settlement_id
).where(
    sa.tuple_(t.LIVE.c.institution_id, t.LIVE.c.visit_id).in_(sa.bindparam("stays", expanding=True))
)


def lock_years(connection: sa.Connection, years: Collection[Year]) -> dict[Year, int]:
    """Lock years, those of patients first and accounts then, ascending; return their versions.

    A year that nobody has met is made first. Whoever locks in this order waits for nobody who
    waits for him.
    """
    found = read_years(connection, years, lock=True)
    missing = sorted((year for year in years if year not in found), key=_lock_order)
    if not missing:
        return found
    rows = [{**year._asdict(), "version": 0} for year in missing]
    made = connection.execute(_make_years(connection.dialect.name), rows)
    if made.rowcount == len(missing):
        return found | dict.fromkeys(missing, 0)
    return read_years(connection, years, lock=True)


def _lock_order(year: Year) -> tuple[bool, Year]:
    return year.year == OUTLASTING, year


def read_years(
    connection: sa.Connection, years: Collection[Year], *, lock: bool = False
) -> dict[Year, int]:
    """Return the versions of years that are there, locked in their order where asked for."""
    if not years:
        return {}
    rows = connection.execute(_YEARS_LOCKED if lock else _YEARS, {"years": list(years)})
    return {Year(*row[:4]): row[4] for row in rows}


def read_counters(connection: sa.Connection, years: Iterable[Year]) -> dict[CounterKey, int]:
    """Return the counters that a settlement of these years may meet.

    A counter of a month is kept under the calendar's year, which an insurance year may run into.
    """
    persons = {(year.person_id, year.region, year.scheme) for year in years}
    periods = {after for year in years for after in (year.year, year.year + 1)} | {OUTLASTING}
    if not persons:
        return {}
    rows = connection.execute(_COUNTERS, {"persons": list(persons), "periods": list(periods)})
    return {
        (content_key(person), packed(region, scheme, name, year, month), scope): value
        for person, region, scheme, name, year, month, scope, value in rows
    }


def unpacked(counter: int, book: CompiledBook) -> tuple[str, int, int]:
    """Return name, year and month of a counter's number."""
    _, name = book.counter_names[counter // COUNTER_ID]
    return name, counter % COUNTER_ID // COUNTER_YEAR, counter % COUNTER_YEAR


def read_billed(connection: sa.Connection, visits: Collection[Visit]) -> dict[Visit, str]:
    """Return the live settlements of these visits, whatever their segment."""
    if not visits:
        return {}
    stays = list({(institution, visit) for institution, visit, _ in visits})
    rows = connection.execute(_BILLED, {"stays": stays})
    return {(row[0], row[1], row[2]): row[3] for row in rows}


def read_settlements(
    connection: sa.Connection, ids: Collection[str], messages: Collection[tuple[str, str]]
) -> list[Posted]:
    """Return the settlements with these ids and of these messages, in the order of their making."""
    c = t.SETTLEMENTS.c
    if not ids and not messages:
        return []
    return _posted(
        connection,
        c.settlement_id.in_(ids) | sa.tuple_(c.sender_id, c.message_id).in_(messages),
    )


def read_live(connection: sa.Connection, years: Collection[Year]) -> dict[Year, list[Posted]]:
    """Return the live settlements of each year, in the order of their making."""
    live: dict[Year, list[Posted]] = {year: [] for year in years}
    if not years:
        return live
    c = t.SETTLEMENTS.c
    of_years = sa.tuple_(c.person_id, c.region, c.scheme, c.year).in_(years)
    still = c.settlement_id.in_(sa.select(t.LIVE.c.settlement_id))
    for posted in _posted(connection, of_years & still):
        live[posted.year].append(posted)
    return live


def read_standing(connection: sa.Connection, person: str, scheme: tuple[str, str]) -> list[Posted]:
    """Return all that stands of a person under a scheme, whatever its kind and year, in order.

    Args:
        scheme: its region and name.
    """
    c = t.SETTLEMENTS.c
    undone = sa.select(c.reverses).where(c.reverses.is_not(None))
    of_person = (c.person_id == person) & sa.tuple_(c.region, c.scheme).in_([scheme])
    return _posted(connection, of_person & c.reverses.is_(None) & c.settlement_id.not_in(undone))


def read_barred(connection: sa.Connection, years: Collection[Year]) -> dict[Year, Posted]:
    """Return the last change of cover of each person and scheme."""
    if not years:
        return {}
    c = t.SETTLEMENTS.c
    persons = {year[:3] for year in years}
    of_persons = sa.tuple_(c.person_id, c.region, c.scheme).in_(persons)
    changes = _posted(connection, of_persons & (c.kind == int(EventKind.COVER_CHANGE)))
    return {outlasting(one.year): one for one in changes}


def outlasting(year: Year) -> Year:
    """Return the row that stands for what outlasts a year."""
    return year._replace(year=OUTLASTING)


def _posted(connection: sa.Connection, which: sa.ColumnElement[bool]) -> list[Posted]:
    query = sa.select(t.SETTLEMENTS).where(which)
    rows = connection.execute(query.order_by(t.SETTLEMENTS.c.version)).mappings().all()
    feeds = _feeds(connection, rows)
    return [_posted_row(dict(row), feeds.get(row["settlement_id"], ())) for row in rows]


def _posted_row(row: Row, feeds: tuple[Fed, ...]) -> Posted:
    visit = None
    if row["visit_id"] is not None:
        visit = (row["institution_id"], row["visit_id"], row["segment"])
    return Posted(
        settlement_id=row["settlement_id"],
        message=(row["sender_id"], row["message_id"]),
        kind=EventKind(row["kind"]),
        year=Year(row["person_id"], row["region"], row["scheme"], row["year"]),
        version=row["version"],
        visit=visit,
        reverses=row["reverses"],
        facts=row["facts"],
        result=result_of(row),
        feeds=feeds,
    )


def result_of(row: Row) -> Ints:
    """Return a stored settlement as a result row, save its place in the book."""
    result = np.zeros(RESULT_WIDTH, dtype=np.int64)
    for columns in (t.AMOUNTS, t.LAYER_PAID, t.CAP_LEFT):
        for name, column in columns.items():
            result[column] = row[name]
    result[Result.KIND] = row["kind"]
    result[Result.YEAR] = row["year"]
    result[Result.ORDINAL] = row["ordinal"]
    result[Result.POLICY_ROW] = result[Result.ORIGINAL] = NONE
    return result


def _feeds(connection: sa.Connection, rows: Sequence[Any]) -> dict[str, tuple[Fed, ...]]:
    of = {row["settlement_id"]: (row["region"], row["scheme"]) for row in rows}
    c = t.CONTRIBUTIONS.c
    found: dict[str, list[Fed]] = {}
    query = sa.select(t.CONTRIBUTIONS).where(c.settlement_id.in_(list(of)))
    for row in connection.execute(query) if of else ():
        counter = packed(*of[row.settlement_id], row.counter, row.year, row.month)
        fed = Fed(counter, row.scope, row.before, row.gain)
        found.setdefault(row.settlement_id, []).append(fed)
    return {name: tuple(feeds) for name, feeds in found.items()}
