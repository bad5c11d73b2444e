"""Settling and undoing: 2206, 2207, 2208; 2303, 2304, 2305; 2601, which undoes a message."""

from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from api.national import answers
from api.national.bill import bill_request, message_of
from api.national.desk import Desk, block, own_visit, told
from api.national.envelope import Call
from api.national.outpatient import visit_id_of, withdraw
from api.national.register_facts import register_facts
from api.national.steps import INTERIM, check_step
from engine.codes.enums import Insurance
from engine.errors import ClaimError
from engine.storage import exchanges, visits
from engine.storage.ledger_tables import SETTLEMENTS
from engine.storage.messages import VOID, Message, Verb
from engine.storage.posting import post_within, preview_within

YES = "1"
NEEDS = ("visit_id", "person_id", "total_fen", "account_used")
ADMISSION = "2401"
REVERSIBLE = frozenset({"2102", "2103", "2207", "2208", "2304", "2305", ADMISSION})


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be settled: lines of a visit as one bill.

    Attributes:
        asked: what the message tells.
        interim: whether the stay goes on.
    """

    visit: visits.Visit
    lines: list[visits.Line]
    bill: visits.Bill
    asked: dict[str, Any]
    interim: bool = False


def pre_settle(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2206: what the settlement of a batch would come to; nothing changes."""
    return shown(call, desk, connection, batch_order(call, connection))


