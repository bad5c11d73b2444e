"""What the ledger holds of a night's persons, visits and messages before the night settles."""

from collections.abc import Iterable
from typing import Any

import polars as pl
import sqlalchemy as sa

from engine.claims.columns import Filing
from engine.storage import ledger_tables as t
from engine.storage import standing_tables as standing
from engine.storage.bulk import insert_frame, make_temporary, read_frame
from engine.storage.filings import FILINGS, REFERRAL
from engine.storage.messages import VOID
from engine.storage.standing_tables import HOLDER
from engine.storage.tables import KNOWN

TONIGHT = sa.Table(
    "tonight",
    sa.MetaData(),
    sa.Column("settlement_id", t.ID),
    sa.Column("original_id", t.ID),
    sa.Column("institution_id", t.ID),
    sa.Column("visit_id", t.ID),
    sa.Column("segment", sa.Integer),
    sa.Column("person_id", t.ID),
    sa.Column("message_id", t.ID),
    sa.Column("online", sa.Boolean),
    sa.Column("refund", sa.Boolean),
    prefixes=["TEMPORARY"],
)
"""The claims of the delivery; `online` are those that say so and that no night has brought yet."""

NAMED = sa.Table("named", sa.MetaData(), sa.Column("settlement_id", t.ID), prefixes=["TEMPORARY"])

_S, _N, _C, _L = t.SETTLEMENTS.c, TONIGHT.c, t.CONTRIBUTIONS.c, t.LIVE.c
_COUNTER = ("counter", "year", "month", "scope")


