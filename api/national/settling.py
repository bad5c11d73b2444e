"""Settling a visit and undoing it: 2206, 2207, 2208, 2601, and 5203, which tells what became."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from api.national.bill import bill_request, message_of
from api.national.desk import Desk, Posting, block, told
from api.national.envelope import Call
from api.national.outpatient import own_visit
from engine.claims.amounts import AMOUNT_COLUMNS
from engine.errors import ClaimError
from engine.storage import visits
from engine.storage.ledger_tables import SETTLEMENTS
from engine.storage.messages import Message, Verb
from engine.storage.posting import Answer, post, preview
from engine.wire.fields import by_english
from engine.wire.translate import write_record

USED = "1"
NEEDS = ("visit_id", "person_id", "charge_batch", "total_fen", "account_used")
REVERSIBLE = frozenset({"2207", "2208", "2102", "2103", "2304", "2305"})
OF_OTHER_FUNDS = ("injury_paid_fen", "maternity_paid_fen")
"""Funds that the national form has no field for: their money goes under the other payments."""


def pre_settle(call: Call, desk: Desk) -> dict[str, Any]:
    """2206: what the settlement would come to; nothing changes."""
    asked = told(block(call, "data"), NEEDS, "claim")
    with desk.database.reading() as connection:
        _visit, message = _bill(call, desk, connection, asked)
    [answer] = preview(desk.database, desk.book, [message], call.now)
    return _outcome(answer, asked, call)


def settle(call: Call, desk: Desk) -> Posting:
    """2207: the batch is settled, once."""
    asked = told(block(call, "data"), NEEDS, "claim")
    with desk.database.reading() as connection:
        visit, message = _bill(call, desk, connection, asked)
    [answer] = post(desk.database, desk.book, [message], call.now)
    batch, made = asked["charge_batch"], _first(answer)
    return Posting(
        _outcome(answer, asked, call),
        lambda connection: visits.hold_lines(connection, visit, batch, made),
    )


def cancel(call: Call, desk: Desk) -> Posting:
    """2208: a settlement is cancelled; its lines may be settled again."""
    asked = told(block(call, "data"), ("settlement_id", "visit_id", "person_id"), "claim")
    original = _own_settlement(call, desk, asked["settlement_id"])
    message = _undo(call, Verb.CANCEL, original.person_id, asked["settlement_id"])
    [answer] = post(desk.database, desk.book, [message], call.now)
    return Posting(
        _outcome(answer, asked, call),
        lambda connection: visits.release_lines(connection, asked["settlement_id"]),
    )


def reverse(call: Call, desk: Desk) -> Posting:
    """2601: what a message did is undone, whether its answer was ever read or not."""
    asked = told(block(call, "data"), ("person_id", "message_id", "transaction"), "reversed")
    if asked["transaction"] not in REVERSIBLE:
        raise ClaimError(
            "not_reversible",
            f"交易 {asked['transaction']} 不能冲正；可冲正的有 {'、'.join(sorted(REVERSIBLE))}",
            f"transaction {asked['transaction']} cannot be reversed",
        )
    message = _undo(call, Verb.REVERSE_MESSAGE, asked["person_id"], asked["message_id"])
    [answer] = post(desk.database, desk.book, [message], call.now)
    undone = [one["reverses"] for one in _settlements(answer) if "reverses" in one]

    def finish(connection: sa.Connection) -> None:
        for settlement_id in undone:
            visits.release_lines(connection, settlement_id)

    return Posting({}, finish)


def query(call: Call, desk: Desk) -> dict[str, Any]:
    """5203: a settlement as the ledger holds it."""
    asked = told(block(call, "data"), ("settlement_id", "person_id"), "claim")
    row = _own_settlement(call, desk, asked["settlement_id"])
    amounts = {name: int(getattr(row, name)) for name in AMOUNT_COLUMNS}
    context = {"settlement_id": row.settlement_id, "person_id": row.person_id}
    return {"setlinfo": _written(amounts, context), "setldetail": []}


def _bill(
    call: Call, desk: Desk, connection: sa.Connection, asked: dict[str, Any]
) -> tuple[visits.Visit, Message]:
    visit = own_visit(call, connection, asked)
    lines = visits.lines_of(connection, visit, asked["charge_batch"])
    total = sum(line["amount_fen"] for line in lines)
    if not lines or total != asked["total_fen"]:
        raise ClaimError(
            "total_differs",
            f"医疗费总额与该批次未结算明细之和（{len(lines)} 条）不符；请核对后重发",
            f"the total is not the sum of the {len(lines)} unsettled lines of the batch",
        )
    used = asked["account_used"] == USED
    request = bill_request(desk, visit, lines, account_used=used) | {
        "verb": Verb.SETTLE,
        # One batch is one bill: a visit may have several.
        "visit_id": f"{visit.visit_id}.{asked['charge_batch']}",
    }
    message = message_of(desk, request, (call.institution_id, call.message_id), call.now)
    return visit, replace(message, body_hash=call.body_hash)


def _undo(call: Call, verb: Verb, person_id: str, original: str) -> Message:
    return Message(
        sender_id=call.institution_id,
        message_id=call.message_id,
        verb=verb,
        person_id=person_id,
        body_hash=call.body_hash,
        settled_at=call.now,
        original=original,
    )


def _own_settlement(call: Call, desk: Desk, settlement_id: str) -> sa.Row[Any]:
    c = SETTLEMENTS.c
    with desk.database.reading() as connection:
        row = connection.execute(
            sa.select(SETTLEMENTS).where(
                c.settlement_id == settlement_id, c.institution_id == call.institution_id
            )
        ).one_or_none()
    if row is None:
        raise ClaimError(
            "no_settlement",
            "本机构没有该结算；请核对结算编号",
            "this institution has no such settlement; check its id",
        )
    return row


def _refuse(answer: Answer) -> None:
    if isinstance(answer, ClaimError):
        raise answer


def _settlements(answer: Answer) -> list[dict[str, Any]]:
    _refuse(answer)
    found: list[dict[str, Any]] = json.loads(bytes(answer))["settlements"]  # type: ignore[arg-type]
    return found


def _first(answer: Answer) -> str:
    return str(_settlements(answer)[0]["settlement_id"])


def _outcome(answer: Answer, asked: dict[str, Any], call: Call) -> dict[str, Any]:
    """Return a settlement in the national form; a pre-settlement has no id."""
    settlement = _settlements(answer)[0]
    amounts = {name: int(settlement[name]) for name in AMOUNT_COLUMNS}
    context: dict[str, Any] = {
        "visit_id": asked["visit_id"],
        "person_id": asked["person_id"],
        "settled_at": datetime.fromtimestamp(call.now, UTC).replace(tzinfo=None),
        "institution_settlement_id": call.message_id,
    }
    if call.transaction != "2206":
        context["settlement_id"] = settlement["settlement_id"]
    return {"setlinfo": _written(amounts, context), "setldetail": []}


def _written(amounts: dict[str, int], context: dict[str, Any]) -> dict[str, str | None]:
    known = by_english("settlement")
    national = {name: fen for name, fen in amounts.items() if name in known}
    national["other_paid_fen"] += sum(amounts[name] for name in OF_OTHER_FUNDS)
    return write_record(national | context, "settlement")
