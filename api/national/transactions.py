"""Which transaction does what, and how each is carried out once."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from api.national import (
    accumulated,
    catalogue,
    filings,
    inpatient,
    outpatient,
    persons,
    pharmacy,
    queries,
    settling,
)
from api.national.desk import Desk
from api.national.envelope import Call, answer
from engine.errors import ClaimError
from engine.storage.exchanges import carry_out

Work = Callable[[Call, Desk, sa.Connection], dict[str, Any]]

QUERIES: Mapping[str, Work] = MappingProxyType(
    {
        "9001": persons.sign_in,
        "9002": persons.sign_in,
        "1101": persons.person_information,
        "2001": persons.entitlement,
        "2206": settling.pre_settle,
        "2303": settling.pre_settle_stay,
        "1312": catalogue.items,
        "1318": catalogue.ceilings,
        "1319": catalogue.shares,
        "2101": pharmacy.pre_settle,
        "2101A": pharmacy.pre_settle,
        "5201": queries.visit_rows,
        "5202": queries.diagnosis_rows,
        "5203": queries.settlement,
        "5204": queries.line_rows,
        "5205": queries.chronic_drugs,
        "5206": accumulated.accumulated,
    }
)
"""Transactions that change nothing: asked twice they are answered anew."""

CHANGES: Mapping[str, Work] = MappingProxyType(
    {
        "2102": pharmacy.settle,
        "2102A": pharmacy.settle,
        "2103": settling.cancel,
        "2201": outpatient.register,
        "2202": outpatient.cancel_registration,
        "2203": outpatient.diagnose,
        "2203A": outpatient.diagnose,
        "2204": outpatient.send_lines,
        "2205": outpatient.remove_lines,
        "2207": settling.settle,
        "2208": settling.cancel,
        "2301": inpatient.send_lines,
        "2302": inpatient.remove_lines,
        "2304": settling.settle_stay,
        "2305": settling.cancel,
        "2401": inpatient.admit,
        "2402": inpatient.discharge,
        "2403": inpatient.change,
        "2404": inpatient.cancel_admission,
        "2405": inpatient.cancel_discharge,
        "2501": filings.declare,
        "2502": filings.withdraw,
        "2503": filings.declare,
        "2504": filings.withdraw,
        "2505": filings.declare,
        "2506": filings.withdraw,
        "2601": settling.reverse,
    }
)
"""Transactions that change something, in one database transaction with the answer that is kept."""

SUPPORTED = tuple(sorted({*QUERIES, *CHANGES}))


def carried_out(call: Call, desk: Desk) -> bytes:
    """Carry out a call and return the bytes that answer it.

    Raises:
        ClaimError: it is refused; nothing was done and nothing is remembered.
        StorageError: the database is not available; to send the very same again is safe.
    """
    number = call.transaction
    if number in QUERIES:
        with desk.database.reading() as connection:
            return answer(call, QUERIES[number](call, desk, connection))
    if number in CHANGES:
        key, told = (call.institution_id, call.message_id), (number, call.body_hash, call.now)
        change = CHANGES[number]
        return carry_out(desk.database, key, lambda c: answer(call, change(call, desk, c)), told)
    raise ClaimError(
        "not_supported",
        f"本系统不支持交易 {number}；已支持 {'、'.join(SUPPORTED)}",
        f"transaction {number} is not supported; see the hospital's guide",
        transaction=number,
    )
