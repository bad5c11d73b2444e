"""How a case of any kind begins, is read and takes a step: whatever the kind, the same way."""

from typing import TypeVar

import sqlalchemy as sa

from engine.cases.life_cycle import CaseEvent, Life
from engine.storage.cases import CaseKey, add_event, open_case, read_events
from engine.storage.database import Database

Standing = TypeVar("Standing")


def begin(connection: sa.Connection, life: Life[Standing], event: CaseEvent, at: int) -> CaseKey:
    """Write the first event of a new case, once its kind allows it, and return its name.

    Args:
        connection: of a transaction.
        life: of its kind.
        event: says `person` and `region` in its content.
        at: now, in seconds of local time.

    Raises:
        CaseError: as the kind's `follow` says.
    """
    life.follow(None, event)
    return open_case(connection, life.kind, life.letter, event, at)


def read_case(
    database: Database, life: Life[Standing], case_id: str
) -> tuple[Standing, list[CaseEvent]]:
    """Return where a case stands, and all its events.

    Raises:
        StorageError: `unknown_case`.
    """
    with database.transaction() as connection:
        return lock_case(connection, life, case_id)


def lock_case(
    connection: sa.Connection, life: Life[Standing], case_id: str
) -> tuple[Standing, list[CaseEvent]]:
    """Lock a case and return where it stands, and all its events.

    Raises:
        StorageError: `unknown_case`.
    """
    events = read_events(connection, CaseKey(life.kind, case_id))
    return life.fold(events), events


def take_step(
    connection: sa.Connection, life: Life[Standing], case_id: str, event: CaseEvent, at: int
) -> Standing:
    """Write one more event of a case, once its kind allows it, and return where the case stands.

    Raises:
        CaseError: as the kind's `follow` says.
        StorageError: `unknown_case`.
    """
    before, _ = lock_case(connection, life, case_id)
    after = life.follow(before, event)
    add_event(connection, CaseKey(life.kind, case_id), event, at)
    return after
