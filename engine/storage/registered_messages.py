"""What registers say, for one message: facts of its claim, and messages of what is due."""

import hashlib
import json
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
import sqlalchemy as sa

from engine.claims.columns import UFEN, Event, EventKind, Ints
from engine.claims.keys import content_key
from engine.errors import ClaimError
from engine.periods import Period
from engine.policy.compiler import CompiledBook
from engine.policy.packer import BALANCE, FAMILY, TAKEN
from engine.settlement.entitlement import Cover
from engine.settlement.registered import mark_closed, mark_registered
from engine.storage.entitled import Entitled
from engine.storage.ledger_tables import COUNTERS
from engine.storage.messages import Message, Verb
from engine.storage.reference import ReferenceData
from engine.storage.register_events import (
    DAY_SECONDS,
    TAKEN_BEFORE,
    Window,
    closed_of,
    due_facts,
    events_of_due,
    held_registrations,
)
from engine.storage.registers import WHOSE, Registers

REGISTER = "register"
"""Sender of what the bureau's registers bring."""


def marked_message(book: CompiledBook, reference: ReferenceData, message: Message) -> Message:
    """Return a message whose claim notes what the registers hold of it, as the night does."""
    registers = reference.registers
    message = Entitled(_covers(reference, message.person_id), {}, None).with_wait(book, message)
    event = message.event
    if event is None or event[Event.KIND] != EventKind.CLAIM:
        return message
    events = event.reshape(1, -1)
    if registers.registrations_by_person is not None:
        mine = registers.registrations_by_person.frame(message.person_id)
        if not mine.is_empty():
            persons = np.full(len(mine), event[Event.PERSON])
            mark_registered(book, events, held_registrations(book, mine, persons))
    mark_closed(events, _closed(book, registers))
    return message


def _covers(reference: ReferenceData, person: str) -> dict[tuple[str, str, int], list[Cover]]:
    """Return a person's covers by person, region and insurance, ascending."""
    key = (*WHOSE, "valid_from")
    terms = reference.registers.cover_terms_by_person.rows(person)
    enrolled = {tuple(row[name] for name in key): row["enrolled_from"] for row in terms}
    found: dict[tuple[str, str, int], list[Cover]] = {}
    for row in reference.covers(person):
        whose = (person, row["region"], row["insurance"])
        period = Period(row["cover_from"], row["cover_to"])
        one = Cover(period, enrolled.get((*whose, row["cover_from"])))
        found.setdefault(whose, []).append(one)
    return found


@lru_cache(maxsize=2)
def _closed(book: CompiledBook, registers: Registers) -> Ints:
    return closed_of(book, registers.closed_years)


def due_messages(
    connection: sa.Connection,
    book: CompiledBook,
    registers: Registers,
    covers: pl.DataFrame,
    now: int,
) -> list[Message]:
    """Return messages of the facts of one person that are due and that the ledger has not taken.

    Args:
        connection: of the transaction that will post them.
        book: the policies.
        registers: what there is.
        covers: PERSONS_READ of the person.
        now: seconds from 1970-01-01 in local time.

    Raises:
        ClaimError: `account_overdrawn`, a register takes more from an account than it holds.
    """
    if covers.is_empty():
        return []
    person = covers["person_id"][0]
    today = now // DAY_SECONDS
    taken = _counters(connection, book, person, TAKEN)
    due = due_facts(book, registers, covers, taken, Window(today, today))
    _check_left(connection, book, due, person)
    events = events_of_due(book, due, content_key(person))
    messages = []
    for row, event in zip(due.iter_rows(named=True), events, strict=True):
        before = taken.filter(scheme=row["scheme"], account=row["account"])["value"].to_list()
        fact = json.dumps([row, before], sort_keys=True).encode()
        name = hashlib.sha256(fact).hexdigest()
        messages.append(Message(REGISTER, name, Verb.SETTLE, person, name, now, event))
    return messages


def _check_left(
    connection: sa.Connection, book: CompiledBook, due: pl.DataFrame, person: str
) -> None:
    """Check that no account would hold less than nothing."""
    for row in due.filter(pl.col("amount_fen") < 0).iter_rows(named=True):
        name = (BALANCE, *FAMILY)[row["account"]]
        held = _counters(connection, book, person, name).filter(scheme=row["scheme"])
        if int(held["value"].sum()) // UFEN + row["amount_fen"] < 0:
            raise ClaimError(
                "account_overdrawn",
                "参保库从个人账户转出的金额大于账户余额，未作任何处理；请经办机构核对账户划转记录",
                "the registers take more out of an account than it holds, nothing was done; the "
                "agency is to check the account's entries",
            )


def _counters(
    connection: sa.Connection, book: CompiledBook, person: str, name: str
) -> pl.DataFrame:
    """Return what the ledger holds of one counter of a person, columns TAKEN_BEFORE."""
    c = COUNTERS.c
    query = sa.select(c.region, c.scheme, c.scope, c.value).where(
        c.person_id == person, c.counter == name
    )
    rows: list[tuple[Any, ...]] = []
    for region, scheme, scope, value in connection.execute(query):
        at = book.book.index(region, scheme)
        if at is not None:
            rows.append((person, at, scope, value))
    return pl.DataFrame(rows, schema=TAKEN_BEFORE, orient="row")
