"""The roles that officers hold: granted and withdrawn by others, each with its audit record."""

import json
from datetime import date

import sqlalchemy as sa

from engine.cases.life_cycle import CaseEvent
from engine.cases.roles import KIND, check_grant, check_role, held
from engine.storage.case_tables import CASE_EVENTS
from engine.storage.cases import CaseKey, Officer, add_event, name_case, read_events
from engine.storage.database import Database


def change_role(
    database: Database, event: str, name: str, role: str, by: Officer
) -> frozenset[str]:
    """Grant a role to an officer, or withdraw it; return the roles that the officer then holds.

    Args:
        event: `granted` or `withdrawn`.
        name: the officer's, as `--by` names officers.

    Raises:
        CaseError: as `engine.cases.roles.check_grant` says.
    """
    key = CaseKey(KIND, name)
    told = CaseEvent(event, by.on, by.name, {"role": role, "person": name, "region": ""})
    with database.transaction() as connection:
        before = read_events(connection, key) if _events(connection, name) else []
        check_grant(before, told)
        write = add_event if before else name_case
        write(connection, key, told, by.at)
        return held([*before, told])


def roles_of(connection: sa.Connection, name: str) -> frozenset[str]:
    """Return the roles that an officer holds; none, for one whom nobody has granted any."""
    return held(_events(connection, name))


def check_officer(connection: sa.Connection, officer: Officer, kind: str, event: str) -> None:
    """Check that an officer holds the role that a step asks for.

    Raises:
        CaseError: `not_of_the_role`.
    """
    check_role(roles_of(connection, officer.name), officer.name, (kind, event))


def _events(connection: sa.Connection, name: str) -> list[CaseEvent]:
    c = CASE_EVENTS.c
    query = sa.select(c.event, c.on, c.actor, c.content).where(c.kind == KIND, c.case_id == name)
    return [
        CaseEvent(row.event, date.fromisoformat(row.on), row.actor, json.loads(row.content))
        for row in connection.execute(query.order_by(c.number))
    ]
