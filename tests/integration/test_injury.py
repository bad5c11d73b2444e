"""The injury fund takes a bill over from basic insurance: two ledgers, one due between them.

A stay of 22,000.00, of which 2,000.00 is off the list: basic insurance pays (20,000 - 800) x 86 %,
16,512.00; the injury fund pays the 20,000.00 on its list.
"""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from engine.cases.injury import KIND, LIFE
from engine.cases.life_cycle import FIRST, life_cycles
from engine.cases.roles import role_book
from engine.errors import CaseError, ClaimError
from engine.storage.audit import verify
from engine.storage.case_steps import read_case
from engine.storage.case_tables import POSTING_LEGS
from engine.storage.cases import CaseRow, Officer, list_cases
from engine.storage.database import Database
from engine.storage.injury import decide, report, take_over
from engine.storage.ledger_tables import LEGS
from engine.storage.manual import check, enter, receive, settle
from engine.storage.messages import read_message
from engine.storage.officers import change_role
from engine.storage.posting import post
from tests.injury_world import injury_book
from tests.ledger_world import NOW, ask, contents, counters, settled_as, stay

CLERK = Officer("clerk", date(2023, 5, 8), 100)
EVENT = {
    "visit": "inpatient",
    "level": "L3",
    "begin": "2023-03-01",
    "end": "2023-03-08",
    "total": "22000.00",
    "self_pay_off_list": "2000.00",
}
RECORDER, CHIEF = (replace(CLERK, name=name) for name in ("recorder", "chief"))
ROLES = {"clerk": ("injury_reception", "injury_settlement"), "recorder": ("injury_recognition",)}
BENEFIT, PROVIDER_PAYABLE, AGENCY = 1, 3, 6
POOL, INJURY = 0, 6


@pytest.fixture(autouse=True)
def _roles(database: Database) -> None:
    for name, roles in ROLES.items():
        for role in roles:
            change_role(database, "granted", name, role, CHIEF)


def bill(of: int = 1, **changed: Any) -> dict[str, Any]:
    return {"settlement": settled_as(of), "person": {"class": "active"}, "event": EVENT, **changed}


def reported(database: Database) -> str:
    return report(database, CLERK, "P1", "000000", date(2023, 3, 1)).case_id


def recognised(database: Database) -> str:
    case_id = reported(database)
    decide(database, case_id, "recognised", RECORDER, "decision 5")
    return case_id


def balances(database: Database) -> dict[tuple[int, int, str], int]:
    """What every account holds: kind, purse, party."""
    sums: Counter[tuple[int, int, str]] = Counter()
    with database.reading() as connection:
        for table in (LEGS, POSTING_LEGS):
            c = table.c
            for row in connection.execute(sa.select(c.account, c.purse, c.party, c.amount_fen)):
                sums[row[0], row[1], row[2]] += row[3]
    return {key: fen for key, fen in sums.items() if fen}


def test_the_injury_fund_pays_and_the_agencies_settle_the_common_part(database: Database) -> None:
    ask(database, stay(1, event=EVENT))
    case = take_over(database, injury_book(), recognised(database), CLERK, bill())
    assert case.last.content["injury_paid_fen"] == 20_000_00
    assert case.last.content["due_between_agencies_fen"] == 16_512_00
    # Basic insurance has paid 16,512.00 to the institution or still will; the injury fund pays it
    # 3,488.00 more.
    assert balances(database) == {
        (PROVIDER_PAYABLE, POOL, "H1"): -16_512_00,
        (AGENCY, POOL, "injury"): 16_512_00,
        (BENEFIT, INJURY, ""): 20_000_00,
        (AGENCY, INJURY, "medical"): -16_512_00,
        (PROVIDER_PAYABLE, INJURY, "H1"): -3_488_00,
    }
    assert counters(database)["stays"] == 0
    with database.reading() as connection:
        assert verify(connection).first_bad is None


def test_nothing_is_taken_over_before_a_recognition(database: Database) -> None:
    ask(database, stay(1, event=EVENT))
    case_id = reported(database)
    before = contents(database)
    with pytest.raises(CaseError, match="not_recognised"):
        take_over(database, injury_book(), case_id, CLERK, bill())
    assert contents(database) == before


def test_a_revoked_recognition_shuts_the_gate(database: Database) -> None:
    ask(database, stay(1, event=EVENT))
    case_id = recognised(database)
    decide(database, case_id, "recognition_revoked", RECORDER, "decision 6")
    with pytest.raises(CaseError, match="not_recognised"):
        take_over(database, injury_book(), case_id, CLERK, bill())


