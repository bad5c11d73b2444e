"""Claims of other regions, as the region of insurance keeps them: in its ledger, by claim id.

A claim that is undone before it arrived leaves a message that did nothing, so that the claim finds
its id taken and is not let in any more.
"""

import hashlib
import json
from typing import Any

import sqlalchemy as sa

from engine.errors import ClaimError
from engine.ledger.crossregion import Answered, Ask, Fate, Inquiry, Reversal, Split
from engine.policy.compiler import CompiledBook
from engine.storage.database import Database
from engine.storage.ledger_tables import AMOUNTS, MESSAGES, SETTLEMENTS
from engine.storage.messages import EPOCH, VOID, Message, Verb
from engine.storage.posting import Answer, post, preview

SENDER, AFTER_SENDERS = "region-", "region."
"""What the name of another region's agency begins with, before the region's code; and the first
text after all such names."""


def met(database: Database, sender_id: str, ask: Ask) -> Answered | None:
    """Return the answer to a claim that was settled before, whatever has changed since; else None.

    Raises:
        ClaimError: `claim_undone`, it was undone; `message_differs`, it was another bill.
    """
    m = MESSAGES.c
    with database.reading() as connection:
        before = connection.scalar(
            sa.select(m.body_hash).where(m.sender_id == sender_id, m.message_id == ask.claim_id)
        )
    if before is None:
        return None
    known = inquire(database, sender_id, Inquiry(claim_id=ask.claim_id))
    if known.fate is not Fate.SETTLED:
        raise ClaimError(
            "claim_undone",
            f"申请 {ask.claim_id} 已被就医地撤销，不再受理；如需结算请以新的报文号发送",
            f"the claim {ask.claim_id} was undone by the region of care; use a new message id",
            claim=ask.claim_id,
        )
    if before != message_hash(ask):
        raise ClaimError(
            "message_differs",
            f"申请 {ask.claim_id} 已用于另一内容，未作任何处理",
            f"the claim {ask.claim_id} was used with another body, nothing was done",
            claim=ask.claim_id,
        )
    return known


def settle(database: Database, book: CompiledBook, message: Message, now: int) -> Answered:
    """Return the split of another region's claim, settled once.

    Args:
        database: of the region of insurance.
        book: its policies.
        message: the claim, under its id, with its care region.
        now: seconds of local time.

    Raises:
        ClaimError: it is refused and nothing changed.
    """
    [answer] = post(database, book, [message], now)
    return _told(message.message_id, answer)


def show(database: Database, book: CompiledBook, message: Message, now: int) -> Answered:
    """Return what a claim would come to, and change nothing."""
    [answer] = preview(database, book, [message], now)
    return _told(message.message_id, answer)


def reverse(
    database: Database, book: CompiledBook, sender_id: str, asked: Reversal, now: int
) -> Answered:
    """Return what became of a claim that another region undoes, whatever it was before.

    Raises:
        ClaimError: the settlement stands, by the policy's rule on undoing.
    """
    known = inquire(database, sender_id, Inquiry(claim_id=asked.claim_id))
    if known.fate not in {Fate.SETTLED, Fate.ABSENT}:
        return known
    message = Message(
        sender_id=sender_id,
        message_id=asked.reversal_id,
        verb=Verb.REVERSE_MESSAGE,
        person_id=asked.person_id,
        body_hash=hashlib.sha256(asked.model_dump_json().encode()).hexdigest(),
        settled_at=int((asked.settled_at.replace(tzinfo=None) - EPOCH).total_seconds()),
        original=asked.claim_id,
    )
    [answer] = post(database, book, [message], now)
    undone = inquire(database, sender_id, Inquiry(claim_id=asked.claim_id))
    if undone.fate is Fate.SETTLED and isinstance(answer, ClaimError):
        raise answer
    return undone


def inquire(database: Database, sender_id: str, asked: Inquiry) -> Answered:
    """Return what became of another region's claim; another sender's is absent."""
    m, s = MESSAGES.c, SETTLEMENTS.c
    with database.reading() as connection:
        verb = connection.scalar(
            sa.select(m.verb).where(m.sender_id == sender_id, m.message_id == asked.claim_id)
        )
        if verb is None:
            return Answered(claim_id=asked.claim_id, fate=Fate.ABSENT)
        if verb == VOID:
            return Answered(claim_id=asked.claim_id, fate=Fate.VOID)
        row = connection.execute(
            sa.select(SETTLEMENTS).where(
                s.sender_id == sender_id, s.message_id == asked.claim_id, s.number == 0
            )
        ).one()
        undone = sa.select(s.settlement_id).where(s.reverses == row.settlement_id)
        fate = Fate.SETTLED if connection.scalar(undone) is None else Fate.REVERSED
    amounts = {name: int(getattr(row, name)) for name in AMOUNTS}
    return Answered(claim_id=asked.claim_id, fate=fate, split=_split(amounts))


def message_hash(ask: Ask) -> str:
    """Return the hash by which a claim that is sent again is known to be the same."""
    return hashlib.sha256(ask.model_dump_json().encode()).hexdigest()


def _told(claim_id: str, answer: Answer) -> Answered:
    if isinstance(answer, ClaimError):
        raise answer
    [settled] = json.loads(answer)["settlements"]
    return Answered(claim_id=claim_id, fate=Fate.SETTLED, split=_split(settled))


def _split(amounts: dict[str, Any]) -> Split:
    return Split(**{name: amounts[name] for name in Split.model_fields})
