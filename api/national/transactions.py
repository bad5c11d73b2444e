"""Which transaction does what, and how each is carried out once."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from api.national import outpatient, persons, settling
from api.national.desk import Desk, Posting
from api.national.envelope import Call, answer
from engine.errors import ClaimError
from engine.storage.exchanges import answered, carry_out

Query = Callable[[Call, Desk], dict[str, Any]]
Change = Callable[[Call, Desk, sa.Connection], dict[str, Any]]
Post = Callable[[Call, Desk], Posting]

QUERIES: Mapping[str, Query] = MappingProxyType(
    {
        "9001": persons.sign_in,
        "9002": persons.sign_in,
        "1101": persons.person_information,
        "2001": persons.entitlement,
        "2206": settling.pre_settle,
        "5203": settling.query,
    }
)
"""Transactions that change nothing: asked twice they are answered anew."""

CHANGES: Mapping[str, Change] = MappingProxyType(
    {
        "2202": outpatient.cancel_registration,
        "2203": outpatient.diagnose,
        "2203A": outpatient.diagnose,
        "2204": outpatient.send_lines,
        "2205": outpatient.remove_lines,
    }
)
"""Transactions that change a visit, in one database transaction with the answer that is kept."""

POSTINGS: Mapping[str, Post] = MappingProxyType(
    {
        "2201": outpatient.register,
        "2207": settling.settle,
        "2208": settling.cancel,
        "2601": settling.reverse,
    }
)
"""Transactions that the ledger posts under the same message id, before their answer is kept.

Killed in between, the same message finds its posting done and goes on from there.
"""

SUPPORTED = tuple(sorted({*QUERIES, *CHANGES, *POSTINGS}))


def carried_out(call: Call, desk: Desk) -> bytes:
    """Carry out a call and return the bytes that answer it.

    Raises:
        ClaimError: it is refused; nothing was done and nothing is remembered.
        StorageError: the database is not available; to send the very same again is safe.
    """
    number = call.transaction
    if number in QUERIES:
        return answer(call, QUERIES[number](call, desk))
    key, told = (call.institution_id, call.message_id), (number, call.body_hash, call.now)
    if number in CHANGES:
        change = CHANGES[number]
        return carry_out(desk.database, key, lambda c: answer(call, change(call, desk, c)), told)
    if number in POSTINGS:
        with desk.database.reading() as connection:
            before = answered(connection, key, call.body_hash)
        if before is not None:
            return before
        posting = POSTINGS[number](call, desk)

        def finish(connection: sa.Connection) -> bytes:
            posting.finish(connection)
            return answer(call, posting.output)

        return carry_out(desk.database, key, finish, told)
    raise ClaimError(
        "not_supported",
        f"本系统不支持交易 {number}；已支持 {'、'.join(SUPPORTED)}",
        f"transaction {number} is not supported; see the hospital's guide",
        transaction=number,
    )
