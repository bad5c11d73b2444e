"""What answers a message whose bill a night has settled: the settlement, as posting tells it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from engine.claims.amounts import AMOUNT_COLUMNS
from engine.claims.columns import Event, EventKind
from engine.errors import ClaimError
from engine.policy.compiler import CompiledBook
from engine.storage.fund_details import of_row
from engine.storage.messages import Message
from engine.storage.undoing import refusal


def answer_of_night(
    message: Message, rows: Sequence[Mapping[str, Any]], book: CompiledBook
) -> bytes | ClaimError:
    """Return the bytes that answer a message of the key of which a night has settled bills.

    A night has no body to compare; so the message is the same if it asks for the same: the bill
    of the same person and visit, or the undoing of the same settlement.

    Args:
        rows: the settlements under its key.
    """
    for row in rows:
        if _asks_for(message, row):
            told = {"status": "settled", "settlements": [_told(row, book)]}
            text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            return text.encode()
    return refusal("message_differs", message)


def _asks_for(message: Message, row: Mapping[str, Any]) -> bool:
    if message.person_id != row["person_id"]:
        return False
    event = message.event
    if event is None:
        return bool(message.original == row["reverses"])
    place = (message.visit_id, int(event[Event.SEGMENT]))
    same_visit = row["visit_id"] is None or place == (row["visit_id"], row["segment"])
    same_kind = event[Event.KIND] == row["kind"]
    return bool(same_visit and same_kind and event[Event.TOTAL] == row["total_fen"])


def _told(row: Mapping[str, Any], book: CompiledBook) -> dict[str, Any]:
    told: dict[str, Any] = {
        "settlement_id": row["settlement_id"],
        "kind": EventKind(row["kind"]).name.lower(),
        **{name: int(row[name]) for name in AMOUNT_COLUMNS},
        "funds": of_row(book, row),
    }
    if row["reverses"] is not None:
        told["reverses"] = row["reverses"]
    return told
