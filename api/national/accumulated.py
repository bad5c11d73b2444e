"""What a person has used up of a year, over all institutions: 5206."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from api.national.answers import INSURANCE_OF
from api.national.desk import Desk, block, today, told
from api.national.envelope import Call
from engine.codes.enums import Fund, Insurance, PaymentSource
from engine.codes.lookup import CodeTable
from engine.errors import ClaimError
from engine.rules.forms.limit import INPATIENT
from engine.storage import visits
from engine.storage.ledger_tables import LIVE, SETTLEMENTS
from engine.wire.translate import write_record

STAYS, TOTAL, DEDUCTIBLE, PAID = "C0000", "S0000", "Q0000", "D"
"""What the kinds of values are called; PAID stands before the code of a fund."""

ONE_E2 = 100
"""A count goes in the field of an amount: one stay is told as 1.00."""

Row = Mapping[str, Any]


def accumulated(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """5206: what a patient of the institution has used up of a year."""
    asked = told(block(call, "data"), ("person_id",), "cumulated")
    if not visits.visits_of(connection, call.institution_id, asked["person_id"]):
        raise ClaimError(
            "no_visit",
            "本机构没有该人员的就诊登记，不能查询其累计信息；请先办理登记",
            "this institution has no visit of that person; register one first",
        )
    year = _year(call, asked)
    c = SETTLEMENTS.c
    query = (
        sa.select(SETTLEMENTS, LIVE.c.settlement_id.label("live"))
        .join_from(SETTLEMENTS, LIVE, LIVE.c.settlement_id == c.settlement_id, isouter=True)
        .where(c.person_id == asked["person_id"], c.year == year)
    )
    of_scheme: dict[str, list[Row]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        of_scheme[row["scheme"]].append(dict(row))
    place = desk.reference.institution(call.institution_id)["region"], today(call)
    insurances = CodeTable.load("insurance")
    told_ = []
    for scheme, rows in sorted(of_scheme.items()):
        insurance = INSURANCE_OF[scheme]
        head = {
            "person_id": asked["person_id"],
            "insurance": insurances.encode(place[0], insurance, place[1]),
            "year": str(year),
            "month": asked.get("month"),
        }
        for kind, value in _sums(call, desk, rows, insurance).items():
            told_.append(write_record(head | {"kind": kind, "value_fen": value}, "cumulated"))
    return {"cuminfo": told_}


def _year(call: Call, asked: dict[str, Any]) -> int:
    text = asked.get("year") or (asked.get("month") or str(today(call).year))[:4]
    if not (text.isascii() and text.isdecimal()):
        raise ClaimError(
            "date_format",
            "年度应为 yyyy，累计年月应为 yyyyMM；请更正",
            "the year is written as yyyy, its month as yyyyMM; correct it",
        )
    return int(text)


def _sums(call: Call, desk: Desk, rows: Sequence[Row], insurance: Insurance) -> dict[str, int]:
    """Return the values of a scheme's year by their kinds: all settlements and their reversals."""
    stays = {row["visit_id"] for row in rows if row["live"] is not None and _is_stay(row)}
    sums = {
        STAYS: len(stays) * ONE_E2,
        TOTAL: sum(row["total_fen"] for row in rows),
        DEDUCTIBLE: sum(row["deductible_paid_fen"] for row in rows),
    }
    region, on = desk.reference.institution(call.institution_id)["region"], today(call)
    sources = CodeTable.load("payment_source")
    for fund in Fund:
        paid = sum(row[f"{fund.name.lower()}_paid_fen"] for row in rows)
        if paid:
            source = PaymentSource.of_fund(fund, insurance)
            sums[PAID + sources.encode(region, source, on)] = paid
    return sums


def _is_stay(row: Row) -> bool:
    return json.loads(row["facts"]).get("visit_kind") in INPATIENT
