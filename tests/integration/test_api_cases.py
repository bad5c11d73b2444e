"""What an investigator reads of cases: their own region's, without free text, page by page."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.storage import inquiries, recoveries
from engine.storage.cases import Officer
from engine.storage.database import Database
from engine.storage.lake import Lake
from tests.http_client import TestClient
from tests.rest_hospital import Hospital, code, hospital, serving

REGION = "360100"
AN, BO, CAI = (Officer(name, date(2026, 5, 4), 100) for name in ("an", "bo", "cai"))
ENDLESS = {"rate_per_second": 10**6, "rate_burst": 10**6}
ABOUT = {"subject_kind": "provider", "subject": "H1", "region": REGION, "class": "breach"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with serving(tmp_path, **ENDLESS) as client:
        yield client


@pytest.fixture
def database(client: TestClient) -> Iterator[Database]:
    lake: Path = client.app.state.settings.lake  # type: ignore[attr-defined]
    opened = Lake(lake).database
    yield opened
    opened.close()


@pytest.fixture
def investigator(client: TestClient) -> Hospital:
    return hospital(client, f"investigator-{REGION}")


def an_inquiry(database: Database, day: int = 4, **changed: Any) -> str:
    officer = Officer("an", date(2026, 5, day), 100)
    return inquiries.begin(database, officer, {**ABOUT, "findings": ["S1"], **changed}).case_id


def a_recovery(database: Database, owed: dict[str, int], debtor: str = "P1") -> str:
    said = {"person": "P1", "region": REGION, "debtor": debtor, "reason": "张三已死亡"}
    return recoveries.propose(database, AN, {**said, "owed": owed}).case_id


def test_an_inquiry_that_was_raised_names_its_articles_and_no_offence(
    database: Database, investigator: Hospital
) -> None:
    case = an_inquiry(database)
    fact = {"fact": "settled_again", "acted_on": "2026-04-09", "original": "payment_record"}
    inquiries.step(database, case, "purpose_recorded", BO, fact)
    raised = {"to": "suspected_fraud", "clause": "40", "reason": "李四说的"}
    inquiries.step(database, case, "raised", AN, raised)
    answer = investigator.send("GET", f"/v1/cases/{case}")
    told = answer.json()
    assert told["case"]["standing"] == told["steps"][2]["to"] == "with_purpose"
    assert told["case"]["decides"] == "administration"
    assert told["case"]["basis"][0] == "《社会保险经办条例》第五十五条"
    assert told["steps"][1] == {
        "event": "purpose_recorded", "on": "2026-05-04", "officer": "bo", **fact,
    }  # fmt: skip
    assert "fraud" not in answer.text
    assert "骗" not in answer.text


def test_what_was_said_and_why_stays_in_the_case_file(
    database: Database, investigator: Hospital
) -> None:
    case = an_inquiry(database)
    inquiries.step(database, case, "heard", BO, {"statement": "李四上传了两次"})
    inquiries.step(database, case, "closed", BO, {"reason": "张三"})
    text = investigator.send("GET", f"/v1/cases/{case}").text
    assert not [name for name in ("李四", "张三") if name in text]
    assert json.loads(text)["case"]["last"] == "closed"
    assert json.loads(text)["case"]["heard"] is True


# 3,000.00 on 6,000.00 and 3,000.00 brings 2,000.00 and 1,000.00.
def test_a_recovery_shows_fund_by_fund_what_is_still_to_come_back(
    database: Database, investigator: Hospital
) -> None:
    case = a_recovery(database, {"POOL": 6_000_00, "LARGE_AMOUNT": 3_000_00})
    recoveries.step(database, case, "noticed", AN, {})
    recoveries.step(database, case, "decided", CAI, {"decision": "D9"})
    recoveries.step(database, case, "received", AN, {"amount_fen": 3_000_00})
    told = investigator.send("GET", f"/v1/cases/{case}").json()
    assert told["case"]["owed"] == [
        {"fund": "large_amount", "proposed_fen": 3_000_00, "left_fen": 2_000_00},
        {"fund": "pool", "proposed_fen": 6_000_00, "left_fen": 4_000_00},
    ]
    assert told["case"]["decision"] == "D9"
    assert told["steps"][-1]["amount_fen"] == 3_000_00


def test_a_debt_of_an_institution_does_not_show_whose_benefit_it_was(
    database: Database, investigator: Hospital
) -> None:
    case = a_recovery(database, {"POOL": 1}, debtor="H1")
    answer = investigator.send("GET", f"/v1/cases/{case}")
    assert answer.json()["case"]["subject"] == "H1"
    assert answer.json()["case"]["subject_kind"] == "provider"
    assert '"P1"' not in answer.text


def test_a_recovery_for_the_injury_fund_is_not_medical_insurance_s_to_read(
    database: Database, investigator: Hospital
) -> None:
    case = a_recovery(database, {"INJURY": 5_00})
    assert code(investigator.send("GET", f"/v1/cases/{case}"), 404) == "not_found"
    assert investigator.send("GET", "/v1/cases").json() == {"cases": [], "next": None}


def test_another_region_s_case_answers_as_none_at_all(
    client: TestClient, database: Database
) -> None:
    case = an_inquiry(database)
    neighbour = hospital(client, "investigator-360200")
    theirs, absent = (neighbour.send("GET", f"/v1/cases/{one}") for one in (case, "Q404"))
    assert code(theirs, 404) == code(absent, 404) == "not_found"
    assert theirs.json() | {"instance": ""} == absent.json() | {"instance": ""}
    assert neighbour.send("GET", "/v1/cases").json()["cases"] == []


def listed(investigator: Hospital, query: str) -> list[str]:
    return [
        one["case_id"] for one in investigator.send("GET", f"/v1/cases?{query}").json()["cases"]
    ]


def test_pages_show_each_case_once_whatever_is_opened_in_between(
    database: Database, investigator: Hospital
) -> None:
    made = [an_inquiry(database, day) for day in (4, 5, 5, 6, 7)]
    seen, query = [], "limit=2"
    while query:
        page = investigator.send("GET", f"/v1/cases?{query}").json()
        seen += [one["case_id"] for one in page["cases"]]
        an_inquiry(database, 8)
        query = page["next"] and f"limit=2&cursor={page['next']}"
    assert seen == made[::-1]


def test_a_list_is_narrowed_by_kind_and_day(database: Database, investigator: Hospital) -> None:
    early, late = an_inquiry(database, 3), an_inquiry(database, 6)
    owed = a_recovery(database, {"POOL": 1})
    assert listed(investigator, "kind=recovery") == [owed]
    assert listed(investigator, "opened_from=2026-05-05") == [late]
    assert listed(investigator, "opened_before=2026-05-04") == [early]


def test_a_cursor_of_cases_serves_its_own_list_alone(
    client: TestClient, database: Database, investigator: Hospital
) -> None:
    for day in (4, 5):
        an_inquiry(database, day)
    page = investigator.send("GET", "/v1/cases?limit=1").json()["next"]
    neighbour = hospital(client, "investigator-360200")
    for caller, query in ((neighbour, ""), (investigator, "&kind=inquiry")):
        answer = caller.send("GET", f"/v1/cases?limit=1&cursor={page}{query}")
        assert code(answer, 422) == "cursor_invalid"
