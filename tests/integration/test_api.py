import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from api.routes import rest
from api.schemas.settlements import Preview
from api.warm_up import warm_up
from engine.errors import (
    CaseError,
    ClaimError,
    EngineError,
    InvariantError,
    PolicyError,
    StorageError,
)
from engine.settlement.case import settle_case
from tests.http_client import TestClient, client_of, night_summary, service

PREVIEW = "/v1/settlements:preview"
IDENTITY_NO = "999999199003070015"

POLICY = """
region: "999900"
name: 试点市
scheme: employee
status: published
claim_date: end
insurance_year: "01-01"
reversal: last_first
levels: [L1, L3]
person_classes: {active: [active], retired: [retired]}
counters: {stays: {counts: stays, scope: [year]}, paid: {counts: money, scope: [year]}}
lines:
- from: 2021-01-01
  reviewed_until: 2026-12-31
  source: {title: 试点目录}
  unknown_item: self_pay
  class_b_first_share: 10%
benefits:
  inpatient:
    visits: [inpatient]
    history:
    - from: 2021-01-01
      reviewed_until: 2026-12-31
      source: {title: 试点办法, article: 3}
      ordinal: stays
      layers:
      - name: basic
        fund: pool
        base: [covered]
        takes: cost
        mode: per_claim
        deductible: {method: per_stay, amount: ["800.00", "400.00"]}
        bands:
          position: claim
          deductible_inside: true
          table: [{to: null, rate: {active: 85%, retired: 90%}}]
        rounding: layer
        caps: [{on: payment, amount: "400000.00", counter: paid}]
"""

OTHER_EVENTS = """
registrations: {injury: {kind: recognition, per: person}}
allowances:
  food:
    history:
    - from: 2021-01-01
      reviewed_until: 2026-12-31
      source: {title: 试点办法, article: 4}
      requires: injury
      items: [{name: food, payer: injury, method: per_day, amount: "30.00", days: stated}]
"""
APPLICATION = """  refund:
    application: {base: [paid], when: after_year}
    history:
    - from: 2021-01-01
      reviewed_until: 2026-12-31
      source: {title: 试点办法, article: 5}
      ordinal: refunds
      layers:
      - name: refund
        fund: other
        base: [covered]
        takes: cost
        mode: per_claim
        deductible: {method: none}
        bands:
          position: claim
          deductible_inside: true
          table: [{to: null, rate: 1%}]
        rounding: layer
"""


def story(**changes: Any) -> dict[str, Any]:
    claim = {
        "id": "first",
        "visit": "inpatient",
        "level": "L3",
        "begin": "2023-03-01",
        "end": "2023-03-10",
        "total": "22000.00",
        "self_pay_off_list": "1500.00",
    }
    told: dict[str, Any] = {
        "region": "999900",
        "scheme": "employee",
        "person": {"class": "retired", "birth_date": "1950-01-01"},
        "events": [claim],
    }
    return told | changes


def event(**changes: Any) -> dict[str, Any]:
    (claim,) = story()["events"]
    return story(events=[claim | changes])


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    folder = tmp_path / "999900-pilot"
    folder.mkdir()
    (folder / "employee.yaml").write_text(POLICY, encoding="utf-8")
    return tmp_path


@pytest.fixture
def client(policies: Path) -> TestClient:
    return client_of(service(policies=policies))


def problem_of(client: TestClient, body: object) -> dict[str, Any]:
    answer = client.post(PREVIEW, json=body)
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["type"] == f"urn:jiesuan:problem:{problem['code']}"
    return problem


def test_a_preview_is_what_the_engine_settles(client: TestClient, policies: Path) -> None:
    case = event(begin=datetime.date(2023, 3, 1), end=datetime.date(2023, 3, 10))
    case["person"]["birth_date"] = datetime.date(1950, 1, 1)
    assert client.post(PREVIEW, json=story()).json() == settle_case(case, policies)


def test_a_preview_takes_the_deductible_off_before_the_rate(client: TestClient) -> None:
    (settled,) = client.post(PREVIEW, json=story()).json()["settlements"]
    # 22000 less 1500 off the list less 800, of which the fund pays 90 %.
    assert settled["pool_paid_fen"] == 1_773_000
    assert settled["cash_paid_fen"] == 427_000


