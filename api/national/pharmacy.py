"""A pharmacy's sale, registered, charged and settled by one message: 2101, 2102; 2103 undoes it."""

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from api.national.bill import open_account
from api.national.charges import checked_lines
from api.national.desk import Desk, block, blocks, today, told
from api.national.envelope import Call
from api.national.outpatient import new_visit
from api.national.settling import Order, check_total, made, shown
from engine.codes.lookup import CodeTable
from engine.errors import ClaimError
from engine.storage import visits
from engine.storage.attempts import in_one_transaction

NEEDS = ("person_id", "insurance", "began_at", "visit_kind", "total_fen", "account_used")
PHARMACY = "pharmacy"
TOLD = ("invoice_no",)


def pre_settle(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2101: what a sale would come to; nothing changes."""
    order = _order(call, desk)
    # The account's opening balance enters once for ever, whoever asks first; no sale does.
    in_one_transaction(desk.database, lambda c: open_account(c, desk, call, order.visit))
    return shown(call, desk, connection, order)


def settle(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2102: a sale is settled, once."""
    order = _order(call, desk)
    open_account(connection, desk, call, order.visit)
    visits.add_visit(connection, order.visit)
    visits.add_lines(connection, order.visit, order.lines)
    return made(call, desk, connection, order)


def _order(call: Call, desk: Desk) -> Order:
    if desk.reference.institution(call.institution_id)["kind"] != PHARMACY:
        raise ClaimError(
            "not_a_pharmacy",
            "本机构不是定点药店，不能办理药店结算；门诊请用 2201 至 2207",
            "this institution is no pharmacy; an out-patient's bill goes by 2201 to 2207",
        )
    asked = told(block(call, "druginfo"), NEEDS, "claim")
    visit = new_visit(call, desk, asked, visits.Presence.PURCHASED, TOLD)
    kinds = CodeTable.load("visit_kind")
    kind = kinds.decode(visit.care_region, asked["visit_kind"], today(call))
    visit = replace(visit, visit_kind=int(kind), disease_code=asked.get("disease_code"))
    lines = checked_lines(blocks(call, "drugdetail"), ())
    check_total(lines, asked["total_fen"])
    return Order(visit, lines, visits.Bill(visit.visit_id), asked)
