"""Brings the rows of a night into the ledger, whole tables at a time, under the posting's locks."""

from datetime import date

import polars as pl
import sqlalchemy as sa

from engine.errors import StorageError, ensure
from engine.storage import ledger_tables as t
from engine.storage.audit import Change, append
from engine.storage.bulk import insert_frame, make_temporary, widen_cache
from engine.storage.entry_files import EntryFiles
from engine.storage.ledger_check import PERSONS_MAX, check_ledger
from engine.storage.ledger_state import OUTLASTING, upsert
from engine.storage.messages import VOID

_YEAR = ("person_id", "region", "scheme", "year")
_COUNTER = ("person_id", "region", "scheme", "counter", "year", "month", "scope")

NIGHT_YEARS = sa.Table(
    "night_years",
    sa.MetaData(),
    sa.Column("person_id", t.ID),
    sa.Column("region", t.CODE),
    sa.Column("scheme", t.CODE),
    sa.Column("year", sa.Integer),
    sa.Column("version", sa.BigInteger),
    sa.Column("held", sa.BigInteger),
    prefixes=["TEMPORARY"],
)
NIGHT_COUNTERS = sa.Table(
    "night_counters",
    sa.MetaData(),
    *(sa.Column(column.name, column.type) for column in t.COUNTERS.columns),
    prefixes=["TEMPORARY"],
)
NIGHT_MESSAGES = sa.Table(
    "night_messages",
    sa.MetaData(),
    sa.Column("sender_id", t.ID),
    sa.Column("message_id", t.ID),
    prefixes=["TEMPORARY"],
)
NIGHT_ENDED = sa.Table(
    "night_ended", sa.MetaData(), sa.Column("settlement_id", t.ID), prefixes=["TEMPORARY"]
)


def post_entries(connection: sa.Connection, files: EntryFiles, now: int) -> None:
    """Write a night's rows in the caller's transaction: its settlements are the ledger's then.

    They are what the posting of one after another would have written, less the messages, which
    a settlement names itself, and with legs in sum.

    Args:
        files: of the entries step.
        now: seconds from 1970-01-01 in local time, for the record alone.

    Raises:
        StorageError: `ledger_moved`, a person of the night was settled for since it was read, or
            a message of the night was reversed.
        InvariantError: a bug of ours; nothing was written.
    """
    if connection.dialect.name == "postgresql":
        # A night's statements are few and long; whoever waits for its locks gives up by himself.
        connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
    widen_cache(connection)
    try:
        _lock_years(connection, files)
        _end(connection, files)
        make_temporary(connection, NIGHT_MESSAGES)
        for settled in files.read("settlements"):
            insert_frame(connection, NIGHT_MESSAGES, settled.select("sender_id", "message_id"))
            posted = settled.with_columns(posted_at=pl.lit(now))
            insert_frame(connection, t.SETTLEMENTS, posted)
        for name, table in (("contributions", t.CONTRIBUTIONS), ("live", t.LIVE)):
            for rows in files.read(name):
                insert_frame(connection, table, rows)
        _check_not_void(connection)
        _raise_counters(connection, files)
    except sa.exc.IntegrityError as error:
        raise ledger_moved() from error


def check_night(connection: sa.Connection) -> None:
    """Check the ledger of the persons that the night has posted for, in the same transaction.

    Of a night of very many persons it looks at the first of them: the rest is for a check of all.

    Raises:
        InvariantError: it names what does not hold.
    """
    c = NIGHT_YEARS.c.person_id
    check_ledger(connection, sa.select(c).distinct().order_by(c).limit(PERSONS_MAX))


def record_entries(
    connection: sa.Connection, night: date, settlements: int, digest: str, now: int
) -> None:
    """Record in the audit chain that a night has posted, and the hash of what it has posted."""
    content = {"settlements": settlements, "entries": digest}
    append(connection, [Change("post_night", f"night {night} ledger", "night", content)], now)


def ledger_moved() -> StorageError:
    """Return the error of a ledger that is not as the night has read it."""
    return StorageError(
        "ledger_moved",
        "本夜处理期间，同一参保人另有联网结算入账，本夜尚未入账也未发布；请重新运行",
        "while the night ran, settlements of the same persons were posted online; nothing of the "
        "night is posted or published: run it again",
    )


