"""What the ledger paid for a person after entitlement had ended, settlement by settlement."""

from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa

from engine.claims.columns import Event, EventFlag, EventKind, Ints, Result
from engine.codes.enums import Fund
from engine.policy.compiler import CompiledBook
from engine.settlement.entitlement import End, overpayment
from engine.settlement.facts import event_of
from engine.settlement.reprice import FACTS, Paid
from engine.settlement.settle import located
from engine.storage.folding import scheme_at
from engine.storage.ledger_state import Row, Year, result_of
from engine.storage.ledger_tables import LIVE, SETTLEMENTS


@dataclass(frozen=True, slots=True)
class Proposal:
    """What was paid for one settlement without right, in fen; the three parts are never summed.

    Attributes:
        funds: what each fund is to get back, those that paid nothing left out.
        account_fen: what goes back to the personal account.
        cash_fen: what the institution gives back to the patient.
        spanning: the care began before the end and ended after it: an officer looks at it, and
            nothing is proposed.
    """

    settlement_id: str
    institution_id: str
    funds: dict[str, int]
    account_fen: int
    cash_fen: int
    spanning: bool = False


def overpaid(
    connection: sa.Connection, book: CompiledBook, person: str, end: End
) -> list[Proposal]:
    """Return what follows from an end that became known late, in order of the settlements.

    Raises:
        InvariantError: a settlement does not come again under the book that it is given.

    Source: 经办条例 art. 25, 26, 46
    """
    rows = _live(connection, person)
    if not rows:
        return []
    events = located(book, np.vstack([_event(row, book) for row in rows]))
    days = events[:, [Event.BEGIN_DAY, Event.END_DAY]]
    found = overpayment(book, _paid(rows, events), days, end)
    proposals = [
        Proposal(
            rows[at]["settlement_id"],
            rows[at]["institution_id"],
            {fund.name: int(found.funds[k, fund]) for fund in Fund if found.funds[k, fund]},
            int(found.account[k]),
            int(found.cash[k]),
        )
        for k, at in enumerate(found.claims)
    ]
    spanning = [
        Proposal(rows[at]["settlement_id"], rows[at]["institution_id"], {}, 0, 0, spanning=True)
        for at in found.spanning
    ]
    return spanning + proposals


def _live(connection: sa.Connection, person: str) -> list[Row]:
    c = SETTLEMENTS.c
    query = (
        sa.select(SETTLEMENTS)
        .join(LIVE, LIVE.c.settlement_id == c.settlement_id)
        .where(c.person_id == person, c.kind == int(EventKind.CLAIM))
        .order_by(c.settled_at, c.settlement_id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _event(row: Row, book: CompiledBook) -> Ints:
    year = Year(row["person_id"], row["region"], row["scheme"], row["year"])
    return event_of(row["facts"], scheme_at(year, book), book)


def _paid(rows: list[Row], events: Ints) -> Paid:
    results = np.vstack([result_of(row) for row in rows])
    results[:, Result.POLICY_ROW] = events[:, Event.POLICY_ROW]
    traces = [np.frombuffer(row["trace"], dtype="<i8").astype(np.int64) for row in rows]
    return Paid(
        results=results,
        trace=np.concatenate(traces),
        trace_first=np.cumsum([0, *(len(trace) for trace in traces)]),
        account_used=(events[:, Event.FLAGS] & EventFlag.ACCOUNT_USED) != 0,
        facts=events[:, FACTS],
    )
