"""What must hold over the whole ledger, asserted every night: counters, legs, what is live."""

import sqlalchemy as sa

from engine.errors import ensure
from engine.storage import ledger_tables as t


def check_ledger(connection: sa.Connection) -> None:
    """Check that nothing was lost, made up or counted twice since the ledger was opened.

    Raises:
        InvariantError: it names what does not hold.

    Source: 经办条例 art. 35, 41
    """
    ensure(not _unbalanced(connection), "the legs of a purse do not sum to zero")
    ensure(not _counters_astray(connection), "a counter is not the sum of what was added to it")
    ensure(not _live_astray(connection), "a live settlement is undone, or one that stands is not")


def _unbalanced(connection: sa.Connection) -> bool:
    c = t.LEGS.c
    sums = sa.select(c.purse).group_by(c.purse).having(sa.func.sum(c.amount_fen) != 0)
    return connection.execute(sums.limit(1)).first() is not None


def _counters_astray(connection: sa.Connection) -> bool:
    c, s, k = t.CONTRIBUTIONS.c, t.SETTLEMENTS.c, t.COUNTERS.c
    key = (s.person_id, s.region, s.scheme, c.counter, c.year, c.month, c.scope)
    added = (
        sa.select(*key, sa.cast(sa.func.sum(c.gain), sa.BigInteger).label("value"))
        .join_from(t.CONTRIBUTIONS, t.SETTLEMENTS)
        .group_by(*key)
    )
    held = sa.select(k.person_id, k.region, k.scheme, k.counter, k.year, k.month, k.scope, k.value)
    return any(
        connection.execute(sa.except_(one, other).limit(1)).first() is not None
        for one, other in ((added, held), (held, added))
    )


def _live_astray(connection: sa.Connection) -> bool:
    s = t.SETTLEMENTS.c
    undone = sa.select(s.reverses).where(s.reverses.is_not(None))
    stands = sa.select(s.settlement_id).where(
        s.visit_id.is_not(None), s.reverses.is_(None), s.settlement_id.not_in(undone)
    )
    live = sa.select(t.LIVE.c.settlement_id)
    billed = sa.select(s.settlement_id).where(
        s.settlement_id.in_(live), s.visit_id.is_not(None), s.settlement_id.not_in(undone)
    )
    lost = connection.execute(sa.except_(stands, billed).limit(1)).first()
    dead = connection.execute(live.where(t.LIVE.c.settlement_id.in_(undone)).limit(1)).first()
    return lost is not None or dead is not None
