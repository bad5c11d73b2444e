"""What must hold over the ledger, asserted over all of it or over the persons of a night."""

import sqlalchemy as sa

from engine.codes.enums import Fund
from engine.errors import ensure
from engine.ledger.postings import AccountKind
from engine.storage import ledger_tables as t
from engine.storage.case_tables import POSTING_LEGS
from engine.storage.ledger_state import OUTLASTING
from engine.storage.messages import VOID

NIGHT = "night:"
"""What the ids of postings begin with that sum a night up by day and institution."""

_OF_NIGHTS = POSTING_LEGS.c.posting_id.startswith(NIGHT)
PERSONS_MAX = 20_000
"""Of how many persons a night looks at all that was ever posted; `jiesuan db check` has no end."""


def check_ledger(connection: sa.Connection, persons: sa.Select[tuple[str]] | None = None) -> None:
    """Check that nothing was lost, made up or counted twice since the ledger was opened.

    Args:
        connection: what it reads is checked.
        persons: whose rows are looked at; None for everybody's.

    Raises:
        InvariantError: it names what does not hold.

    Source: 经办条例 art. 35, 41
    """
    check = _Check(connection, persons)
    ensure(not check.unbalanced(), "the legs of a purse do not sum to zero")
    ensure(not check.counters_astray(), "a counter is not the sum of what was added to it")
    ensure(not check.live_astray(), "a live settlement is undone, or one that stands is not")
    ensure(not check.reversals_astray(), "a reversal is not the opposite of what it undoes")
    ensure(not check.versions_astray(), "a person's last settlement has another number")
    if persons is None:
        ensure(not check.void_settled(), "a message reversed before it came has settled something")
        ensure(not check.funds_astray(), "what a fund spent is not what settlements say")


def count_rows(connection: sa.Connection) -> dict[str, int]:
    """Return how many settlements, live visits, counters and contributions there are."""
    tables = {
        "settlements": t.SETTLEMENTS,
        "live": t.LIVE,
        "counters": t.COUNTERS,
        "contributions": t.CONTRIBUTIONS,
    }
    counts = {name: sa.select(sa.func.count()).select_from(of) for name, of in tables.items()}
    return {name: int(connection.scalar(query) or 0) for name, query in counts.items()}


class _Check:
    def __init__(self, connection: sa.Connection, persons: sa.Select[tuple[str]] | None) -> None:
        self._connection = connection
        self._persons = persons

    def _of(self, person: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        return sa.true() if self._persons is None else person.in_(self._persons)

    def unbalanced(self) -> bool:
        """Return whether a purse's legs do not sum to zero."""
        c = t.LEGS.c
        sums = sa.select(c.purse).group_by(c.purse).having(sa.func.sum(c.amount_fen) != 0)
        if self._persons is not None:
            sums = sums.join_from(t.LEGS, t.SETTLEMENTS).where(self._of(t.SETTLEMENTS.c.person_id))
        return self._any(sums)

    def counters_astray(self) -> bool:
        """Return whether a counter differs from the sum of its contributions."""
        c, s, k = t.CONTRIBUTIONS.c, t.SETTLEMENTS.c, t.COUNTERS.c
        key = (s.person_id, s.region, s.scheme, c.counter, c.year, c.month, c.scope)
        added = (
            sa.select(*key, c.gain.label("value"), sa.literal(0).label("held"))
            .join_from(t.CONTRIBUTIONS, t.SETTLEMENTS)
            .where(self._of(s.person_id))
        )
        names = [column.name for column in key]
        held = sa.select(*(k[name] for name in names), -k.value, sa.literal(1)).where(
            self._of(k.person_id)
        )
        both = sa.union_all(added, held).subquery().c
        # A counter has one row, be it of zero, and something was added to it.
        same = sa.and_(
            sa.func.sum(both.value) == 0, sa.func.sum(both.held) == 1, sa.func.count() > 1
        )
        grouped = sa.select(both.person_id).group_by(*(both[name] for name in names))
        return self._any(grouped.having(sa.not_(same)))

    def live_astray(self) -> bool:
        """Return whether what is live is not what was settled and not undone."""
        s, live = t.SETTLEMENTS.c, t.LIVE.c
        undoing = t.SETTLEMENTS.alias("undoing").c
        undone = sa.exists().where(undoing.reverses == s.settlement_id)
        listed = sa.exists().where(live.settlement_id == s.settlement_id)
        mine = sa.select(s.settlement_id).where(self._of(s.person_id))
        lost = mine.where(s.visit_id.is_not(None), s.reverses.is_(None), ~undone, ~listed)
        dead = mine.where(listed, sa.or_(undone, s.reverses.is_not(None)))
        return self._any(lost) or self._any(dead)

    def reversals_astray(self) -> bool:
        """Return whether an amount of a reversal is not the exact negative of its original's."""
        s, undone = t.SETTLEMENTS.c, t.SETTLEMENTS.alias("undone").c
        differs = sa.or_(*(s[name] != -undone[name] for name in (*t.AMOUNTS, *t.LAYER_PAID)))
        query = sa.select(s.settlement_id).where(self._of(s.person_id), differs)
        return self._any(query.where(s.reverses == undone.settlement_id))

    def versions_astray(self) -> bool:
        """Return whether a person's version is not that of the last settlement of all years."""
        s, y = t.SETTLEMENTS.c, t.PERSON_YEARS.c
        key = (s.person_id, s.region, s.scheme)
        last = sa.select(*key, sa.func.max(s.version)).where(self._of(s.person_id)).group_by(*key)
        held = sa.select(y.person_id, y.region, y.scheme, y.version).where(
            self._of(y.person_id), y.year == OUTLASTING, y.version > 0
        )
        return any(self._any(sa.except_(one, other)) for one, other in ((last, held), (held, last)))

    def funds_astray(self) -> bool:
        """Return whether settlements paid more or less of a fund than the legs of benefits say.

        Cases that change what a settlement paid post on other accounts.
        """
        s = t.SETTLEMENTS.c
        columns = [sa.func.coalesce(sa.func.sum(s[name]), 0) for name in t.FUNDS]
        paid = dict(zip(Fund, self._connection.execute(sa.select(*columns)).one(), strict=True))
        for legs, which in ((t.LEGS, sa.true()), (POSTING_LEGS, _OF_NIGHTS)):
            c = legs.c
            spent = sa.select(c.purse, sa.func.sum(c.amount_fen)).where(
                c.account == int(AccountKind.BENEFIT), which
            )
            for purse, fen in self._connection.execute(spent.group_by(c.purse)):
                paid[Fund(purse)] -= fen
        return any(paid.values())

    def void_settled(self) -> bool:
        """Return whether a message that was reversed before it came was carried out."""
        s, m = t.SETTLEMENTS.c, t.MESSAGES.c
        same = sa.and_(s.sender_id == m.sender_id, s.message_id == m.message_id)
        carried = sa.select(s.settlement_id).join_from(t.MESSAGES, t.SETTLEMENTS, same)
        return self._any(carried.where(m.verb == VOID))

    def _any(self, query: sa.Select[tuple[str]] | sa.CompoundSelect[tuple[str]]) -> bool:
        return self._connection.execute(query.limit(1)).first() is not None
