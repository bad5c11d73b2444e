"""Inquiries in the ledger: each step by a named officer, each with its audit record."""

from collections.abc import Mapping
from typing import Any

from engine.cases.inquiry import LIFE, Inquiry
from engine.cases.life_cycle import CaseEvent
from engine.storage import case_steps
from engine.storage.cases import CaseKey, Officer
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
    with database.transaction() as connection:
        return case_steps.begin(connection, LIFE, event, officer.at)


def step(
    database: Database, case_id: str, name: str, officer: Officer, said: Mapping[str, Any]
) -> Inquiry:
    """Take a step of an inquiry.

    Raises:
        CaseError: as `engine.cases.inquiry.follow` says.
        StorageError: `unknown_case`.
    """
    event = CaseEvent(name, officer.on, officer.name, dict(said))
    with database.transaction() as connection:
        return case_steps.take_step(connection, LIFE, case_id, event, officer.at)
