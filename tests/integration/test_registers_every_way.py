"""Random persons of the registers: night, nights in turn, counter, case file and oracle agree."""

import datetime
import json
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from api.national.bill import bill_request, message_of, open_account
from api.national.desk import Desk
from api.national.envelope import Call
from api.national.register_facts import register_facts
from engine.codes.enums import Insurance, VisitKind
from engine.errors import ClaimError
from engine.periods import day_number
from engine.policy.book import load_book
from engine.policy.compiler import compile_book
from engine.settlement.case import settle_case
from engine.storage.database import Database
from engine.storage.messages import Verb
from engine.storage.posting import post
from engine.storage.reference import read_reference_data
from engine.storage.visits import Presence, Visit
from tests.integration.drawn_registers import KINDS, PERSONS, Bureau, drawn
from tests.integration.night_world import ACTIVE, RETIRED, Bill, Record
from tests.integration.register_world import (
    POLICIES,
    RegisterWorld,
)
from tests.oracle import settle_story
from tests.oracle_terms import load_yaml

NIGHTS = (datetime.date(2024, 3, 15), datetime.date(2024, 3, 31))
CLASSES = {ACTIVE: "active", RETIRED: "retired"}
AMOUNTS = ("pool_paid_fen", "account_paid_fen", "cash_paid_fen", "deductible_paid_fen")
Told = dict[str, tuple[Any, ...] | str]


# --- as a case file and for the oracle: facts are found here by plain loops


def holds(
    row: Record, day: datetime.date, first: str = "valid_from", end: str = "valid_to"
) -> bool:
    text = day.isoformat()
    return row[first] <= text and (not row[end] or text < row[end])


def cover_on(bureau: Bureau, person: str, day: datetime.date) -> Record | None:
    mine = [row for row in bureau.persons if row["person_id"] == person]
    return next((row for row in mine if holds(row, day, "cover_from", "cover_to")), None)


def full_months(first: str, day: datetime.date) -> int:
    begins = datetime.date.fromisoformat(first)
    months = (day.year - begins.year) * 12 + day.month - begins.month - (day.day < begins.day)
    return max(months, 0)


def of(bureau: Bureau, register: str, person: str) -> list[Record]:
    return [row for row in bureau.registers[register] if row["person_id"] == person]


def told_of_claim(bureau: Bureau, bill: Bill, cover: Record) -> dict[str, Any]:
    claim = bill.claim
    person, day = claim["psn_no"], datetime.date.fromisoformat(claim["begndate"])
    cards = [row for row in of(bureau, "registrations", person) if holds(row, day)]
    filings = [row for row in of(bureau, "filings", person) if holds(row, day)]
    here = [row for row in filings if row["care_region"] == claim["mdtrtarea_admvs"]]
    away = sorted((row["valid_from"], row["filing"]) for row in here if not row["institution_id"])
    local = claim["mdtrtarea_admvs"] == "610100"
    return {
        "id": claim["setl_id"],
        "kind": "claim",
        "visit": KINDS[claim["med_type"]],
        "level": f"L{claim['fixmedins_code'][1]}",
        "begin": day,
        "end": day,
        "settled": day,
        "disease": claim["dise_codg"],
        "institution": claim["fixmedins_code"],
        "filing": "local" if local else away[-1][1] if away else "not_filed",
        "transfer": any(row["institution_id"] == claim["fixmedins_code"] for row in here),
        "account_used": claim["acct_used_flag"] == "1",
        "tier": cover["tier"],
        "enrolled_months": full_months(cover["enrolled_from"], day),
        "contribution_years": int(cover["contribution_years"]),
        "registered_diseases": len({row["disease_code"] for row in cards} - {""}),
        "total": claim["medfee_sumamt"],
    }


