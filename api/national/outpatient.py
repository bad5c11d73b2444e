"""An out-patient visit until it is settled: 2201, 2202, 2203, 2204, 2205."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from api.national.bill import line_results, open_account
from api.national.desk import (
    Desk,
    Posting,
    block,
    blocks,
    cover_of,
    day_of,
    insurance_of,
    today,
    told,
)
from api.national.envelope import Call
from engine.claims.keys import content_key
from engine.codes.lookup import CodeTable
from engine.errors import ClaimError
from engine.storage import visits
from engine.wire.translate import write_record

ALL_BATCHES = "0000"
MAIN_DIAGNOSIS = "1"


def register(call: Call, desk: Desk) -> Posting:
    """2201: a visit begins, of a person who is insured on that day."""
    needs = ("person_id", "insurance", "began_at", "outpatient_no")
    asked = told(block(call, "data"), needs, "claim")
    insurance = insurance_of(desk, call, asked["insurance"])
    day = day_of(asked["began_at"])
    cover = cover_of(desk, call, asked["person_id"], insurance, day)
    # The id follows from the message, so that the same message names the same visit.
    visit_id = f"{content_key(f'{call.institution_id} {call.message_id}'):019d}"
    visit = visits.Visit(
        institution_id=call.institution_id,
        visit_id=visit_id,
        person_id=asked["person_id"],
        home_region=cover["region"],
        care_region=desk.reference.institution(call.institution_id)["region"],
        insurance=int(insurance),
        visit_kind=None,
        begin_day=day,
        disease_code=None,
        cancelled=False,
    )
    open_account(desk, call, cover)
    told_ = {"visit_id": visit_id, **{name: asked[name] for name in ("person_id", "outpatient_no")}}
    return Posting(
        {"data": write_record(told_, "claim")},
        lambda connection: visits.add_visit(connection, visit),
    )


def cancel_registration(call: Call, _desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2202: the visit is taken back, unless a settlement holds lines of it."""
    asked = told(block(call, "data"), ("visit_id", "person_id"), "claim")
    visit = own_visit(call, connection, asked)
    if visits.has_settled(connection, visit):
        raise ClaimError(
            "visit_settled",
            "该就诊已有结算，不能撤销登记；请先以 2208 撤销结算",
            "the visit is settled; cancel its settlements with 2208 first",
        )
    visits.remove_lines(connection, visit)
    visits.change_visit(connection, visit, cancelled=True)
    return {}


def diagnose(call: Call, _desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2203: the kind of visit and its diagnosis."""
    needs = ("visit_id", "person_id", "visit_kind")
    asked = told(block(call, "mdtrtinfo"), needs, "claim")
    visit = own_visit(call, connection, asked)
    kind = CodeTable.load("visit_kind").decode(visit.care_region, asked["visit_kind"], today(call))
    disease = asked.get("disease_code")
    if disease is None and "diseinfo" in call.blocks:
        listed = [told(one, ("disease_code",), "diagnosis") for one in blocks(call, "diseinfo")]
        main = [one for one in listed if one.get("diagnosis_place") == MAIN_DIAGNOSIS] or listed
        disease = main[0]["disease_code"]
    visits.change_visit(connection, visit, visit_kind=int(kind), disease_code=disease)
    return {}


def send_lines(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2204: lines for a visit, and how each is split when it is priced alone."""
    needs = (
        "line_id", "visit_id", "person_id", "charge_batch", "charged_at", "item_code",
        "amount_fen", "quantity_e4", "price_e6",
    )  # fmt: skip
    lines = [told(one, needs, "line") for one in blocks(call, "feedetail")]
    if len({line["visit_id"] for line in lines}) != 1:
        raise ClaimError(
            "many_visits",
            "一次上传只能是一次就诊的明细；请按就诊分开上传",
            "one upload holds the lines of one visit; send them visit by visit",
        )
    visit = own_visit(call, connection, lines[0])
    kept = [_kept(line) for line in lines]
    results = line_results(desk, visit, kept)
    visits.add_lines(connection, visit, kept)
    return {"result": [write_record(result, "line_result") for result in results]}


def remove_lines(call: Call, _desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2205: lines that are not settled are taken back: a batch, or all under batch 0000."""
    asked = told(block(call, "data"), ("visit_id", "person_id", "charge_batch"), "claim")
    visit = own_visit(call, connection, asked)
    batch = asked["charge_batch"]
    if visits.remove_lines(connection, visit, None if batch == ALL_BATCHES else batch) == 0:
        raise ClaimError(
            "no_lines",
            "没有可撤销的未结算明细；请核对收费批次，已结算的请先撤销结算",
            "there are no unsettled lines to take back; check the batch",
        )
    return {}


def own_visit(call: Call, connection: sa.Connection, asked: dict[str, Any]) -> visits.Visit:
    """Return the caller's own open visit of the person that it names.

    Raises:
        ClaimError: `no_visit`.
    """
    visit = visits.open_visit(connection, call.institution_id, asked["visit_id"])
    if visit.person_id != asked["person_id"]:
        raise ClaimError(
            "no_visit",
            "就诊编号与人员编号不符；请核对",
            "the visit is of another person; check both",
        )
    return visit


def _kept(line: dict[str, Any]) -> dict[str, Any]:
    charged: datetime = line["charged_at"]
    names = (
        "line_id", "charge_batch", "item_code", "amount_fen", "quantity_e4", "price_e6",
        "original_line_id", "hospital_approved", "billing_doctor_code",
    )  # fmt: skip
    told_ = {name: line[name] for name in names if line.get(name) is not None}
    return told_ | {"day": day_of(charged)}
