"""The sandbox: answers that a program must be ready for, called up by the operator's id."""

from collections.abc import Callable

from api.national.desk import Desk
from api.national.envelope import Call
from engine.errors import ClaimError, StorageError
from engine.storage.exchanges import answered

FOLDER = "sandbox"
AWAY, LOST, BUSY = "SB-AWAY", "SB-LOST", "SB-BUSY"
"""Triggers: nothing is done; it is done and the answer is lost, once; too many requests."""

UNKNOWN = StorageError(
    "unavailable",
    "（沙箱）报文是否已处理尚不确定；请以同一报文号原样重发",
    "(sandbox) nobody knows whether it was done; send the very same message again",
)


def rehearsed(call: Call, desk: Desk, carry_out: Callable[[Call, Desk], bytes]) -> bytes:
    """Return what a call of the sandbox is answered, as its trigger says.

    Raises:
        StorageError: `unavailable`, by AWAY, and by LOST where the message was not met before.
        ClaimError: `too_many_requests`, by BUSY; or what the call is refused for.
    """
    if call.operator_id == AWAY:
        raise UNKNOWN
    if call.operator_id == BUSY:
        zh, en = "（沙箱）请求过于频繁；请稍后再发", "(sandbox) too many requests; send it later"
        raise ClaimError("too_many_requests", zh, en, retry_after_s=1)
    with desk.database.reading() as connection:
        key = call.institution_id, call.message_id
        before = answered(connection, key, call.body_hash)
    answer = carry_out(call, desk)
    if call.operator_id == LOST and before is None:
        raise UNKNOWN
    return answer
