"""What the rules say of a visit before it is paid: 3101 at the order, 3102 at the settlement.

An answer reminds. It changes no payment: what is settled afterwards is settled as if nobody had
asked, and the night asks every rule again.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl
import sqlalchemy as sa

from api.national.desk import Desk, block, insurance_of, today, told
from api.national.envelope import Call
from engine.claims.keys import content_key
from engine.codes.enums import Sex, VisitKind
from engine.codes.lookup import CodeTable
from engine.errors import ClaimError
from engine.periods import day_number
from engine.rules.catalogue import Rule, load_rules
from engine.rules.facts import LINE, RECORD, SETTLEMENT, Facts
from engine.rules.reminders import Reminder, is_protected, of_visit, reminders
from engine.storage.reference import ReferenceData
from engine.wire.translate import write_record

STOP, REMIND, ASK = "1", "2", "3"
"""Severity, ours until the interface fixes it: stop, definite without a stop, suspicion."""

ORDERS_MAX = 500
VISIT_NEEDS = ("visit_id", "begin_date", "visit_kind", "insurance")
ORDER_NEEDS = ("order_id", "item_code", "quantity_e4", "price_e6", "amount_fen")
Row = dict[str, Any]


def remind(call: Call, desk: Desk, _connection: sa.Connection) -> Row:
    """3101, 3102: what the rules that need this visit alone say of it; nothing is kept.

    Raises:
        ClaimError: `block_missing`, `field_missing`, `many_orders`, `unknown_institution`, or what
            the dictionary or a code table refuses a value for.
    """
    patient = _one(block(call, "data").get("patient_dtos"), "patient_dtos")
    encounter = _one(patient.get("fsi_encounter_dtos"), "fsi_encounter_dtos")
    visit = told(encounter, VISIT_NEEDS, "encounter")
    visit |= told(patient, ("person_id",), "encounter")
    orders = [told(one, ORDER_NEEDS, "order") for one in _orders(encounter)]
    diseases = _diseases(encounter, visit)
    settlement = _settlement(call, desk, visit, diseases)
    facts = _facts(desk.reference, settlement, orders, today(call))
    protected = is_protected(VisitKind(settlement["visit_kind"]), diseases)
    found = reminders(load_rules(), facts, protected=protected)
    return {"result": [_told(one, visit, orders) for one in found]}


def _one(records: Any, name: str) -> Mapping[str, Any]:
    """Return the one record of a block that may repeat; a check is of one visit."""
    given = records if isinstance(records, list) else [records]
    if len(given) != 1 or not isinstance(given[0], dict):
        raise ClaimError(
            "block_missing",
            f"输入中 {name} 须恰有一条；一次审核一次就诊",
            f"the input must hold one record of {name}: a check is of one visit",
            block=name,
        )
    return given[0]


def _orders(encounter: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    orders = encounter.get("fsi_order_dtos") or []
    if len(orders) > ORDERS_MAX:
        raise ClaimError(
            "many_orders",
            f"一次审核至多 {ORDERS_MAX} 条医嘱；请分次审核",
            f"a check holds at most {ORDERS_MAX} orders; check them in parts",
        )
    return [one for one in orders if isinstance(one, dict)]


def _diseases(encounter: Mapping[str, Any], visit: Row) -> list[str]:
    """The main disease first, then all that were told."""
    sent = encounter.get("fsi_diagnose_dtos") or []
    rows = [told(one, ("diagnosis_code",), "encounter_diagnosis") for one in sent]
    rows.sort(key=lambda row: row.get("main_diagnosis") != "1")
    main = [visit["disease_code"]] if visit.get("disease_code") else []
    return main + [row["diagnosis_code"] for row in rows]


def _settlement(call: Call, desk: Desk, visit: Row, diseases: Sequence[str]) -> Row:
    """The visit as a settlement that the rules can look at; registers stand before messages."""
    institution = desk.reference.institution(call.institution_id)
    region, day = institution["region"], day_number(visit["begin_date"])
    known = next(iter(desk.reference.covers(visit["person_id"])), None) or {
        "sex": _sex(region, visit, call),
        "birth_day": None if visit.get("birth_date") is None else day_number(visit["birth_date"]),
    }
    ended = visit.get("end_date") or max(today(call), visit["begin_date"])
    return {
        **dict.fromkeys(SETTLEMENT),
        "settlement_id": visit["visit_id"],
        "message_id": call.message_id,
        "visit_id": visit["visit_id"],
        "person_id": visit["person_id"],
        "institution_id": call.institution_id,
        "physician_id": visit.get("doctor_code"),
        "care_region": region,
        "disease_code": diseases[0] if diseases else None,
        "visit_kind": int(_decoded("visit_kind", region, visit["visit_kind"], call)),
        "insurance": int(insurance_of(desk, call, visit["insurance"])),
        "hospital_level": institution["hospital_level"],
        "sex": known["sex"],
        "birth_day": known["birth_day"],
        "begin_day": day,
        "end_day": day_number(ended),
        "settled_at": call.now,
        "total_fen": visit.get("total_fen") or 0,
        "claim": 0,
    }


def _sex(region: str, visit: Row, call: Call) -> int:
    sent = visit.get("sex")
    return int(Sex.UNKNOWN) if sent is None else int(_decoded("sex", region, sent, call))


def _decoded(table: str, region: str, code: str, call: Call) -> int:
    return CodeTable.load(table).decode(region, code, today(call))


def _facts(reference: ReferenceData, settlement: Row, orders: Sequence[Row], on: date) -> Facts:
    numbers = reference.item_numbers
    rows = [
        {
            "claim": 0,
            "file": 0,
            "row": row,
            "item": numbers.get(order["item_code"], -1),
            "quantity_e4": order["quantity_e4"],
            "price_e6": order["price_e6"],
            "amount_fen": order["amount_fen"],
            "day": day_number(order.get("begin_date") or on),
            "approved": -1,
        }
        for row, order in enumerate(orders)
    ]
    lines = pl.DataFrame(rows, schema={"claim": pl.Int32, **LINE})
    subjects = [settlement[name] for name in ("person_id", "physician_id", "institution_id")]
    about = pl.col("subject").is_in([one for one in subjects if one is not None])
    return Facts(
        settlements=pl.LazyFrame([settlement], schema=SETTLEMENT),
        limits=of_visit(reference.limits, lines["item"]),
        registers=reference.intervals.filter(about),
        records=pl.LazyFrame(schema=RECORD),
        lines=lambda: [lines],
    )


def _told(one: Reminder, visit: Row, orders: Sequence[Row]) -> Row:
    rule = one.rule
    finding = f"{content_key(' '.join([visit['visit_id'], rule.id, *map(str, one.lines)])):016x}"
    whose = {"person_id": visit["person_id"], "visit_id": visit["visit_id"]}
    details = [
        whose
        | {
            "detail_id": f"{finding}-{row}",
            "order_id": orders[row]["order_id"],
            "amount_fen": orders[row]["amount_fen"],
        }
        for row in one.lines
    ]
    head = {
        "finding_id": finding,
        "rule_id": rule.id,
        "rule_name": rule.label_zh,
        "content": _content(rule),
        "amount_fen": one.amount_fen,
        "severity": STOP if one.stops else REMIND if rule.level == "definite" else ASK,
        "evidence": "；".join(_basis(rule)),
    }
    return write_record(whose | head, "reminder") | {
        "judge_result_detail_dtos": [write_record(row, "reminder_detail") for row in details]
    }


def _content(rule: Rule) -> str:
    """What to look at, and what may speak against it: a reminder is no verdict."""
    against = "；".join(words.zh for words in rule.expected_false_positives)
    kind = "确定性规则" if rule.level == "definite" else "可疑，须人工核对"
    return f"{rule.label_zh}（{kind}）。可能的例外：{against}"


def _basis(rule: Rule) -> list[str]:
    return [f"{one.source} art. {one.article}" for one in rule.legal_basis]
