"""One visit through every door: the command, the preview, the ledger and the night agree by hash.

610100 employee, 2024: a stay of 13,140.00 in a tertiary hospital, and its cancellation.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import engine.settlement.settle as settling
from api.settings import Settings
from pipelines.cli import main
from pipelines.explain import explain
from tests.http_client import TestClient
from tests.integration.night_world import NEXT, World, a_refund, a_stay, next_day
from tests.rest_hospital import hospital, serving_from

STAY = {"visit": "inpatient", "level": "L3", "begin": "2024-03-01", "end": "2024-03-06"}
STORY: dict[str, Any] = {
    "region": "610100",
    "scheme": "employee",
    "person": {"class": "active", "birth_date": "1960-01-01", "sex": "male"},
    "events": [
        {"id": "stay", **STAY, "total": "13140.00"},
        {"id": "undo", "kind": "cancel", "of": "stay"},
    ],
}
HASHES = ("input_hash", "result_hash")
NOW = ("policy_hash", "engine_version", *HASHES)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("receipts"))
    stay = a_stay(1, "P1", ("A", "13140.00"))
    world.night(stay)
    world.night(next_day(a_refund(2, stay)), night=NEXT)
    return world


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with serving_from(Settings(lake=tmp_path / "lake")) as client:
        yield client


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["jiesuan", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def written(folder: Path, story: dict[str, Any] = STORY) -> Path:
    file = folder / "case.yaml"
    file.write_text(json.dumps(story), encoding="utf-8")
    return file


def received(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    assert run(monkeypatch, "settle", written(folder), "--receipt", folder / "receipt.json") == 0
    told: dict[str, Any] = json.loads((folder / "receipt.json").read_text(encoding="utf-8"))
    return told


def test_a_receipt_is_the_same_by_command_service_and_night(
    world: World, client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_command = received(tmp_path, monkeypatch)
    assert client.post("/v1/settlements:receipt", json=STORY).json() == by_command
    event = {**STAY, "total": "13140.00"}
    sender = hospital(client, "H3")
    [made] = sender.settle("M1", region="610100", person=STORY["person"], event=event).json()[
        "settlements"
    ]
    url = f"/v1/settlements/{made['settlement_id']}:cancel"
    [undone] = sender.send("POST", url, "C1").json()["settlements"]
    by_night = [explain(name, world.lake)["receipt"] for name in ("S1", "S2")]
    for k, by_ledger in enumerate((made["receipt"], undone["receipt"])):
        assert by_ledger == by_night[k]
        told = {**by_command, **by_command["settlements"][k]}
        assert {name: told[name] for name in NOW} == by_ledger


def test_an_explanation_is_read_from_the_trace_and_settles_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        message = "something was settled"
        raise AssertionError(message)

    before = explain("S1", world.lake)
    monkeypatch.setattr(settling, "fold", refuse)
    monkeypatch.setattr(settling, "price_lines", refuse)
    assert explain("S1", world.lake) == before
    english = explain("S1", world.lake, language="en")
    assert english["steps"] != before["steps"]
    assert english["receipt"] == before["receipt"]


def test_a_receipt_is_held_against_the_case_settled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    received(tmp_path, monkeypatch)
    receipt = tmp_path / "receipt.json"
    assert run(monkeypatch, "verify", receipt, tmp_path / "case.yaml") == 0
    dearer = json.loads(json.dumps(STORY).replace("13140.00", "13140.01"))
    assert run(monkeypatch, "verify", receipt, written(tmp_path, dearer)) == 1
    assert "input_hash" in capsys.readouterr().err
    receipt.write_text("[]", encoding="utf-8")
    assert run(monkeypatch, "verify", receipt, tmp_path / "case.yaml") == 2
