"""What an institution may ask of its own: visits, diagnoses, settlements and lines, 5201-5205."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from api.national import answers
from api.national.bill import line_results
from api.national.desk import Desk, block, day_of, own_visit, today, told
from api.national.envelope import Call
from api.national.settling import no_settlement, own_settlement
from engine.codes.enums import Insurance, ItemCategory, VisitKind
from engine.codes.lookup import CodeTable
from engine.periods import date_of_day
from engine.storage import visits
from engine.storage.ledger_tables import LIVE, SETTLEMENTS
from engine.wire.translate import English, write_record

DRUGS = {ItemCategory.WESTERN_DRUG, ItemCategory.HERBAL_SLICES, ItemCategory.PATENT_DRUG}
TOLD_OF_VISITS = (
    "outpatient_no", "inpatient_no", "doctor_code", "doctor_name", "department_code",
    "department_name", "admission_diagnosis", "main_diagnosis_code", "main_diagnosis_name",
    "discharge_way",
)  # fmt: skip


def visit_rows(call: Call, _desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """5201: the person's visits to the institution, by period, kind or id as asked."""
    asked = told(block(call, "data"), ("person_id",), "claim")
    return {"mdtrtinfo": [_visit(call, one) for one in _visits(call, connection, asked)]}


def diagnosis_rows(call: Call, _desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """5202: the diagnoses told of a visit."""
    asked = told(block(call, "data"), ("visit_id", "person_id"), "claim")
    visit = own_visit(call, connection, asked)
    named = {"visit_id": visit.visit_id, "person_id": visit.person_id}
    listed = visit.told.get("diagnoses", [])
    return {"diseinfo": [write_record(named | one, "diagnosis", "claim") for one in listed]}


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


def line_rows(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """5204: the lines of a visit, or of one settlement of it, and how each is split."""
    asked = told(block(call, "data"), ("visit_id", "person_id"), "claim")
    visit, wanted = own_visit(call, connection, asked), asked.get("settlement_id")
    found = [
        (line, name)
        for line, name in visits.lines_with_settlements(connection, visit)
        if wanted is None or name == wanted
    ]
    split = line_results(desk, visit, [line for line, _ in found])
    return {
        "data": [
            write_record(_line(visit, line) | one | {"settlement_id": name}, "line_result", "line")
            for (line, name), one in zip(found, split, strict=True)
        ]
    }


def chronic_drugs(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """5205: the drugs that the person had on visits for chronic diseases, by period as asked."""
    asked = told(block(call, "data"), ("person_id",), "claim")
    rows = []
    for visit in _visits(call, connection, asked):
        if visit.visit_kind != VisitKind.CHRONIC:
            continue
        for line, _ in visits.lines_with_settlements(connection, visit):
            item = desk.reference.item(line["item_code"], visit.care_region, line["day"])
            if item is not None and item["category"] in DRUGS:
                rows.append(write_record(_line(visit, line), "line"))
    return {"feedetail": rows}


def _visits(call: Call, connection: sa.Connection, asked: dict[str, Any]) -> list[visits.Visit]:
    kind, first, last = asked.get("visit_kind"), asked.get("began_at"), asked.get("ended_at")
    found = visits.visits_of(connection, call.institution_id, asked["person_id"])
    decode = CodeTable.load("visit_kind").decode
    return [
        one
        for one in found
        if one.presence is not visits.Presence.CANCELLED
        and asked.get("visit_id") in {None, one.visit_id}
        and (kind is None or decode(one.care_region, kind, today(call)) == one.visit_kind)
        and (first is None or one.begin_day >= day_of(first))
        and (last is None or one.begin_day <= day_of(last))
    ]


def _visit(call: Call, visit: visits.Visit) -> dict[str, str | None]:
    place = (visit.care_region, today(call))
    kind = None if visit.visit_kind is None else VisitKind(visit.visit_kind)
    kinds, insurances = CodeTable.load("visit_kind"), CodeTable.load("insurance")
    row: dict[str, English] = {
        "visit_id": visit.visit_id,
        "person_id": visit.person_id,
        "insurance": insurances.encode(place[0], Insurance(visit.insurance), place[1]),
        "visit_kind": None if kind is None else kinds.encode(place[0], kind, place[1]),
        "home_region": visit.home_region,
        "disease_code": visit.disease_code,
        "begin_date": date_of_day(visit.begin_day),
        "end_date": None if visit.end_day is None else date_of_day(visit.end_day),
        **{name: visit.told[name] for name in TOLD_OF_VISITS if name in visit.told},
    }
    return write_record(row, "claim")


def _line(visit: visits.Visit, line: visits.Line) -> dict[str, English]:
    told_ = {name: line[name] for name in line if name != "day"}
    told_["charged_at"] = datetime.fromisoformat(line["charged_at"])
    return told_ | {"visit_id": visit.visit_id, "person_id": visit.person_id}


def _last(call: Call, connection: sa.Connection, asked: dict[str, Any]) -> dict[str, Any]:
    c, message = SETTLEMENTS.c, asked.get("institution_settlement_id")
    visit = asked.get("visit_id")
    which = [c.person_id == asked["person_id"]]
    if message is not None:
        which += [c.message_id == message, c.number == 0]
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
