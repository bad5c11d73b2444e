"""Answers to messages of the national form: the same message is answered by the same bytes."""

from collections.abc import Callable

import sqlalchemy as sa

from engine.errors import ClaimError
from engine.storage.attempts import in_one_transaction
from engine.storage.database import Database
from engine.storage.messages import VOID
from engine.storage.metadata import METADATA

EXCHANGES = sa.Table(
    "exchanges",
    METADATA,
    sa.Column("sender_id", sa.String(64), primary_key=True),
    sa.Column("message_id", sa.String(64), primary_key=True),
    sa.Column("transaction", sa.String(16), nullable=False),
    sa.Column("body_hash", sa.String(64), nullable=False),
    sa.Column("answer", sa.LargeBinary, nullable=False),
    sa.Column("answered_at", sa.BigInteger, nullable=False),
)

Key = tuple[str, str]
"""Sender and message id."""


def answered(connection: sa.Connection, key: Key, body_hash: str) -> bytes | None:
    """Return the bytes that answered a message, or None if it was not carried out.

    Raises:
        ClaimError: `message_differs`, it was carried out with another body; `message_void`, it was
            reversed before it came.
    """
    c = EXCHANGES.c
    row = connection.execute(
        sa.select(c.body_hash, c.answer).where(c.sender_id == key[0], c.message_id == key[1])
    ).one_or_none()
    if row is None:
        return None
    if row.body_hash == VOID:
        raise ClaimError(
            "message_void",
            "该报文在到达之前已被冲正，未作任何处理；如需办理请以新的报文号发送",
            "the message was reversed before it came, so nothing was done; send it with a new id",
            sender=key[0],
            message=key[1],
        )
    if row.body_hash != body_hash:
        raise ClaimError(
            "message_differs",
            "报文号已用于另一内容的报文，未作任何处理；请以新的报文号发送",
            "the message id was used with another body, nothing was done; send it with a new id",
            sender=key[0],
            message=key[1],
        )
    return bytes(row.answer)


def transaction_of(connection: sa.Connection, key: Key) -> str | None:
    """Return the number of the transaction that a message carried out, None for no such message.

    VOID if it was reversed before it came.
    """
    c = EXCHANGES.c
    query = sa.select(c.transaction).where(c.sender_id == key[0], c.message_id == key[1])
    number: str | None = connection.scalar(query)
    return number


def make_void(connection: sa.Connection, key: Key, now: int) -> None:
    """Let a message that never came not be carried out when it comes."""
    keep(connection, key, VOID, VOID, b"", now)


def keep(
    connection: sa.Connection, key: Key, transaction: str, body_hash: str, answer: bytes, now: int
) -> None:
    """Keep the answer to a message, in the transaction that carries it out."""
    connection.execute(
        sa.insert(EXCHANGES).values(
            sender_id=key[0],
            message_id=key[1],
            transaction=transaction,
            body_hash=body_hash,
            answer=answer,
            answered_at=now,
        )
    )


def carry_out(
    database: Database,
    key: Key,
    work: Callable[[sa.Connection], bytes],
    told: tuple[str, str, int],
) -> bytes:
    """Do a message's work and keep its answer in one transaction; once, however often it is sent.

    Args:
        key: of the message.
        work: what it asks for; it returns the answer.
        told: number of the transaction, hash of the body, now.

    Raises:
        ClaimError: `message_differs`, or what the work is refused for; nothing was done then.
        StorageError: `database_unavailable`, see `in_one_transaction`.
    """
    number, body_hash, now = told

    def once(connection: sa.Connection) -> bytes:
        before = answered(connection, key, body_hash)
        if before is not None:
            return before
        answer = work(connection)
        keep(connection, key, number, body_hash, answer, now)
        return answer

    # The same message twice at once breaks the key of the second, which then finds the first.
    return in_one_transaction(database, once)