def test_a_bill_is_taken_over_once(database: Database) -> None:
    ask(database, stay(1, event=EVENT))
    case_id = recognised(database)
    take_over(database, injury_book(), case_id, CLERK, bill())
    after = balances(database)
    with pytest.raises(CaseError, match="superseded_twice"):
        take_over(database, injury_book(), case_id, CLERK, bill())
    assert balances(database) == after


def test_a_step_cut_off_after_the_message_goes_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(database, stay(1, event=EVENT))
    case_id = recognised(database)

    def cut_off(*_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("engine.storage.injury._record", cut_off)
        with pytest.raises(KeyboardInterrupt):
            take_over(database, injury_book(), case_id, CLERK, bill())
    later = Officer("clerk", date(2023, 5, 9), 200)
    case = take_over(database, injury_book(), case_id, later, bill())
    assert case.last.content["due_between_agencies_fen"] == 16_512_00
    assert balances(database)[AGENCY, POOL, "injury"] == 16_512_00


def test_a_later_settlement_stands_in_the_way_unless_the_officer_says_what_becomes_of_it(
    database: Database,
) -> None:
    ask(database, stay(1, event=EVENT), stay(2))
    case_id = recognised(database)
    with pytest.raises(ClaimError, match="reversal_not_last"):
        take_over(database, injury_book(), case_id, CLERK, bill())
    case = take_over(database, injury_book(), case_id, CLERK, bill(mode="cascade"))
    assert case.superseded == {settled_as(1)}
    # The second stay is now the first of the year: (22,000 - 800) x 86 %.
    assert balances(database)[BENEFIT, POOL, ""] == 18_232_00


def test_care_before_the_injury_is_not_taken_over(database: Database) -> None:
    ask(database, stay(1, event=EVENT))
    case_id = recognised(database)
    earlier = {**EVENT, "begin": "2023-02-28"}
    with pytest.raises(CaseError, match="before_injury"):
        take_over(database, injury_book(), case_id, CLERK, bill(event=earlier))


def test_a_settlement_that_is_not_there_is_said_so(database: Database) -> None:
    case_id = recognised(database)
    with pytest.raises(ClaimError, match="unknown_settlement"):
        take_over(database, injury_book(), case_id, CLERK, bill(9))


def entered(database: Database) -> str:
    """Return a claim by hand on the injury fund that is checked."""
    opening = {"person": "P1", "region": "000000", "scheme": "injury", "kind": "work_injury"}
    papers = ["receipt", "itemised_list", "diagnosis", "records"]
    claim = receive(database, CLERK, {**opening, "papers": papers}).case_id
    entry = {
        "invoices": ["5"],
        "institution": "H9",
        "person": {"class": "active"},
        "event": EVENT,
    }
    enter(database, injury_book(), claim, CLERK, entry)
    check(database, claim, CLERK)
    return claim


def test_a_claim_by_hand_of_work_injury_waits_for_the_recognition(database: Database) -> None:
    claim = entered(database)
    with pytest.raises(ClaimError, match="not_recognised"):
        settle(database, injury_book(), claim, CLERK)
    recognised(database)
    settled = settle(database, injury_book(), claim, CLERK)
    assert settled.settlement["injury_paid_fen"] == 20_000_00


def test_what_was_paid_to_the_person_is_not_taken_over_from_the_institution(
    database: Database,
) -> None:
    opening = {"person": "P1", "region": "000000", "scheme": "employee", "kind": "medical"}
    papers = ["receipt", "itemised_list", "diagnosis", "records"]
    claim = receive(database, CLERK, {**opening, "papers": papers}).case_id
    given = {"invoices": ["5"], "institution": "H9", "person": {"class": "active"}, "event": EVENT}
    enter(database, injury_book(), claim, CLERK, given)
    check(database, claim, CLERK)
    settlement = settle(database, injury_book(), claim, CLERK).settlement["settlement_id"]
    case_id = recognised(database)
    taken = {**bill(), "settlement": settlement}
    with pytest.raises(ClaimError, match="paid_to_person"):
        take_over(database, injury_book(), case_id, CLERK, taken)


@pytest.mark.parametrize(
    ("begin", "decisions", "settles"),
    [
        ("2023-03-01", [], False),
        ("2023-03-01", ["not_recognised"], False),
        ("2023-03-01", ["recognised"], True),
        ("2023-02-28", ["recognised"], False),
        ("2023-03-01", ["recognised", "recognition_revoked"], False),
    ],
)
def test_the_one_posting_lets_no_claim_on_the_injury_fund_through_without_recognition(
    database: Database, begin: str, decisions: list[str], settles: bool
) -> None:
    case_id = reported(database)
    for name in decisions:
        decide(database, case_id, name, RECORDER, "decision 5")
    request = stay(1, scheme="injury", event={**EVENT, "begin": begin})
    told = read_message(json.dumps(request).encode(), injury_book())
    [answer] = post(database, injury_book(), [told], NOW)
    refused = isinstance(answer, ClaimError) and answer.code == "not_recognised"
    assert refused is not settles


def test_every_event_of_a_case_is_read_back(database: Database) -> None:
    case_id = recognised(database)
    _, events = read_case(database, LIFE, case_id)
    assert [event.event for event in events] == ["reported", "recognised"]


Step = Callable[[Database, str, str], object]
STEPS: dict[str, Step] = {
    "report": lambda at, _case, _claim: report(at, CHIEF, "P1", "000000", date(2023, 3, 1)),
    "decide": lambda at, case, _claim: decide(at, case, "recognition_revoked", CHIEF, "6"),
    "take over": lambda at, case, _claim: take_over(at, injury_book(), case, CHIEF, bill()),
    "settle by hand": lambda at, _case, claim: settle(at, injury_book(), claim, CHIEF),
}


@pytest.mark.parametrize("step", STEPS)
def test_who_does_not_hold_the_role_of_a_step_does_not_take_it(
    step: str, database: Database
) -> None:
    ask(database, stay(1, event=EVENT))
    case_id, claim = recognised(database), entered(database)
    before = contents(database), read_case(database, LIFE, case_id)
    with pytest.raises(CaseError, match="not_of_the_role"):
        STEPS[step](database, case_id, claim)
    assert (contents(database), read_case(database, LIFE, case_id)) == before
    assert [one.key.case_id for one in cases(database)] == [case_id]


def test_a_role_that_is_withdrawn_lets_nobody_go_on(database: Database) -> None:
    ask(database, stay(1, event=EVENT))
    case_id = recognised(database)
    left = change_role(database, "withdrawn", "clerk", "injury_settlement", CHIEF)
    assert left == {"injury_reception"}
    with pytest.raises(CaseError, match="not_of_the_role"):
        take_over(database, injury_book(), case_id, CLERK, bill())


def test_who_has_recorded_the_recognition_does_not_take_over_by_it(database: Database) -> None:
    ask(database, stay(1, event=EVENT))
    case_id = recognised(database)
    change_role(database, "granted", "recorder", "injury_settlement", CHIEF)
    with pytest.raises(CaseError, match="same_person"):
        take_over(database, injury_book(), case_id, RECORDER, bill())


@pytest.mark.parametrize(
    ("event", "name", "role", "by", "code"),
    [
        ("granted", "chief", "injury_settlement", CHIEF, "same_person"),
        ("granted", "clerk", "injury_settlement", CHIEF, "role_held"),
        ("granted", "clerk", "treasurer", CHIEF, "unknown_role"),
        ("withdrawn", "clerk", "injury_recognition", CHIEF, "role_not_held"),
        ("withdrawn", "nobody", "injury_settlement", CHIEF, "event_order"),
    ],
)
def test_a_role_is_changed_by_another_person_and_only_where_it_changes_something(
    database: Database, event: str, name: str, role: str, by: Officer, code: str
) -> None:
    with pytest.raises(CaseError) as refused:
        change_role(database, event, name, role, by)
    assert refused.value.code == code


def test_every_change_of_a_role_has_its_audit_record(database: Database) -> None:
    with database.reading() as connection:
        records = verify(connection)
    assert (records.records, records.first_bad) == (3, None)


def test_the_roles_that_steps_ask_for_are_those_that_there_are() -> None:
    book = role_book()
    assert {role for steps in book.steps.values() for role in steps.values()} == set(book.roles)
    assert set(book.steps["work_injury"]) == set(life_cycles()["work_injury"]) - {FIRST}


def cases(database: Database) -> list[CaseRow]:
    with database.reading() as connection:
        return list_cases(connection, KIND)
