"""A stay until it is settled: 2401, 2402, 2403, 2404, 2405, and its lines 2301, 2302."""

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from api.national.bill import open_account
from api.national.charges import take_lines
from api.national.desk import Desk, block, blocks, day_of, own_visit, today, told
from api.national.envelope import Call
from api.national.outpatient import check_removed, diagnoses, new_visit, withdraw
from api.national.steps import take_step
from engine.codes.lookup import CodeTable
from engine.errors import ClaimError
from engine.storage import visits
from engine.wire.translate import write_record

ALL_LINES = "0000"
TOLD = (
    "inpatient_no", "doctor_code", "department_code", "department_name", "admission_diagnosis",
    "main_diagnosis_code", "main_diagnosis_name", "operation_code", "operation_name",
    "discharge_way",
)  # fmt: skip
DISEASES = ("disease_code", "admission_disease_code", "main_diagnosis_code")
"""Where the disease of a stay may stand, the first that is told deciding."""


def admit(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2401: a stay begins, of a person who is insured on that day."""
    needs = ("person_id", "insurance", "began_at", "visit_kind", "inpatient_no")
    asked = told(block(call, "mdtrtinfo"), needs, "claim")
    visit = new_visit(call, desk, asked, visits.Presence.ADMITTED, ())
    open_account(connection, desk, call, visit)
    visits.add_visit(connection, replace(visit, **_facts(call, visit, asked)))
    return {"result": write_record({"visit_id": visit.visit_id}, "claim")}


def change(call: Call, _desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2403: what was told at admission is corrected; the day only while nothing is settled."""
    asked = told(block(call, "adminfo"), ("visit_id", "person_id"), "claim")
    visit = own_visit(call, connection, asked)
    facts = _facts(call, visit, asked)
    if asked.get("began_at") is not None:
        facts["begin_day"] = day_of(asked["began_at"])
        if facts["begin_day"] != visit.begin_day and visits.live_bills(connection, visit):
            raise ClaimError(
                "visit_settled",
                "该住院已有结算，不能更改入院日期；请先以 2305 撤销结算",
                "the stay is settled, so its first day stands; cancel the settlements first (2305)",
            )
    take_step(connection, visit, "2403", **facts)
    return {}


def discharge(call: Call, _desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2402: the patient leaves; the stay's last bill then ends on that day."""
    needs = ("visit_id", "person_id", "ended_at", "discharge_way")
    asked = told(block(call, "dscginfo"), needs, "claim")
    visit = own_visit(call, connection, asked)
    day = day_of(asked["ended_at"])
    if not visit.begin_day <= day <= day_of(today(call)):
        raise ClaimError(
            "discharge_day",
            "出院时间早于入院时间，或在今天之后；请更正",
            "the discharge is before the admission, or after today; correct it",
        )
    take_step(connection, visit, "2402", end_day=day, **_facts(call, visit, asked))
    return {}


def cancel_admission(call: Call, _desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2404: the admission is taken back with its lines, unless a settlement stands."""
    asked = told(block(call, "data"), ("visit_id", "person_id"), "claim")
    withdraw(connection, own_visit(call, connection, asked), "2404")
    return {}


def cancel_discharge(call: Call, _desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2405: the patient is in hospital again; the stay's last bill must be undone first."""
    asked = told(block(call, "data"), ("visit_id", "person_id"), "claim")
    take_step(connection, own_visit(call, connection, asked), "2405", end_day=None)
    return {}


def send_lines(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2301: lines of a stay; a negative one names the line of which it takes something back."""
    return take_lines(call, desk, connection, ())


def remove_lines(call: Call, _desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2302: unsettled lines are taken back: those named, or all under the number 0000."""
    for one in blocks(call, "data"):
        asked = told(one, ("visit_id", "person_id", "line_id"), "line")
        visit = take_step(connection, own_visit(call, connection, asked), "2302")
        line = None if asked["line_id"] == ALL_LINES else asked["line_id"]
        check_removed(visits.remove_lines(connection, visit, None, line))
    return {}


def _facts(call: Call, visit: visits.Visit, asked: dict[str, Any]) -> dict[str, Any]:
    """Return what a message tells of a stay, as changes of it."""
    said = {name: asked[name] for name in TOLD if asked.get(name) is not None}
    listed = diagnoses(call)
    if listed:
        said["diagnoses"] = listed
    facts: dict[str, Any] = {"told": {**visit.told, **said}}
    if asked.get("visit_kind") is not None:
        kinds = CodeTable.load("visit_kind")
        kind = kinds.decode(visit.care_region, asked["visit_kind"], today(call))
        facts["visit_kind"] = int(kind)
    diseases = (asked.get(name) for name in DISEASES)
    disease = next((code for code in diseases if code is not None), None)
    if disease is not None:
        facts["disease_code"] = disease
    return facts
