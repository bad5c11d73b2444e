"""Settling over HTTP: who signs, what counts once, and whose record it is."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from api.app import create_app
from api.settings import Settings
from engine.storage.group_commit import GroupCommit
from engine.storage.posting import post
from tests.http_client import TestClient
from tests.rest_hospital import Hospital, code, hospital, serving, visit


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with serving(tmp_path) as client:
        yield client


@pytest.fixture
def first(client: TestClient) -> Hospital:
    return hospital(client, "H1")


def test_a_visit_is_settled_and_the_next_from_the_state_it_left(first: Hospital) -> None:
    # (22,000 - 800) x 86 %, then (22,000 - 400) x 86 % up to 40,000 of the year's cost, 95 % above.
    paid = [first.settle(f"M{k}", visit_id=f"V{k}").json() for k in (1, 2)]
    assert [one["settlements"][0]["pool_paid_fen"] for one in paid] == [18_232_00, 18_936_00]


def test_sent_again_it_is_answered_by_the_same_bytes_and_paid_once(first: Hospital) -> None:
    answers = [first.settle("M1") for _ in range(3)]
    assert len({answer.content for answer in answers}) == 1
    assert first.settle("M2", visit_id="V2").json()["settlements"][0]["pool_paid_fen"] == 18_936_00


def test_the_same_key_with_another_body_is_refused_and_does_nothing(first: Hospital) -> None:
    assert first.settle("M1").status_code == 200
    assert code(first.settle("M1", total="1.00"), 409) == "message_differs"
    assert code(first.settle("M2", visit_id="V1"), 422) == "duplicate_visit"


def test_a_settlement_is_cancelled_once_by_whose_it_is(client: TestClient, first: Hospital) -> None:
    [made] = first.settle("M1").json()["settlements"]
    url = f"/v1/settlements/{made['settlement_id']}:cancel"
    assert code(hospital(client, "H2").send("POST", url, "M1"), 404) == "not_found"
    answers = [first.send("POST", url, "C1") for _ in range(2)]
    assert answers[0].content == answers[1].content
    [undone] = answers[0].json()["settlements"]
    assert (undone["reverses"], undone["pool_paid_fen"]) == (made["settlement_id"], -18_232_00)
    assert code(first.send("POST", url, "C2"), 422) == "reversed_twice"


def test_one_key_does_not_cancel_two_settlements(first: Hospital) -> None:
    made = [first.settle(f"M{k}", visit_id=f"V{k}").json() for k in (1, 2)]
    ids = [one["settlements"][0]["settlement_id"] for one in made]
    assert first.send("POST", f"/v1/settlements/{ids[1]}:cancel", "C1").status_code == 200
    second = first.send("POST", f"/v1/settlements/{ids[0]}:cancel", "C1")
    assert code(second, 409) == "message_differs"


def test_accumulators_are_shown_to_who_settled_for_the_person(
    client: TestClient, first: Hospital
) -> None:
    url = "/v1/persons/P1/accumulators"
    assert code(first.send("GET", url), 404) == "not_found"
    first.settle("M1")
    counters = first.send("GET", url).json()["counters"]
    assert {one["counter"]: one["value"] for one in counters} == {
        "stays": 1,
        "covered_cost": 22_000_00 * 10**6,
        "pool_paid": 18_232_00 * 10**6,
    }
    assert code(hospital(client, "H2").send("GET", url), 404) == "not_found"


SIGNED_ROUTES = [
    ("GET", "/v1/settlements"),
    ("GET", "/v1/settlements/S1"),
    ("POST", "/v1/settlements:presettle"),
    ("POST", "/v1/settlements"),
    ("POST", "/v1/settlements/S1:cancel"),
    ("GET", "/v1/persons/P1/accumulators"),
    ("GET", "/v1/cases"),
    ("GET", "/v1/cases/Q1"),
    *(
        ("POST", f"/v1/cross-region:{verb}")
        for verb in ("check", "preview", "settle", "reverse", "inquire")
    ),
]


@pytest.mark.parametrize(("method", "url"), SIGNED_ROUTES)
def test_nothing_is_done_for_who_does_not_sign(client: TestClient, method: str, url: str) -> None:
    headers = {"Idempotency-Key": "M1"}
    assert code(client.request(method, url, headers=headers, json=visit()), 401) == "not_signed"


def test_every_route_is_open_or_signed_and_no_other() -> None:
    routes = {
        (method.upper(), path)
        for path, methods in create_app(Settings()).openapi()["paths"].items()
        for method in methods
    }
    open_to_all = {
        ("GET", "/healthz"),
        ("GET", "/v1/nights/latest"),
        ("POST", "/v1/settlements:preview"),
        ("POST", "/v1/settlements:receipt"),
    }
    told_by_its_own_answers = {("POST", "/fsi/api/rsfComIfsService/callService")}
    signed = {
        (
            method,
            url.replace("/S1", "/{settlement_id}")
            .replace("/P1/", "/{person_id}/")
            .replace("/Q1", "/{case_id}"),
        )
        for method, url in SIGNED_ROUTES
    }
    assert routes == open_to_all | signed | told_by_its_own_answers


@pytest.mark.parametrize(
    "changed",
    [{"person_id": "张三"}, {"visit_id": "../V"}, {"total": "1e3"}, {"region": "999999"}],
)
def test_what_cannot_be_read_is_refused_without_being_repeated(
    first: Hospital, changed: dict[str, Any]
) -> None:
    answer = first.settle("M1", **changed)
    assert answer.status_code in {404, 422}
    assert "张三" not in answer.text


def test_the_log_names_no_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    monkeypatch.setattr("sys.stderr", log)
    with serving(tmp_path) as client:
        first = hospital(client, "H1")
        first.settle("M1", person_id="P-SECRET")
        first.send("GET", "/v1/persons/P-SECRET/accumulators")
    assert "P-SECRET" not in log.getvalue()
    assert "/v1/persons/{person_id}/accumulators" in log.getvalue()


def test_what_comes_while_a_commit_is_under_way_is_committed_together(
    first: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert first.settle("K0", visit_id="V0", person_id="P0").status_code == 200
    sizes: list[int] = []
    waiting = Barrier(4, timeout=60)
    queue_really = GroupCommit._next  # noqa: SLF001 - a barrier

    def counted(database: Any, book: Any, messages: list[Any], now: int) -> Any:
        sizes.append(len(messages))
        return post(database, book, messages, now)

    def queued(group: GroupCommit, ticket: Any) -> Any:
        if not sizes:
            waiting.wait()  # Until all four stand in the queue.
        return queue_really(group, ticket)

    monkeypatch.setattr("engine.storage.group_commit.post", counted)
    monkeypatch.setattr(GroupCommit, "_next", queued)
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(
                lambda k: first.settle(f"K{k}", visit_id=f"V{k}", person_id=f"P{k}"), range(1, 5)
            )
        )
    assert [answer.status_code for answer in answers] == [200] * 4
    assert sizes == [4]