def cards_of(bureau: Bureau, claim: dict[str, Any], person: str) -> list[dict[str, Any]]:
    """Return, as events, the registrations that hold on the day on which a claim's care begins."""
    events = []
    for k, row in enumerate(of(bureau, "registrations", person)):
        subject = {"disease": row["disease_code"], "institution": row["institution_id"]}
        if holds(row, claim["begin"]):
            event = {"id": f"card {k} of {claim['id']}", "kind": "registration"}
            days = {"from": claim["begin"], "until": claim["begin"]}
            named = {name: value for name, value in subject.items() if value}
            events.append(event | {"registration": row["registration"]} | named | days)
    return events


def changes_of(bureau: Bureau, person: str) -> list[tuple[datetime.date, dict[str, Any]]]:
    """Return a person's events without a bill, each with the day at whose beginning it stands."""
    found = []
    mine = [row for row in bureau.persons if row["person_id"] == person]
    for before, after in pairwise(mine):
        on = datetime.date.fromisoformat(after["cover_from"])
        event: dict[str, Any] = {"kind": "class_change", "class": CLASSES[after["person_type"]]}
        if before["tier"] != after["tier"] or before["cover_to"] != after["cover_from"]:
            event |= {"kind": "cover_change", "on": on}
        found.append((on, event))
    for row in of(bureau, "account_credits", person):
        on = datetime.date.fromisoformat(row["credited_on"])
        found.append((on, {"kind": "account_credit", "amount": row["amount"]}))
    for row in bureau.registers["family_links"]:
        on = datetime.date.fromisoformat(row["linked_on"])
        if row["owner_id"] == person:
            found.append((on, {"kind": "account_credit", "amount": f"-{row['amount']}"}))
        if row["person_id"] == person:
            found.append((on, {"kind": "family_link", "account": 1, "amount": row["amount"]}))
    return found


def story_of(bureau: Bureau, person: str) -> tuple[dict[str, Any], list[dict[str, Any]], list[str]]:
    """Return a person, the events in order, and the bills that no cover lets in."""
    rows: list[tuple[datetime.date, int, dict[str, Any]]] = [
        (on, 0, event) for on, event in changes_of(bureau, person)
    ]
    uncovered = []
    for bill in bureau.bills:
        if bill.claim["psn_no"] != person:
            continue
        on = datetime.date.fromisoformat(bill.claim["begndate"])
        cover = cover_on(bureau, person, on)
        if cover is None:
            uncovered.append(bill.claim["setl_id"])
            continue
        claim = told_of_claim(bureau, bill, cover)
        rows += [(on, 1, card) for card in cards_of(bureau, claim, person)]
        rows.append((on, 2, claim))
    events = [event for _, _, event in sorted(rows, key=lambda row: row[:2])]
    named = [{"id": f"event {k}"} | event for k, event in enumerate(events)]
    first = next(row for row in bureau.persons if row["person_id"] == person)
    facts = {
        "class": CLASSES[first["person_type"]],
        "birth_date": datetime.date(1960, 1, 1),
        "sex": "male",
    }
    return facts, named, uncovered


def by_story(bureau: Bureau) -> tuple[Told, Told]:
    """Return what the case files and the oracle make of the bills."""
    text = (POLICIES / "employee.yaml").read_text(encoding="utf-8")
    policy = load_yaml(text)
    engine: Told = {}
    oracle: Told = {}
    for person in PERSONS:
        facts, events, uncovered = story_of(bureau, person)
        case = {"region": "610100", "scheme": "employee", "person": facts, "events": events}
        for one in settle_case(case, POLICIES)["settlements"]:
            engine[one["event"]] = outcome(one, one.get("code"))
        for one in settle_story(policy, facts, {}, events):
            oracle[one["event"]] = outcome(one, one["status"])
        for told in (engine, oracle):
            told.update(dict.fromkeys(uncovered, "not_covered"))
    bills = {bill.claim["setl_id"] for bill in bureau.bills}
    return (
        {name: engine[name] for name in bills},
        {name: oracle[name] for name in bills},
    )


def outcome(row: dict[str, Any], code: str | None) -> tuple[Any, ...] | str:
    if row["status"] != "settled":
        return str(code)
    return tuple(row[name] for name in AMOUNTS)


