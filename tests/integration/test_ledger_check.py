"""A ledger that was tampered with, or that a bug has bent, is caught over the whole of it."""

import pytest
import sqlalchemy as sa

from engine.errors import InvariantError
from engine.storage import ledger_tables as t
from engine.storage.database import Database
from engine.storage.ledger_check import check_ledger
from tests.ledger_world import ask, settled_as, stay, undo

LEG = {"settlement_id": "S", "number": 0, "account": 1, "purse": 0, "party": "", "amount_fen": 1}
BENT = {
    "a counter": sa.update(t.COUNTERS).values(value=t.COUNTERS.c.value + 1),
    "a counter that is gone": sa.delete(t.COUNTERS).where(t.COUNTERS.c.counter == "stays"),
    "a counter that nothing was added to": sa.insert(t.COUNTERS).values(
        person_id="P1", region="610100", scheme="employee", counter="nothing", year=2024, month=0,
        scope=0, value=0, version=1,
    ),
    "a settlement that is no longer live": sa.delete(t.LIVE),
    "an undone settlement that is live": sa.insert(t.LIVE).values(
        institution_id="H1", visit_id="V9", segment=1, settlement_id=settled_as(2)
    ),
}  # fmt: skip


def used(database: Database) -> None:
    ask(database, stay(1), stay(2), undo(3, 2), stay(4, person_id="P2"))


def test_a_ledger_as_it_was_posted_holds(database: Database) -> None:
    used(database)
    with database.reading() as connection:
        check_ledger(connection)


@pytest.mark.parametrize("what", BENT)
def test_a_bent_ledger_does_not_hold(what: str, database: Database) -> None:
    used(database)
    with database.reading() as connection:
        connection.execute(BENT[what])
        with pytest.raises(InvariantError):
            check_ledger(connection)


def test_a_leg_without_its_opposite_does_not_hold(database: Database) -> None:
    used(database)
    with database.reading() as connection:
        connection.execute(sa.insert(t.LEGS), LEG)
        with pytest.raises(InvariantError, match="legs"):
            check_ledger(connection)


def test_a_settlement_of_a_message_that_was_reversed_before_it_came_does_not_hold(
    database: Database,
) -> None:
    used(database)
    assert ask(database, undo(9, 50, "reverse_message")) == ["message_unknown"]
    late = {"settlement_id": "late", "message_id": "M50", "year": 1999, "visit_id": None}
    copied = [sa.literal(late[c.name]) if c.name in late else c for c in t.SETTLEMENTS.c]
    first = sa.select(*copied).where(t.SETTLEMENTS.c.settlement_id == settled_as(1))
    with database.reading() as connection:
        check_ledger(connection)
        names = [column.name for column in t.SETTLEMENTS.c]
        connection.execute(sa.insert(t.SETTLEMENTS).from_select(names, first))
        with pytest.raises(InvariantError, match="reversed before it came"):
            check_ledger(connection)