def test_an_answer_has_the_published_form(client: TestClient) -> None:
    told = story()
    told["events"] += [
        {"id": "late", **{k: told["events"][0][k] for k in ("visit", "level", "total")}}
        | {"begin": "2019-01-01", "end": "2019-01-02"},
        {"id": "undo", "kind": "cancel", "of": "first"},
        {"id": "credit", "kind": "account_credit", "amount": "100.00"},
        {"id": "change", "kind": "class_change", "class": "active"},
        {"id": "close", "kind": "year_close", "year": 2023},
    ]
    answer = Preview.model_validate(client.post(PREVIEW, json=told).json())
    statuses = [one.status for one in answer.settlements]
    assert statuses == ["settled", "rejected", "settled", "settled", "settled", "settled"]


def test_events_without_a_bill_are_answered_in_the_published_form(tmp_path: Path) -> None:
    refunds = "{stays: {counts: stays, scope: [year]}, refunds: {counts: stays, scope: [year]},"
    rules = POLICY.replace("{stays: {counts: stays, scope: [year]},", refunds)
    (tmp_path / "pilot.yaml").write_text(rules + APPLICATION + OTHER_EVENTS, encoding="utf-8")
    told = story()
    told["events"] += [
        {"kind": "cover_change", "on": "2023-04-01", "class": "active"},
        {"kind": "registration", "registration": "injury", "from": "2023-05-01"},
        {"kind": "allowance", "allowance": "food", "on": "2023-05-02", "days": 3},
        {"kind": "application", "benefit": "refund", "year": 2023, "settled": "2024-02-01"},
    ]
    client = client_of(service(policies=tmp_path))
    answer = Preview.model_validate(client.post(PREVIEW, json=told).json())
    statuses = [one.status for one in answer.settlements]
    assert statuses == ["settled", "rejected", "settled", "settled", "settled"]
    # 1 % of the 17730 that the fund paid, and three days at 30.
    paid = {(one.kind, one.payer): one.amount_fen for one in answer.allowances}
    assert paid == {("refund", "other"): 17_730, ("food", "injury"): 9_000}


def test_money_as_a_json_number_is_refused(client: TestClient) -> None:
    assert client.post(PREVIEW, json=event(total="22000")).status_code == 200
    assert client.post(PREVIEW, json=event(total=22000)).status_code == 422


def test_a_bill_by_lines_is_priced_before_it_is_settled(client: TestClient) -> None:
    (claim,) = story()["events"]
    lines = [
        {"amount": "1000.00", "class": "C"},
        {"price": "5000.00", "quantity": "1", "class": "A", "ceiling_price": "3000.00"},
    ]
    told = story(events=[{k: claim[k] for k in ("visit", "level", "begin", "end")}])
    told["events"][0]["lines"] = lines
    (settled,) = client.post(PREVIEW, json=told).json()["settlements"]
    assert settled["self_pay_off_list_fen"] == 100_000
    assert settled["self_pay_over_price_fen"] == 200_000


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(event(total="1.234"), id="three decimals"),
        pytest.param(event(total="1e3"), id="exponent"),
        pytest.param(event(total="１２"), id="full-width digits"),
        pytest.param(event(total="12\n"), id="newline"),
        pytest.param(event(total=12.5), id="JSON number with decimals"),
        pytest.param(event(total=True), id="true as an amount"),
        pytest.param(event(begin="20230301"), id="date without hyphens"),
        pytest.param(event(begin="2023-02-30"), id="no such day"),
        pytest.param(event(begin=19000), id="day number"),
        pytest.param(event(segment="1"), id="number as text"),
        pytest.param(event(lines=[]), id="both totals and lines"),
        pytest.param(event(kind="refund"), id="unknown kind of event"),
        pytest.param(event(kind=["claim"]), id="kind that is no text"),
        pytest.param(story(events=[]), id="no event"),
        pytest.param(story(region="../../etc"), id="region that is a path"),
        pytest.param(story(policy={}), id="inline policy"),
        pytest.param([], id="list"),
    ],
)
def test_a_body_that_is_not_of_the_form_is_refused(client: TestClient, body: object) -> None:
    problem = problem_of(client, body)
    assert (problem["status"], problem["code"]) == (422, "invalid_request")


