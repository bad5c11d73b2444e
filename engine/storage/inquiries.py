"""Inquiries in the ledger: each step by a named officer, each with its audit record."""

from collections.abc import Mapping
from typing import Any

from engine.cases.inquiry import KIND, Inquiry, fold, follow
from engine.cases.life_cycle import CaseEvent
from engine.errors import InvariantError
from engine.storage.cases import CaseKey, Officer, add_event, open_case, read_events
from engine.storage.database import Database


def begin(database: Database, officer: Officer, said: Mapping[str, Any]) -> CaseKey:
    """Open an inquiry and return its name.

    Args:
        said: `subject_kind` person or provider, `subject`, `region`, `class`, and `findings`, the
            settlements or findings that it rests on.

    Raises:
        CaseError: as `engine.cases.inquiry.follow` says.
    """
    person = said["subject"] if said["subject_kind"] == "person" else ""
    content = {**said, "person": person}
    event = CaseEvent("opened", officer.on, officer.name, content)
    follow(None, event)
    with database.transaction() as connection:
        return open_case(connection, KIND, "Q", event, officer.at)


def read(database: Database, case_id: str) -> tuple[Inquiry, list[CaseEvent]]:
    """Return where an inquiry stands, and all its events.

    Raises:
        StorageError: `unknown_case`.
    """
    with database.transaction() as connection:
        events = read_events(connection, CaseKey(KIND, case_id))
    return _folded(events), events


def step(
    database: Database, case_id: str, name: str, officer: Officer, said: Mapping[str, Any]
) -> Inquiry:
    """Take a step of an inquiry.

    Raises:
        CaseError: as `engine.cases.inquiry.follow` says.
        StorageError: `unknown_case`.
    """
    event = CaseEvent(name, officer.on, officer.name, dict(said))
    key = CaseKey(KIND, case_id)
    with database.transaction() as connection:
        after = follow(_folded(read_events(connection, key)), event)
        add_event(connection, key, event, officer.at)
    return after


def _folded(events: list[CaseEvent]) -> Inquiry:
    inquiry = fold(events)
    if inquiry is None:
        message = "an inquiry has no events"
        raise InvariantError(message)
    return inquiry
