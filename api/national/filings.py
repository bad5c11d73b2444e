"""Filings: referral 2501, chronic disease 2503, designated provider 2505; 2502, 2504, 2506 undo."""

from dataclasses import replace
from datetime import date
from typing import Any

import sqlalchemy as sa

from api.national.bill import message_of
from api.national.desk import Desk, block, cover_of, day_of, insurance_of, told
from api.national.envelope import Call
from engine.claims.keys import content_key
from engine.codes.enums import Insurance
from engine.errors import ClaimError
from engine.periods import NO_END_DAY, date_of_day
from engine.policy.book import Scheme
from engine.policy.insurances import SCHEME_OF
from engine.storage.filings import ANYWHERE, REFERRAL, Declared, add_filing, own_filing, take_back
from engine.storage.messages import Verb
from engine.storage.posting import post_within
from engine.wire.translate import write_record

CHRONIC, DESIGNATED = "2503", "2505"
BLOCKS = {REFERRAL: "refmedin", CHRONIC: "psndise", DESIGNATED: "data"}
NEEDS = {
    REFERRAL: ("referred_to",),
    CHRONIC: ("disease_code",),
    DESIGNATED: ("institution_id",),
}
UNDOES = {"2502": REFERRAL, "2504": CHRONIC, "2506": DESIGNATED}
SUBJECTS = {CHRONIC: "disease", DESIGNATED: "institution"}
"""What the registrations are for that a transaction brings, as schemes say it."""

NEVER = date(1900, 1, 1)
"""The only day of a registration that was taken back: the latest record states all its days."""


def declare(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2501, 2503, 2505: a filing holds from its first day on; settlement asks for it."""
    number = call.transaction
    needs = ("person_id", "insurance", "begin_date", *NEEDS[number])
    asked = told(block(call, BLOCKS[number]), needs, "filing")
    filing = _filing(call, desk, asked)
    if filing.valid_to <= filing.valid_from:
        raise ClaimError(
            "end_before_begin",
            "结束日期早于开始日期，未作备案；请更正",
            "the filing ends before it begins, so it was not taken; correct it",
        )
    if number == REFERRAL and filing.institution_id == call.institution_id:
        raise ClaimError(
            "referred_to_itself",
            "转往医疗机构就是本机构，未作备案；转院由转出机构办理",
            "a hospital refers to another one, so this was not taken",
        )
    add_filing(connection, filing)
    if number in SUBJECTS:
        _register(call, desk, connection, filing)
    return {"result": write_record({"filing_id": filing.filing_id}, "filing")}


def withdraw(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """2502, 2504, 2506: a filing of the institution is taken back; what it settled stands."""
    asked = told(block(call, "data"), ("person_id", "filing_id"), "filing")
    filing = own_filing(connection, call.institution_id, asked["filing_id"])
    kind = UNDOES[call.transaction]
    if filing is None or filing.person_id != asked["person_id"] or filing.transaction != kind:
        raise ClaimError(
            "no_filing",
            "本机构没有该备案，或已撤销；请核对备案流水号",
            "this institution has no such filing, or it was taken back; check its number",
        )
    take_back(connection, filing)
    if kind in SUBJECTS:
        never = replace(filing, valid_from=day_of(NEVER), valid_to=day_of(NEVER) + 1)
        _register(call, desk, connection, never)
    return {}


def _filing(call: Call, desk: Desk, asked: dict[str, Any]) -> Declared:
    insurance = insurance_of(desk, call, asked["insurance"])
    first, last = day_of(asked["begin_date"]), asked.get("end_date")
    cover = cover_of(desk, call, asked["person_id"], insurance, first)
    return Declared(
        filing_id=f"{content_key(f'{call.institution_id} {call.message_id}'):019d}",
        declared_by=call.institution_id,
        transaction=call.transaction,
        person_id=asked["person_id"],
        region=cover["region"],
        insurance=int(insurance),
        care_region=asked.get("referred_to_region") or ANYWHERE,
        institution_id=asked.get("referred_to") or asked.get("institution_id"),
        disease_code=asked.get("disease_code"),
        valid_from=first,
        valid_to=NO_END_DAY if last is None else day_of(last) + 1,
    )


def _register(call: Call, desk: Desk, connection: sa.Connection, filing: Declared) -> None:
    """Post a registration to the ledger, under the names that the person's scheme has for it."""
    scheme = _scheme(desk, filing)
    subject = SUBJECTS[filing.transaction]
    names = [name for name, one in scheme.file.registrations.items() if one.per == subject]
    if not names:
        raise ClaimError(
            "not_asked_for",
            "参保地政策不要求这种备案，未作备案；无需办理",
            "the policy of the insuring region asks for no such filing; none is needed",
        )
    days = {"from": date_of_day(filing.valid_from).isoformat()}
    if filing.valid_to != NO_END_DAY:
        days["until"] = date_of_day(filing.valid_to - 1).isoformat()
    for name in names:
        request = {
            "region": scheme.file.region,
            "scheme": scheme.file.scheme,
            "person_id": filing.person_id,
            "person": {"class": next(iter(scheme.file.person_classes))},
            "verb": Verb.SETTLE,
            "event": {"kind": "registration", "registration": name, **_of(filing), **days},
        }
        key = (call.institution_id, f"{call.message_id}.{name}")
        message = replace(message_of(desk, request, key, call.now), body_hash=call.body_hash)
        [answer] = post_within(connection, desk.book, [message], call.now)
        if isinstance(answer, ClaimError):
            raise answer


def _of(filing: Declared) -> dict[str, str]:
    if filing.transaction == CHRONIC:
        return {"disease": filing.disease_code or ""}
    return {"institution": filing.institution_id or ""}


def _scheme(desk: Desk, filing: Declared) -> Scheme:
    name = SCHEME_OF.get(Insurance(filing.insurance), "")
    at = desk.book.book.index(filing.region, name)
    if at is None:
        raise ClaimError(
            "no_policy",
            f"没有区划 {filing.region} 该险种的政策；请联系经办机构",
            f"there is no policy of {filing.region} for this insurance; ask the bureau",
        )
    return desk.book.book.schemes[at]
