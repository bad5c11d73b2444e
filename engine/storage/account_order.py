"""What of an account a settlement may not draw on, when it is made anew in its old place.

A cascade settles later claims again. What came into the account after a claim was first settled was
not there for it, and what has been drawn since by claims that stand is gone.
"""

from collections.abc import Collection, Iterable, Sequence

import sqlalchemy as sa

from engine.claims.columns import UFEN
from engine.policy.packer import ACCOUNTS
from engine.settlement.facts import place_of
from engine.storage import ledger_tables as t
from engine.storage.ledger_state import Moved, Posted, Year, outlasting


def read_moved(connection: sa.Connection, years: Iterable[Year]) -> dict[Year, list[Moved]]:
    """Return what settlements have moved in the accounts, by the year that outlasts all."""
    persons = list({year[:3] for year in years})
    found: dict[Year, list[Moved]] = {}
    for row in connection.execute(_MOVED, {"persons": persons}) if persons else ():
        order = place_of(row.facts).order or row.version
        one = Moved(row.settlement_id, row.reverses, order, ACCOUNTS.index(row.counter), row.gain)
        year = outlasting(Year(row.person_id, row.region, row.scheme, row.year))
        found.setdefault(year, []).append(one)
    return found


def moved_by(posted: Posted, account: str, gain: int) -> Moved:
    """Return what a settlement of this batch moves in an account, by the name of its counter."""
    at = ACCOUNTS.index(account)
    return Moved(posted.settlement_id, posted.reverses, order_of(posted), at, gain)


def order_of(posted: Posted) -> int:
    """Return the version under which a claim was settled first, however often anew."""
    return place_of(posted.facts).order or posted.version


def withheld_fen(moved: Sequence[Moved], order: int, undone: Collection[str]) -> tuple[int, ...]:
    """Return how much of each account is not open to a claim in its old place.

    With so much left in it, the account would have held what was drawn from it at that place and
    at every later one, by all that stands.

    Args:
        moved: what was moved in the person's accounts.
        order: the place.
        undone: the settlements that are undone with it.
    """
    gone = {*undone, *(one.reverses for one in moved)}
    later = [
        one
        for one in moved
        if one.order > order and one.reverses is None and one.settlement_id not in gone
    ]
    came, held = [0] * len(ACCOUNTS), [0] * len(ACCOUNTS)
    for one in sorted(later, key=lambda one: -one.order):
        came[one.account] += one.gain
        held[one.account] = max(held[one.account], came[one.account])
    return tuple(ufen // UFEN for ufen in held)


_S, _C = t.SETTLEMENTS.c, t.CONTRIBUTIONS.c
_MOVED = (
    sa.select(
        _S.settlement_id, _S.reverses, _S.version, _S.facts, _C.counter, _C.gain,
        _S.person_id, _S.region, _S.scheme, _S.year,
    )
    .join_from(t.SETTLEMENTS, t.CONTRIBUTIONS, _S.settlement_id == _C.settlement_id)
    .where(
        sa.tuple_(_S.person_id, _S.region, _S.scheme).in_(
            sa.bindparam("persons", expanding=True)
        ),
        _C.counter.in_(ACCOUNTS),
    )
)  # fmt: skip
