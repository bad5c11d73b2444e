"""Who somebody is and what they are entitled to: 9001, 9002, 1101, 2001."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from api.national.desk import Desk, block, cover_of, day_of, insurance_of, today, told
from api.national.envelope import Call
from engine.claims.keys import content_key
from engine.codes.enums import Insurance, PersonType, Sex
from engine.codes.lookup import CodeTable
from engine.errors import ClaimError
from engine.periods import NO_END_DAY, date_of_day
from engine.wire.translate import English, write_record

INSURED, ENDED = "1", "4"
CHECKED_FUND = "01"
ENTITLED, NOT_ENTITLED = "1", "0"


def sign_in(call: Call, desk: Desk, _connection: sa.Connection) -> dict[str, Any]:
    """9001, 9002: a session begins or ends; its number follows from the message."""
    desk.reference.institution(call.institution_id)
    session: dict[str, English] = {
        "signed_in_at": datetime.fromtimestamp(call.now, UTC).replace(tzinfo=None),
        "session_no": f"{content_key(f'{call.institution_id} {call.message_id}'):019d}",
    }
    return {"signinoutb": write_record(session, "session")}


def person_information(call: Call, desk: Desk, _connection: sa.Connection) -> dict[str, Any]:
    """1101: the person that a credential belongs to, with a row for each insurance."""
    asked = told(block(call, "data"), (), "person")
    number = asked.get("identity_no") or asked.get("credential_no")
    persons = desk.reference.persons_of(number) if number else []
    if len(persons) != 1:
        raise ClaimError(
            "no_person",
            "参保登记中没有该证件的人员，或一证多人；请核对证件，或联系经办机构",
            "no person, or more than one, has this credential; check it, or ask the bureau",
        )
    rows = desk.reference.covers(persons[0])
    region, on = desk.reference.institution(call.institution_id)["region"], today(call)
    base = {
        "person_id": persons[0],
        "identity_no": rows[0]["identity_no"],
        "person_name": rows[0]["name"],
        "sex": CodeTable.load("sex").encode(region, Sex(rows[0]["sex"]), on),
        "birth_date": date_of_day(rows[0]["birth_day"]),
    }
    insured = [_insured(row, region, call) for row in rows]
    return {"baseinfo": write_record(base, "person"), "insuinfo": insured, "idetinfo": []}


def _insured(row: dict[str, Any], region: str, call: Call) -> dict[str, Any]:
    on = today(call)
    ends = row["cover_to"]
    within = row["cover_from"] <= day_of(on) < ends
    told_ = {
        "account_balance_fen": row["account_balance_fen"],
        "insurance": CodeTable.load("insurance").encode(region, Insurance(row["insurance"]), on),
        "person_type": CodeTable.load("person_type").encode(
            region, PersonType(row["person_type"]), on
        ),
        "insured_status": INSURED if within else ENDED,
        "insured_from": date_of_day(row["cover_from"]),
        "insured_to": None if ends == NO_END_DAY else date_of_day(ends),
        "home_region": row["region"],
    }
    return write_record(told_, "insured")


def entitlement(call: Call, desk: Desk, _connection: sa.Connection) -> dict[str, Any]:
    """2001: whether the fund pays for the person from a day on, and if not, why."""
    needs = ("person_id", "insurance", "began_at")
    asked = told(block(call, "data"), needs, "claim")
    insurance = insurance_of(desk, call, asked["insurance"])
    try:
        cover = cover_of(desk, call, asked["person_id"], insurance, day_of(asked["began_at"]))
    except ClaimError as error:
        row = entitlement_row(f"{error.code} {error.message_zh}")
    else:
        ends = cover["cover_to"]
        row = entitlement_row(None) | {
            "begin_date": date_of_day(cover["cover_from"]),
            "end_date": None if ends == NO_END_DAY else date_of_day(ends),
        }
    return {"trtinfo": [write_record(row, "entitlement")]}


def entitlement_row(reason: str | None) -> dict[str, Any]:
    """Return the row that says whether a person is entitled; `reason` says why not."""
    entitled = ENTITLED if reason is None else NOT_ENTITLED
    row: dict[str, Any] = {"check_kind": CHECKED_FUND, "entitled": entitled}
    return row if reason is None else row | {"reason": reason}