def lock_persons(connection: sa.Connection, persons: sa.Select[tuple[str]]) -> None:
    """Lock all years of persons, in the order in which every posting locks them."""
    c = t.PERSON_YEARS.c
    key = [c[name] for name in _YEAR]
    query = sa.select(c.person_id).where(c.person_id.in_(persons))
    connection.execute(query.order_by(c.year == OUTLASTING, *key).with_for_update()).all()


def _lock_years(connection: sa.Connection, files: EntryFiles) -> None:
    """Lock the years of the night as a posting does, and see that they are as it has read them."""
    make_temporary(connection, NIGHT_YEARS)
    for years in files.read("years"):
        insert_frame(connection, NIGHT_YEARS, years)
    _check_once(connection)
    n, c = NIGHT_YEARS.c, t.PERSON_YEARS.c
    same = sa.and_(*(n[name] == c[name] for name in _YEAR))
    order = (c.year == OUTLASTING, *(c[name] for name in _YEAR))
    rows = sa.select(c.version).join_from(t.PERSON_YEARS, NIGHT_YEARS, same)
    rows = rows.order_by(*order).with_for_update(of=t.PERSON_YEARS)
    # Counted where they lie: nothing but the locks is wanted of them.
    lock = sa.select(sa.func.count()).select_from(rows.subquery())
    # SQLite has one writer, which this transaction is.
    locks = connection.dialect.name == "postgresql"
    if locks:
        connection.execute(lock)
    new = sa.select(*(n[name] for name in _YEAR), sa.literal(0)).where(~sa.exists().where(same))
    if locks:
        new = new.order_by(n.year == OUTLASTING, *(n[name] for name in _YEAR))
    into = upsert(connection.dialect.name, t.PERSON_YEARS)
    insert = into.from_select([*_YEAR, "version"], new)
    connection.execute(insert.on_conflict_do_nothing())
    if locks:
        connection.execute(lock)
    moved = sa.select(n.person_id).join(t.PERSON_YEARS, same).where(n.held != c.version)
    if connection.execute(moved.limit(1)).first() is not None:
        raise ledger_moved()
    latest = sa.select(*(n[name] for name in _YEAR), n.version).where(sa.true())
    raised = into.from_select([*_YEAR, "version"], latest)
    connection.execute(
        raised.on_conflict_do_update(
            index_elements=list(_YEAR), set_={"version": raised.excluded.version}
        )
    )


def _check_once(connection: sa.Connection) -> None:
    """Check that the night has one row of each year: of two, SQLite would take either's version."""
    key = [NIGHT_YEARS.c[name] for name in _YEAR]
    twice = sa.select(*key).group_by(*key).having(sa.func.count() > 1).limit(1)
    ensure(connection.execute(twice).first() is None, "a year of the night has two rows")


def _check_not_void(connection: sa.Connection) -> None:
    """Check that nobody has reversed a message of the night since the night has read them."""
    n, m = NIGHT_MESSAGES.c, t.MESSAGES.c
    same = sa.and_(n.sender_id == m.sender_id, n.message_id == m.message_id)
    void = sa.select(m.message_id).join_from(NIGHT_MESSAGES, t.MESSAGES, same)
    if connection.execute(void.where(m.verb == VOID).limit(1)).first() is not None:
        raise ledger_moved()


def _end(connection: sa.Connection, files: EntryFiles) -> None:
    """Take away what the night's refunds have undone of earlier settlements."""
    make_temporary(connection, NIGHT_ENDED)
    count = 0
    for ended in files.read("ended"):
        insert_frame(connection, NIGHT_ENDED, ended)
        count += len(ended)
    undone = sa.select(NIGHT_ENDED.c.settlement_id)
    gone = connection.execute(sa.delete(t.LIVE).where(t.LIVE.c.settlement_id.in_(undone)))
    if gone.rowcount != count:
        raise ledger_moved()


def _raise_counters(connection: sa.Connection, files: EntryFiles) -> None:
    make_temporary(connection, NIGHT_COUNTERS)
    for rows in files.read("counters"):
        connection.execute(sa.delete(NIGHT_COUNTERS))
        insert_frame(connection, NIGHT_COUNTERS, rows)
        names = [column.name for column in NIGHT_COUNTERS.columns]
        raised = upsert(connection.dialect.name, t.COUNTERS).from_select(
            names, sa.select(NIGHT_COUNTERS).where(sa.true())
        )
        changed = {
            "value": raised.excluded.value,
            "version": t.COUNTERS.c.version + raised.excluded.version,
        }
        connection.execute(
            raised.on_conflict_do_update(index_elements=list(_COUNTER), set_=changed)
        )
