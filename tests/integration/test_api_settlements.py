"""Reading settlements back over HTTP, and what bounds a caller: cursors, rates, languages."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from api.cursors import read, written
from api.language import language_of
from api.rate_limit import RateLimit
from engine.errors import ClaimError
from engine.storage import ledger_tables as t
from engine.storage.lake import Lake
from engine.storage.service_secrets import service_secret
from tests.http_client import TestClient
from tests.rest_hospital import Hospital, code, hospital, serving, visit

LIST = "/v1/settlements"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with serving(tmp_path) as client:
        yield client


@pytest.fixture
def first(client: TestClient) -> Hospital:
    return hospital(client, "H1")


def settled(first: Hospital, *numbers: int) -> list[str]:
    answers = [first.settle(f"M{k}", visit_id=f"V{k}", total="1000.00") for k in numbers]
    return [one.json()["settlements"][0]["settlement_id"] for one in answers]


def pages(first: Hospital, query: str) -> Iterator[list[str]]:
    cursor = ""
    while True:
        told = first.send("GET", f"{LIST}?{query}{cursor}").json()
        yield [one["settlement_id"] for one in told["settlements"]]
        if told["next"] is None:
            return
        cursor = f"&cursor={told['next']}"


def test_a_settlement_is_read_back_as_it_was_answered(first: Hospital) -> None:
    [made] = first.settle("M1").json()["settlements"]
    told = first.send("GET", f"{LIST}/{made['settlement_id']}").json()
    assert {name: told[name] for name in made if name in told} == {
        name: made[name] for name in made if name not in {"funds", "receipt"}
    }
    assert (told["person_id"], told["visit_id"], told["segment"]) == ("P1", "V1", 1)
    assert (told["region"], told["scheme"], told["year"]) == ("000000", "employee", 2023)
    assert told["reversed_by"] is None


def test_a_cancelled_settlement_names_what_undid_it(first: Hospital) -> None:
    [made] = settled(first, 1)
    undone = first.send("POST", f"{LIST}/{made}:cancel", "C1").json()["settlements"][0]
    told = first.send("GET", f"{LIST}/{made}").json()
    assert told["reversed_by"] == undone["settlement_id"]
    again = first.send("GET", f"{LIST}/{undone['settlement_id']}").json()
    assert (again["reverses"], again["pool_paid_fen"]) == (made, -told["pool_paid_fen"])


def test_another_s_settlement_answers_as_none_at_all(client: TestClient, first: Hospital) -> None:
    [made] = settled(first, 1)
    other = hospital(client, "H2")
    absent, theirs = (other.send("GET", f"{LIST}/{one}") for one in ("0" * 32, made))
    assert code(theirs, 404) == "not_found"
    told = [{**one.json(), "instance": ""} for one in (absent, theirs)]
    assert told[0] == told[1]
    assert [list(pages(one, "")) for one in (other, first)] == [[[]], [[made]]]


def test_pages_show_each_settlement_once_whatever_comes_in_between(first: Hospital) -> None:
    made = settled(first, 1, 2, 3, 4, 5)
    reading = pages(first, "limit=2")
    shown = next(reading)
    later = settled(first, 6, 7)
    for page in reading:
        shown += page
    assert sorted(one for one in shown if one in made) == sorted(made)
    assert sorted(everything(first, "limit=3")) == sorted(made + later)


def everything(first: Hospital, query: str) -> list[str]:
    return [one for page in pages(first, query) for one in page]


def test_settlements_of_one_second_are_not_lost_between_pages(
    first: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.routes.ledger.local_seconds", lambda: 1_700_000_000)
    made = settled(first, *range(5))
    assert sorted(everything(first, "limit=1")) == sorted(made)


def test_a_list_is_narrowed_by_person_visit_and_day(first: Hospital) -> None:
    [mine] = settled(first, 1)
    first.settle("M9", visit_id="V9", person_id="P9")
    assert list(pages(first, "person_id=P1")) == [[mine]]
    assert list(pages(first, "visit_id=V1")) == [[mine]]
    assert list(pages(first, "person_id=P1&visit_id=V9")) == [[]]
    assert list(pages(first, "settled_before=2000-01-01")) == [[]]
    assert len(next(pages(first, "settled_from=2000-01-01"))) == 2


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "person_id=..", "page=2", "settled_from=today"]
)
def test_a_query_that_is_not_of_the_form_is_refused(first: Hospital, query: str) -> None:
    assert code(first.send("GET", f"{LIST}?{query}"), 422) == "invalid_request"


def test_a_cursor_serves_its_own_list_alone(client: TestClient, first: Hospital) -> None:
    settled(first, 1, 2)
    cursor = first.send("GET", f"{LIST}?limit=1").json()["next"]
    other = hospital(client, "H2")
    assert code(other.send("GET", f"{LIST}?limit=1&cursor={cursor}"), 422) == "cursor_invalid"
    narrowed = first.send("GET", f"{LIST}?person_id=P1&cursor={cursor}")
    assert code(narrowed, 422) == "cursor_invalid"
    assert first.send("GET", f"{LIST}?limit=9&cursor={cursor}").status_code == 200


@pytest.mark.parametrize("place", [0, 15, 16, -1])
def test_a_cursor_that_was_tampered_with_is_refused(place: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(written((1, "S"), "H1", b"k") + "=="))
    raw[place] ^= 1
    with pytest.raises(ClaimError, match="cursor_invalid"):
        read(base64.urlsafe_b64encode(raw).decode().rstrip("="), "H1", b"k")


@pytest.mark.parametrize("cursor", ["A", "AA", "-", "A" * 64])
def test_text_that_is_no_cursor_is_refused(first: Hospital, cursor: str) -> None:
    assert code(first.send("GET", f"{LIST}?cursor={cursor}"), 422) == "cursor_invalid"


def test_the_service_s_secret_is_made_once(tmp_path: Path) -> None:
    database = Lake(tmp_path / "lake").database
    secret = service_secret(database, "cursors")
    assert len(secret) == 32
    assert service_secret(database, "cursors") == secret
    assert service_secret(database, "other") != secret


def test_presettling_tells_what_settling_pays_and_changes_nothing(
    client: TestClient, first: Hospital
) -> None:
    before = ledger_rows(client)
    [shown] = first.send("POST", f"{LIST}:presettle", "", visit()).json()["settlements"]
    assert ledger_rows(client) == before
    [made] = first.settle("M1").json()["settlements"]
    assert shown == {name: made[name] for name in shown}
    assert "settlement_id" not in shown
    # (22,000 - 800) x 86 %, then from the state that it left: (22,000 - 400) at 86 % to 40,000 of
    # the year's cost and 95 % above.
    [second] = first.send("POST", f"{LIST}:presettle", "", visit("V2")).json()["settlements"]
    assert (shown["pool_paid_fen"], second["pool_paid_fen"]) == (18_232_00, 18_936_00)


def ledger_rows(client: TestClient) -> list[Any]:
    lake: Path = client.app.state.settings.lake  # type: ignore[attr-defined]
    with Lake(lake).database.reading() as connection:
        return [
            connection.scalar(sa.select(sa.func.count()).select_from(table))
            for table in (t.SETTLEMENTS, t.MESSAGES, t.COUNTERS, t.PERSON_YEARS, t.LEGS)
        ]


def test_a_visit_that_is_settled_already_is_refused_by_presettling_too(first: Hospital) -> None:
    settled(first, 1)
    answer = first.send("POST", f"{LIST}:presettle", "", visit("V1"))
    assert code(answer, 422) == "duplicate_visit"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def admitted(limit: RateLimit, name: str) -> int:
    try:
        limit.admit(name)
    except ClaimError as error:
        return int(str(error.facts["retry_after_s"]))
    return 0


def test_a_full_bucket_admits_its_burst_and_then_the_steady_rate() -> None:
    clock = Clock()
    limit = RateLimit(2, 3, clock)
    assert [admitted(limit, "H1") for _ in range(4)] == [0, 0, 0, 1]
    clock.now += 0.5  # One token.
    assert [admitted(limit, "H1") for _ in range(2)] == [0, 1]
    clock.now += 60  # A bucket holds no more than its burst.
    assert [admitted(limit, "H1") for _ in range(4)] == [0, 0, 0, 1]


def test_one_institution_does_not_use_up_another_s_tokens() -> None:
    limit = RateLimit(1, 1, Clock())
    assert [admitted(limit, name) for name in ("H1", "H1", "H2")] == [0, 1, 0]


def test_who_sends_too_much_is_told_when_to_come_again(tmp_path: Path) -> None:
    with serving(tmp_path, rate_per_second=1, rate_burst=1) as client:
        client.app.state.limit = RateLimit(1, 1, Clock())  # type: ignore[attr-defined]
        first = hospital(client, "H1")
        assert first.send("GET", LIST).status_code == 200
        answer = first.send("GET", LIST)
        assert code(answer, 429) == "too_many_requests"
        assert answer.headers["retry-after"] == "1"
        assert hospital(client, "H2").send("GET", LIST).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", ""),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("fr, en;q=0.1", "en"),
        ("zh;q=0, en;q=0.1", "en"),
        ("*", ""),
        ("en;q=many", "en"),
        (";;,,q=", ""),
    ],
)
def test_the_language_is_the_one_that_weighs_most(accepted: str, language: str) -> None:
    assert language_of(accepted) == language


def test_a_problem_is_told_in_the_language_that_is_asked_for(client: TestClient) -> None:
    details = {}
    for language in ("zh", "en", "fr"):
        answer = client.get(f"{LIST}/S1", headers={"Accept-Language": language})
        details[language] = answer.json()["detail"], answer.headers["content-language"]
    assert details["zh"][0].isascii() is False
    assert details["en"][0].isascii()
    assert details["fr"][0] == f"{details['zh'][0]} | {details['en'][0]}"
    assert [told[1] for told in details.values()] == ["zh", "en", "zh, en"]