def settle(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2207: the batch is settled, once."""
    return made(call, desk, connection, batch_order(call, connection))


def pre_settle_stay(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2303: what the bill of a stay would come to; nothing changes."""
    return shown(call, desk, connection, segment_order(call, connection))


def settle_stay(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2304: the stay's unsettled lines are settled, in the middle of the stay or at its end."""
    order = segment_order(call, connection)
    answer = made(call, desk, connection, order)
    if not order.interim:
        visits.change_visit(connection, order.visit, final_segment=order.bill.segment)
    return answer


def cancel(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2208, 2305, 2103: a settlement is cancelled; its lines may be settled again."""
    asked = told(block(call, "data"), ("settlement_id", "visit_id", "person_id"), "claim")
    row = own_settlement(call, connection, asked)
    visit = visits.find_visit(connection, call.institution_id, asked["visit_id"])
    if visit is not None:  # A visit that was settled by REST was never registered.
        check_step(connection, visit, call.transaction)
    name = asked["settlement_id"]
    message = _undo(call, Verb.CANCEL, row["person_id"], name)
    [answer] = post_within(connection, desk.book, [message], call.now)
    [undone] = [one for one in answers.settlements_of(answer) if one.get("reverses") == name]
    context = {
        "settlement_id": undone["settlement_id"],
        "visit_id": asked["visit_id"],
        "person_id": row["person_id"],
        "insurance": answers.INSURANCE_OF[row["scheme"]],
    }
    return answers.settled(desk, call, undone, context)


def reverse(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any] | ClaimError:
    """2601: what a message did is undone, whether its answer was ever read or not.

    A message that never came is not carried out when it comes: that is kept, with the refusal.
    """
    asked = told(block(call, "data"), ("person_id", "message_id", "transaction"), "reversed")
    number, key = asked["transaction"], (call.institution_id, asked["message_id"])
    carried_out = exchanges.transaction_of(connection, key)
    if number not in REVERSIBLE:
        raise ClaimError(
            "not_reversible",
            f"交易 {number} 不能冲正；可冲正的有 {'、'.join(sorted(REVERSIBLE))}",
            f"transaction {number} cannot be reversed",
        )
    if carried_out not in {None, VOID, number}:
        raise ClaimError(
            "message_unknown",
            f"该报文所作的交易不是 {number}，未作任何处理；请核对原报文号与原交易编号",
            f"that message did not carry out {number}, so nothing was done; check both",
        )
    if number == ADMISSION and carried_out == ADMISSION:
        return _withdraw(call, connection, asked)
    message = _undo(call, Verb.REVERSE_MESSAGE, asked["person_id"], asked["message_id"])
    [answer] = post_within(connection, desk.book, [message], call.now)
    if isinstance(answer, ClaimError) and answer.code == "message_unknown":
        if carried_out is None:
            exchanges.make_void(connection, key, call.now)
        return answer
    for one in answers.settlements_of(answer):
        if carried_out is not None and "reverses" not in one:
            _check_lines(call, connection, one["settlement_id"])
    return {}


def own_settlement(call: Call, connection: sa.Connection, asked: dict[str, Any]) -> dict[str, Any]:
    """Return the caller's own settlement of the person and visit that it names.

    Args:
        asked: with `settlement_id` and `person_id`, and `visit_id` where it is told.

    Raises:
        ClaimError: `no_settlement`.
    """
    rows = visits.own_settlements(
        connection,
        call.institution_id,
        SETTLEMENTS.c.settlement_id == asked["settlement_id"],
        SETTLEMENTS.c.person_id == asked["person_id"],
    )
    visit = asked.get("visit_id")
    rows = [row for row in rows if visit is None or visits.bills(row["visit_id"] or "", visit)]
    if not rows:
        raise no_settlement()
    return rows[0]


def no_settlement() -> ClaimError:
    """Return the refusal of what is not the caller's, or is not at all."""
    return ClaimError(
        "no_settlement",
        "本机构没有该结算；请核对结算编号、人员编号与就诊编号",
        "this institution has no such settlement; check the ids of settlement, person and visit",
    )


def shown(call: Call, desk: Desk, connection: sa.Connection, order: Order) -> dict[str, Any]:
    """Return what settling an order would come to; a pre-settlement has no id."""
    answer = preview_within(
        connection, desk.book, _message(call, desk, connection, order), call.now
    )
    [settlement] = answers.settlements_of(answer)
    context = _context(order)
    if order.visit.presence is visits.Presence.PURCHASED:
        del context["visit_id"]  # A sale has none before it is settled.
    return answers.settled(desk, call, settlement, context)


def made(call: Call, desk: Desk, connection: sa.Connection, order: Order) -> dict[str, Any]:
    """Return what settling an order came to, once it is settled and its lines are billed."""
    [answer] = post_within(
        connection, desk.book, [_message(call, desk, connection, order)], call.now
    )
    [settlement] = answers.settlements_of(answer)
    visits.bill_lines(connection, order.visit, order.lines, order.bill)
    name = {"settlement_id": settlement["settlement_id"]}
    return answers.settled(desk, call, settlement, _context(order) | name)


def check_total(lines: list[visits.Line], total_fen: int) -> None:
    """Check that a bill's total is the sum of its lines.

    Raises:
        ClaimError: `total_differs`.
    """
    total = sum(line["amount_fen"] for line in lines)
    if not lines or total != total_fen:
        raise ClaimError(
            "total_differs",
            f"医疗费总额与未结算明细之和（{len(lines)} 条）不符；请核对后重发",
            f"the total is not the sum of the {len(lines)} unsettled lines; check both",
        )


def batch_order(call: Call, connection: sa.Connection) -> Order:
    """Return what 2206 and 2207 ask for: an out-patient's batch as one bill."""
    asked = told(block(call, "data"), (*NEEDS, "charge_batch"), "claim")
    visit = own_visit(call, connection, asked)
    check_step(connection, visit, call.transaction)
    lines = visits.unsettled_lines(connection, visit, asked["charge_batch"])
    check_total(lines, asked["total_fen"])
    return Order(visit, lines, visits.bill_of(connection, visit, asked["charge_batch"]), asked)


def segment_order(call: Call, connection: sa.Connection) -> Order:
    """Return what 2303 and 2304 ask for: the unsettled lines of a stay as its next segment."""
    asked = told(block(call, "data"), NEEDS, "claim")
    visit = own_visit(call, connection, asked)
    interim = asked.get("interim") == YES
    check_step(connection, visit, call.transaction + (INTERIM if interim else ""))
    lines = visits.unsettled_lines(connection, visit)
    check_total(lines, asked["total_fen"])
    return Order(visit, lines, visits.segment_of(connection, visit), asked, interim)


def _message(call: Call, desk: Desk, connection: sa.Connection, order: Order) -> Message:
    visit = order.visit
    days = [visit.begin_day, *(line["day"] for line in order.lines)]
    end = max(days) if visit.end_day is None else visit.end_day
    request = bill_request(
        desk,
        visit,
        order.lines,
        **register_facts(call, desk, connection, visit, end),
        account_used=order.asked["account_used"] == YES,
        segment=order.bill.segment,
        interim=order.interim,
    )
    request |= {"verb": Verb.SETTLE, "visit_id": order.bill.bill_id}
    message = message_of(desk, request, (call.institution_id, call.message_id), call.now)
    return replace(message, body_hash=call.body_hash)


def _context(order: Order) -> dict[str, Any]:
    visit = order.visit
    return {
        "visit_id": visit.visit_id,
        "person_id": visit.person_id,
        "insurance": Insurance(visit.insurance),
    }


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


def _withdraw(call: Call, connection: sa.Connection, asked: dict[str, Any]) -> dict[str, Any]:
    """Undo an admission by its message, which names the visit."""
    named = {**asked, "visit_id": visit_id_of(call.institution_id, asked["message_id"])}
    withdraw(connection, own_visit(call, connection, named), "2404")
    return {}


def _check_lines(call: Call, connection: sa.Connection, settlement_id: str) -> None:
    """Check that a settlement that stands again has the lines that it was made of."""
    named = SETTLEMENTS.c.settlement_id == settlement_id
    [row] = visits.own_settlements(connection, call.institution_id, named)
    if row["visit_id"] is None:
        return
    bill = visits.Bill(row["visit_id"], row["segment"])
    if visits.billed_fen(connection, call.institution_id, bill) != row["total_fen"]:
        raise ClaimError(
            "lines_changed",
            "原结算的明细已被撤销或另行结算，不能再恢复该结算；请重新上传明细并结算",
            "lines of that settlement were taken back or settled anew since, so it cannot stand "
            "again; send the lines and settle them",
        )