def test_a_refusal_names_the_place_and_not_the_value(client: TestClient) -> None:
    detail = problem_of(client, event(begin=IDENTITY_NO))["detail"]
    assert "body.events.0.ClaimByTotals.begin 应为 yyyy-MM-dd 形式的日期" in detail
    assert IDENTITY_NO not in detail


@pytest.mark.parametrize(
    "body",
    [
        story(**{IDENTITY_NO: 1}),
        story(state={"counters": {IDENTITY_NO: "x"}}),
        event(kind=IDENTITY_NO),
        story(person={"class": IDENTITY_NO}),
    ],
)
def test_a_refusal_repeats_no_key_or_tag_of_the_caller(client: TestClient, body: object) -> None:
    assert IDENTITY_NO not in json.dumps(problem_of(client, body))


@pytest.mark.parametrize("content", ["{", "", "[" * 100_000, '{"region": NaN}'])
def test_a_body_that_is_no_json_is_refused(client: TestClient, content: str) -> None:
    answer = client.post(PREVIEW, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_form_post_from_another_page_is_not_read_as_json(client: TestClient) -> None:
    answer = client.post(
        PREVIEW, content=json.dumps(story()), headers={"Content-Type": "text/plain"}
    )
    assert answer.status_code == 422


def test_a_body_that_is_too_large_is_refused(client: TestClient) -> None:
    answer = client.post(
        PREVIEW, content=b" " * (5 << 20), headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "content_too_large")


@pytest.mark.parametrize("changes", [{"region": "999901"}, {"scheme": "resident"}])
def test_an_unknown_region_or_scheme_has_no_policy(
    client: TestClient, changes: dict[str, str]
) -> None:
    problem = problem_of(client, story(**changes))
    assert (problem["status"], problem["code"]) == (404, "no_policy")


def test_a_level_that_the_scheme_lacks_refuses_the_story(client: TestClient) -> None:
    problem = problem_of(client, event(level="L9"))
    assert (problem["status"], problem["code"]) == (422, "unknown_member")
    assert "L9" in problem["detail"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ClaimError("case_format", "格式不对", "not of the form"), 422),
        (CaseError("already_closed", "已结案", "closed already"), 409),
        (PolicyError("yaml", "无法读取", "cannot be read", file="/srv/secret.yaml", line=3), 503),
        (StorageError("locked", "/srv/secret.yaml 被锁", "/srv/secret.yaml is locked"), 503),
        (InvariantError("secret", facts=1), 500),
        (EngineError("odd", "secret", "secret"), 500),
        (RuntimeError("secret"), 500),
    ],
)
def test_an_error_has_its_status_and_a_failure_shows_nothing_inside(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    def fail(*_arguments: object) -> None:
        raise error

    monkeypatch.setattr(rest, "settle_case", fail)
    problem = problem_of(client, story())
    assert problem["status"] == status
    assert "secret" not in json.dumps(problem)


def test_health_is_told_without_a_lake(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_the_latest_night_is_the_summary_as_stored() -> None:
    night = night_summary(note="as stored")
    assert client_of(service(night)).get("/v1/nights/latest").json() == night


def test_before_the_first_night_there_is_none_to_read(client: TestClient) -> None:
    answer = client.get("/v1/nights/latest")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_night")
    assert "jiesuan night" in answer.json()["detail"]


def test_the_service_starts_without_policies(tmp_path: Path) -> None:
    with client_of(service(policies=tmp_path)) as client:
        assert client.get("/healthz").status_code == 200


def test_warming_up_settles_where_there_is_a_policy(
    policies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled: list[dict[str, Any]] = []
    monkeypatch.setattr("api.warm_up.settle_case", lambda case, _: settled.append(case))
    warm_up(service(policies=policies))
    assert [case["region"] for case in settled] == ["610100"]
