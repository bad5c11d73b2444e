"""An out-patient visit until it is settled: 2201, 2202, 2203, 2204, 2205."""

from typing import Any

import sqlalchemy as sa

from api.national.bill import open_account
from api.national.charges import take_lines
from api.national.desk import (
    Desk,
    block,
    blocks,
    cover_of,
    day_of,
    insurance_of,
    own_visit,
    today,
    told,
)
from api.national.envelope import Call
from api.national.steps import take_step
from engine.claims.keys import content_key
from engine.codes.lookup import CodeTable
from engine.errors import ClaimError
from engine.storage import visits
from engine.wire.translate import write_record

ALL_BATCHES = "0000"
MAIN_DIAGNOSIS = "1"
TOLD = ("outpatient_no", "doctor_code", "doctor_name", "department_code", "department_name")


def register(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2201: a visit begins, of a person who is insured on that day."""
    needs = ("person_id", "insurance", "began_at", "outpatient_no")
    asked = told(block(call, "data"), needs, "claim")
    visit = new_visit(call, desk, asked, visits.Presence.REGISTERED, TOLD)
    open_account(connection, desk, call, visit)
    visits.add_visit(connection, visit)
    names = ("person_id", "outpatient_no")
    return {
        "data": write_record(
            {"visit_id": visit.visit_id, **{name: asked[name] for name in names}}, "claim"
        )
    }


def new_visit(
    call: Call,
    desk: Desk,
    asked: dict[str, Any],
    presence: visits.Presence,
    names: tuple[str, ...],
) -> visits.Visit:
    """Return the visit that a message begins; its id follows from the message.

    Args:
        asked: with `person_id`, `insurance` and `began_at`.
        presence: where the patient is.
        names: of what is told beside.

    Raises:
        ClaimError: `not_insured`, `unknown_institution`.
    """
    insurance = insurance_of(desk, call, asked["insurance"])
    day = day_of(asked["began_at"])
    home = call.home_region
    if home not in desk.homes:  # Elsewhere the region of insurance was asked before.
        home = cover_of(desk, call, asked["person_id"], insurance, day)["region"]
    return visits.Visit(
        institution_id=call.institution_id,
        visit_id=visit_id_of(call.institution_id, call.message_id),
        person_id=asked["person_id"],
        home_region=home,
        care_region=desk.reference.institution(call.institution_id)["region"],
        insurance=int(insurance),
        visit_kind=None,
        begin_day=day,
        disease_code=None,
        presence=presence,
        told={name: asked[name] for name in names if asked.get(name) is not None},
    )


def visit_id_of(institution_id: str, message_id: str) -> str:
    """Return the id of the visit that a message begins, however often it is sent."""
    return f"{content_key(f'{institution_id} {message_id}'):019d}"


def cancel_registration(call: Call, _desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2202: the visit is taken back, unless a settlement stands."""
    asked = told(block(call, "data"), ("visit_id", "person_id"), "claim")
    withdraw(connection, own_visit(call, connection, asked), "2202")
    return {}


def withdraw(connection: sa.Connection, visit: visits.Visit, step: str) -> None:
    """Take a visit back with its lines.

    Raises:
        ClaimError: `visit_settled`, `step_not_allowed`.
    """
    if visits.live_bills(connection, visit):
        raise ClaimError(
            "visit_settled",
            "该就诊已有结算，不能撤销登记；请先撤销结算（2208、2305）",
            "the visit is settled; cancel its settlements first (2208, 2305)",
        )
    take_step(connection, visit, step)
    visits.remove_lines(connection, visit)


def diagnose(call: Call, _desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2203: the kind of visit and its diagnosis."""
    needs = ("visit_id", "person_id", "visit_kind")
    asked = told(block(call, "mdtrtinfo"), needs, "claim")
    visit = own_visit(call, connection, asked)
    kind = CodeTable.load("visit_kind").decode(visit.care_region, asked["visit_kind"], today(call))
    listed = diagnoses(call)
    main = [one for one in listed if one.get("diagnosis_place") == MAIN_DIAGNOSIS] or listed
    disease = asked.get("disease_code") or (main[0]["disease_code"] if main else None)
    take_step(
        connection,
        visit,
        call.transaction,
        visit_kind=int(kind),
        disease_code=disease,
        told={**visit.told, "diagnoses": listed},
    )
    return {}


def diagnoses(call: Call) -> list[dict[str, Any]]:
    """Return the diagnoses that a message lists, none where it has no such block."""
    if "diseinfo" not in call.blocks:
        return []
    return [told(one, ("disease_code",), "diagnosis") for one in blocks(call, "diseinfo")]


def send_lines(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2204: lines for a visit, and how each is split when it is priced alone."""
    return take_lines(call, desk, connection, ("charge_batch",))


def remove_lines(call: Call, _desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2205: lines that are not settled are taken back: a batch, or all under batch 0000."""
    asked = told(block(call, "data"), ("visit_id", "person_id", "charge_batch"), "claim")
    visit = take_step(connection, own_visit(call, connection, asked), "2205")
    batch = asked["charge_batch"]
    removed = visits.remove_lines(connection, visit, None if batch == ALL_BATCHES else batch)
    check_removed(removed)
    return {}


def check_removed(removed: int) -> None:
    """Check that there was something to take back.

    Raises:
        ClaimError: `no_lines`.
    """
    if removed == 0:
        raise ClaimError(
            "no_lines",
            "没有可撤销的未结算明细；请核对收费批次或明细流水号，已结算的请先撤销结算",
            "there are no unsettled lines to take back; check the batch or the line",
        )
