"""Set-off against a personal account: what a person owes is taken out of the person's own one."""

import hashlib

import numpy as np
import sqlalchemy as sa

from engine.cases.life_cycle import CaseEvent
from engine.cases.recovery_case import KIND, LIFE, Recovery, follow
from engine.claims.columns import EVENT_WIDTH, NONE, UFEN, Event, EventKind
from engine.claims.keys import content_key
from engine.errors import CaseError, ClaimError
from engine.ledger.postings import Purse
from engine.ledger.recovery import Available, SetOff, set_off, set_off_posting
from engine.periods import day_number
from engine.policy.compiler import CompiledBook
from engine.policy.packer import BALANCE
from engine.settlement.settle import located
from engine.storage.audit import canonical
from engine.storage.case_steps import lock_case
from engine.storage.cases import CaseKey, Officer, add_event, write_postings
from engine.storage.database import Database
from engine.storage.ledger_tables import COUNTERS
from engine.storage.messages import Message, Verb
from engine.storage.night_posting import lock_persons
from engine.storage.posting import post_within
from engine.storage.recoveries import posting_heading

SENDER = "recovery"
"""Sender of the messages that take a set-off out of an account."""

DAY_SECONDS = 86_400


def set_off_account(
    database: Database, book: CompiledBook, case_id: str, officer: Officer
) -> Recovery:
    """Set what a person owes off against the person's own account, as far as it goes.

    Settlements and all that a year has used up stay as they are; only the balance falls.

    Raises:
        CaseError: `nothing_to_set_off`, the account is empty, the debtor is somebody else, or it
            is the injury fund that is owed; `same_person`, who proposed the recovery does not
            take it out of the account; `event_order`; `month_closed`.
        ClaimError: `no_policy`, the book has no scheme that the account belongs to.

    Source: 经办条例 art. 46
    """
    with database.transaction() as connection:
        before, events = lock_case(connection, LIFE, case_id)
        if officer.name == before.proposed.actor:
            raise _same_person(officer)
        lock_persons(connection, sa.select(sa.literal(before.debt.person)))
        held = _held(connection, before)
        taken = _taken(before, sum(held.values()), case_id)
        said = {"account_fen": taken.account_fen, "amount_fen": taken.account_fen}
        event = CaseEvent("set_off", officer.on, officer.name, said)
        after = follow(before, event)
        heading = posting_heading(before, case_id, len(events), officer)
        debits = _debits(book, before, held, taken.account_fen)
        messages = [
            _message(book, (before.debt.person, f"{heading.posting_id}:{k}"), debit, officer)
            for k, debit in enumerate(debits)
        ]
        for answer in post_within(connection, book, messages, officer.at):
            if isinstance(answer, ClaimError):
                raise answer
        add_event(connection, CaseKey(KIND, case_id), event, officer.at)
        write_postings(connection, [set_off_posting(heading, taken)])
        return after


def _held(connection: sa.Connection, recovery: Recovery) -> dict[str, int]:
    """Return what the debtor's own accounts hold in the region, by scheme, in fen."""
    c = COUNTERS.c
    query = sa.select(c.scheme, c.value).where(
        c.person_id == recovery.debt.person,
        c.region == recovery.proposed.content["region"],
        c.counter == BALANCE,
        c.value >= UFEN,
    )
    return {row.scheme: row.value // UFEN for row in connection.execute(query)}


def _taken(recovery: Recovery, held_fen: int, case_id: str) -> SetOff:
    debt = recovery.debt
    taken = None
    # The injury authority's ledger holds its own fund alone, and no account money.
    if debt.debtor == debt.person and not debt.owed.get(Purse.INJURY):
        taken = set_off(debt, Available({}, held_fen))
    if taken is None:
        raise CaseError(
            "nothing_to_set_off",
            f"追回 {case_id} 没有可从本人个人账户抵扣的金额；请收款或抵扣手工申领",
            f"nothing of {case_id} can be taken out of the debtor's own account; take a payment, "
            "or set it off against a claim by hand",
        )
    return taken


def _debits(
    book: CompiledBook, recovery: Recovery, held: dict[str, int], amount_fen: int
) -> list[tuple[int, int]]:
    """Return what each account pays, one after the other: position of its scheme, and fen."""
    region: str = recovery.proposed.content["region"]
    debits: list[tuple[int, int]] = []
    for scheme, fen in sorted(held.items()):
        part_fen = min(fen, amount_fen)
        amount_fen -= part_fen
        at = book.book.index(region, scheme)
        if at is None:
            raise ClaimError(
                "no_policy",
                f"没有区划 {region} 险种 {scheme} 的政策，不能从其个人账户抵扣",
                f"there is no policy for region {region} and scheme {scheme}, whose account this "
                "is",
            )
        if part_fen:
            debits.append((at, part_fen))
    return debits


def _message(
    book: CompiledBook, whose: tuple[str, str], debit: tuple[int, int], officer: Officer
) -> Message:
    """Return the message of a debit: position of a scheme, and fen that its account pays.

    Args:
        whose: the person, and the name of the message.
    """
    (person, name), (scheme, amount_fen) = whose, debit
    event = np.full(EVENT_WIDTH, NONE, dtype=np.int64)
    event[Event.AMOUNT :] = 0
    event[Event.FLAGS] = 0
    event[Event.PERSON] = content_key(person)
    event[Event.KIND] = EventKind.ACCOUNT_CREDIT
    event[Event.SCHEME] = scheme
    event[Event.SETTLED_DAY] = day_number(officer.on)
    event[Event.ORDER_TIME] = day_number(officer.on) * DAY_SECONDS
    event[Event.AMOUNT] = -amount_fen
    said = {"recovery": name, "amount_fen": amount_fen}
    body = hashlib.sha256(canonical(said).encode()).hexdigest()
    event = located(book, event[None, :])[0]
    return Message(SENDER, name, Verb.SETTLE, person, body, int(event[Event.ORDER_TIME]), event)


def _same_person(officer: Officer) -> CaseError:
    return CaseError(
        "same_person",
        f"{officer.name} 提出此项追回，须由他人从个人账户抵扣",
        f"{officer.name} has proposed it; another person takes it out of the account",
    )