class Standing:
    """Reads the ledger as it stands, in the caller's transaction.

    The versions are to be read first: what changes after them is noticed when the night posts.

    Args:
        tonight: the columns of TONIGHT.
    """

    def __init__(self, connection: sa.Connection, tonight: pl.DataFrame) -> None:
        self._connection = connection
        make_temporary(connection, TONIGHT)
        insert_frame(connection, TONIGHT, tonight)
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("ANALYZE tonight"))

    def years(self) -> pl.DataFrame:
        """Return STANDING_YEARS of the persons."""
        query = _of_persons(t.PERSON_YEARS, t.PERSON_YEARS.columns)
        return read_frame(self._connection, query, standing.STANDING_YEARS.schema)

    def known(self) -> pl.DataFrame:
        """Return KNOWN: the settlements that claims repeat, name, or share a visit with."""
        named = [_S.settlement_id == _N.settlement_id, _S.settlement_id == _N.original_id]
        live = sa.select(_L.settlement_id)
        shares = (
            sa.select(_L.settlement_id)
            .join(TONIGHT, sa.and_(*(_L[name] == _N[name] for name in _VISIT)))
            .distinct()
        )
        columns = (
            _S.settlement_id, _S.institution_id, _S.visit_id, _S.segment, _S.person_id,
            _S.total_fen, _S.settlement_id.in_(live),
        )  # fmt: skip
        queries = [
            *(sa.select(*columns).join_from(TONIGHT, t.SETTLEMENTS, same) for same in named),
            sa.select(*columns).where(_S.settlement_id.in_(shares)),
        ]
        found = sa.union(*queries).subquery()
        billed = sa.select(found).where(found.c.visit_id.is_not(None))
        return read_frame(self._connection, billed, KNOWN.schema).sort("settlement_id")

    def posted(self) -> pl.DataFrame:
        """Return POSTED_ONLINE: the claims that came online and that the ledger settled itself."""
        query = (
            sa.select(_S.settlement_id, sa.literal(HOLDER) + _S.settlement_id)
            .join_from(TONIGHT, t.SETTLEMENTS, _S.settlement_id == _N.settlement_id)
            .where(_N.online)
            .distinct()
        )
        return read_frame(self._connection, query, standing.POSTED_ONLINE.schema)

    def declared(self) -> pl.DataFrame:
        """Return DECLARED of the persons."""
        c = FILINGS.c
        referred = sa.case((c.transaction == REFERRAL, int(Filing.TRANSFER)))
        columns = (
            c.person_id, c.region, c.insurance, referred, c.care_region, c.institution_id,
            c.disease_code, c.valid_from, c.valid_to,
        )  # fmt: skip
        query = _of_persons(FILINGS, columns).where(~c.cancelled).order_by(c.filing_id)
        return read_frame(self._connection, query, standing.DECLARED.schema)

    def sent(self) -> pl.DataFrame:
        """Return SENT_BEFORE: the messages whose ids claims of tonight bear too."""
        following = sa.func.max(_S.number) + 1
        came = sa.and_(
            t.MESSAGES.c.sender_id == _S.sender_id, t.MESSAGES.c.message_id == _S.message_id
        )
        same = sa.and_(_S.sender_id == _N.institution_id, _S.message_id == _N.message_id)
        query = (
            sa.select(_S.sender_id, _S.message_id, following, sa.exists().where(came))
            .join_from(TONIGHT, t.SETTLEMENTS, same)
            .group_by(_S.sender_id, _S.message_id)
        )
        void = (
            sa.select(t.MESSAGES.c.sender_id, t.MESSAGES.c.message_id, sa.literal(0), sa.true())
            .join_from(
                TONIGHT,
                t.MESSAGES,
                sa.and_(
                    t.MESSAGES.c.sender_id == _N.institution_id,
                    t.MESSAGES.c.message_id == _N.message_id,
                ),
            )
            .where(t.MESSAGES.c.verb == VOID)
        )
        return read_frame(
            self._connection,
            sa.select(query.union_all(void).subquery()),
            standing.SENT_BEFORE.schema,
        )

    def counters(self) -> pl.DataFrame:
        """Return STANDING_COUNTERS of the persons, and of claims posted online as they met them."""
        k = t.COUNTERS.c
        columns = (k.person_id, k.region, k.scheme, *(k[name] for name in _COUNTER), k.value)
        query = _of_persons(t.COUNTERS, columns)
        later = t.SETTLEMENTS.alias("later")
        since = (
            sa.select(sa.func.sum(_C.gain))
            .join_from(later, t.CONTRIBUTIONS, later.c.settlement_id == _C.settlement_id)
            .where(*_same_scheme(later.c, k), later.c.version >= _S.version)
            .where(*(_C[name] == k[name] for name in _COUNTER))
            .scalar_subquery()
        )
        met = sa.cast(k.value - sa.func.coalesce(since, 0), sa.BigInteger)
        holder = sa.literal(HOLDER) + _S.settlement_id
        before = (
            sa.select(holder, *columns[1:-1], met)
            .join_from(TONIGHT, t.SETTLEMENTS, _S.settlement_id == _N.settlement_id)
            .join(t.COUNTERS, sa.and_(*_same_scheme(_S, k)))
            .where(_N.online)
        )
        schema = standing.STANDING_COUNTERS.schema
        frames = [read_frame(self._connection, one, schema) for one in (query, before)]
        return pl.concat(frames)

    def recalled(self) -> pl.DataFrame:
        """Return RECALLED: what refunds of tonight may undo, in the order of its making.

        Of a person who has a refund all live settlements, of a refund posted online its original.
        """
        refunding = sa.select(_N.person_id).where(_N.refund, sa.not_(_N.online)).distinct()
        live = sa.select(_L.settlement_id)
        undo = t.SETTLEMENTS.alias("undo")
        names = [column.name for column in standing.RECALLED.columns[1:]]
        columns = [_S[name] for name in names]
        queries = [
            sa.select(_S.person_id, *columns).where(
                _S.person_id.in_(refunding), _S.settlement_id.in_(live), _S.visit_id.is_not(None)
            ),
            sa.select(sa.literal(HOLDER) + undo.c.settlement_id, *columns)
            .join_from(TONIGHT, undo, undo.c.settlement_id == _N.settlement_id)
            .join(t.SETTLEMENTS, _S.settlement_id == undo.c.reverses)
            .where(_N.online),
        ]
        schema = standing.RECALLED.schema
        frames = [read_frame(self._connection, one, schema) for one in queries]
        return pl.concat(frames).sort("person_id", "version", "settlement_id")

    def feeds(self, recalled: pl.DataFrame) -> pl.DataFrame:
        """Return RECALLED_FEEDS of recalled settlements."""
        make_temporary(self._connection, NAMED)
        insert_frame(self._connection, NAMED, recalled.select("settlement_id").unique())
        columns = (_C.settlement_id, *(_C[name] for name in _COUNTER), _C.gain)
        query = sa.select(*columns).join_from(
            NAMED, t.CONTRIBUTIONS, _C.settlement_id == NAMED.c.settlement_id
        )
        return read_frame(self._connection, query, standing.RECALLED_FEEDS.schema)


_VISIT = ("institution_id", "visit_id", "segment")


def _of_persons(table: sa.Table, columns: Iterable[sa.ColumnElement[Any]]) -> sa.Select[Any]:
    persons = sa.select(_N.person_id).distinct().subquery("persons")
    return sa.select(*columns).join_from(persons, table, table.c.person_id == persons.c.person_id)


def _same_scheme(one: Any, other: Any) -> list[sa.ColumnElement[bool]]:
    return [one[name] == other[name] for name in ("person_id", "region", "scheme")]
