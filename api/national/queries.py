"""What an institution may ask of its own: 5203."""

from typing import Any

import sqlalchemy as sa

from api.national import answers
from api.national.desk import Desk, block, told
from api.national.envelope import Call
from api.national.settling import no_settlement, own_settlement
from engine.storage import visits
from engine.storage.ledger_tables import LIVE, SETTLEMENTS


def settlement(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """5203: a settlement as the ledger holds it, by its id, by its message or by its visit.

    By its visit it is the last that stands: so a hospital that never read the answer to 2207 or
    2304 learns what became of it.
    """
    asked = told(block(call, "data"), ("person_id",), "claim", "settlement")
    if asked.get("settlement_id") is not None:
        row = own_settlement(call, connection, asked)
    else:
        row = _last(call, connection, asked)
    return answers.stored(desk, call, row, asked.get("visit_id") or row["visit_id"] or "")


def _last(call: Call, connection: sa.Connection, asked: dict[str, Any]) -> dict[str, Any]:
    c, message = SETTLEMENTS.c, asked.get("institution_settlement_id")
    visit = asked.get("visit_id")
    which = [c.person_id == asked["person_id"]]
    if message is not None:
        which.append(c.message_id == message)
    else:
        which.append(c.settlement_id.in_(sa.select(LIVE.c.settlement_id)))
    rows = [
        row
        for row in visits.own_settlements(connection, call.institution_id, *which)
        if message is not None or (visit is not None and visits.bills(row["visit_id"] or "", visit))
    ]
    if not rows:
        raise no_settlement()
    return rows[-1]