# --- by night and at the counter


def by_night(bureau: Bureau, folder: Path, nights: tuple[datetime.date, ...]) -> RegisterWorld:
    world = RegisterWorld(folder, bureau.persons, **bureau.registers)
    after = ""
    for night in nights:
        until = night.isoformat()
        bills = [bill for bill in bureau.bills if after < bill.claim["enddate"] <= until]
        world.summary = world.night(*bills, night=night)
        after = until
    return world


def told_by(world: RegisterWorld, bureau: Bureau) -> Told:
    codes = [code for night in NIGHTS for code in world.rejected(night).values()]
    assert set(codes) <= {"not_covered"}
    settled = world.settled()
    told: Told = dict(world.pending())
    for bill in bureau.bills:
        name = bill.claim["setl_id"]
        row = settled.get(name)
        if row is not None:
            told[name] = tuple(row[amount] for amount in AMOUNTS)
        else:
            told.setdefault(name, "not_covered")
    return told


def at_the_counter(bureau: Bureau, world: RegisterWorld, folder: Path) -> Told:
    """Post each bill by itself in the order of settlement, as the national form does."""
    database = Database(folder / "counter.db")
    desk = Desk(database, compile_book(load_book(POLICIES)), read_reference_data(world.lake))
    bills = sorted(bureau.bills, key=lambda bill: bill.claim["setl_time"])
    told = {bill.claim["setl_id"]: _posted(desk, bill) for bill in bills}
    database.close()
    return told


def _posted(desk: Desk, bill: Bill) -> tuple[Any, ...] | str:
    claim = bill.claim
    day = day_number(datetime.date.fromisoformat(claim["begndate"]))
    now = day * 86_400 + 36_000
    visit = Visit(
        institution_id=claim["fixmedins_code"],
        visit_id=claim["mdtrt_id"],
        person_id=claim["psn_no"],
        home_region=claim["insuplc_admdvs"],
        care_region=claim["mdtrtarea_admvs"],
        insurance=int(Insurance.EMPLOYEE),
        visit_kind=int(VisitKind[KINDS[claim["med_type"]].upper()]),
        begin_day=day,
        disease_code=claim["dise_codg"],
        presence=Presence.REGISTERED,
        told={},
    )
    fen = int(claim["medfee_sumamt"].replace(".", ""))
    line = {
        "line_id": "1",
        "item_code": "A",
        "price_e6": fen * 10_000,
        "quantity_e4": 10_000,
        "amount_fen": fen,
        "day": day,
    }
    call = cast(Call, SimpleNamespace(now=now))
    with desk.database.transaction() as connection:
        open_account(connection, desk, call, visit)
    try:
        used = claim["acct_used_flag"] == "1"
        with desk.database.reading() as connection:
            facts = register_facts(call, desk, connection, visit, day)
        request = bill_request(desk, visit, [line], account_used=used, **facts)
    except ClaimError as error:
        return {"not_insured": "not_covered"}.get(error.code, error.code)
    request |= {"verb": Verb.SETTLE, "visit_id": visit.visit_id}
    message = message_of(desk, request, (visit.institution_id, claim["msgid"]), now)
    [answer] = post(desk.database, desk.book, [message], now)
    if isinstance(answer, ClaimError):
        return answer.code
    [settled] = json.loads(answer)["settlements"]
    return tuple(settled[name] for name in AMOUNTS)


@pytest.mark.parametrize("seed", range(3))
def test_every_way_to_settle_by_the_registers_gives_the_same(seed: int, tmp_path: Path) -> None:
    bureau = drawn(seed)
    case, oracle = by_story(bureau)
    assert case == oracle
    at_once = by_night(bureau, tmp_path / "once", NIGHTS[1:])
    assert told_by(at_once, bureau) == case
    assert told_by(by_night(bureau, tmp_path / "turn", NIGHTS), bureau) == case
    assert at_the_counter(bureau, at_once, tmp_path) == case
    assert {type(one) for one in case.values()} == {tuple, str}
