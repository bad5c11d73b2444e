"""One visit through every door: the command, the preview, the ledger and the night agree by hash.

610100 employee, 2024: a stay of 13,140.00 in a tertiary hospital, and its cancellation.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import engine.settlement.settle as settling
from api.settings import Settings
from engine.errors import StorageError
from pipelines.cli import main
from pipelines.explain import explain
from tests.http_client import TestClient
from tests.integration.night_world import NEXT, World, a_refund, a_stay, next_day
from tests.rest_hospital import hospital, serving_from

STAY = {"visit": "inpatient", "level": "L3", "begin": "2024-03-01", "end": "2024-03-06"}
LINES = [{"code": "A", "class": "A", "price": "13140.00", "quantity": "1"}]
STORY: dict[str, Any] = {
    "region": "610100",
    "scheme": "employee",
    "person": {"class": "active", "birth_date": "1960-01-01", "sex": "male"},
    "events": [
        {"id": "stay", **STAY, "lines": LINES},
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
    event = {**STAY, "lines": LINES}
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


def test_a_bill_of_other_lines_has_another_input_by_night_and_service(
    client: TestClient, tmp_path: Path
) -> None:
    world = World(tmp_path / "night")
    other = ("B10", "100.00")
    world.night(
        a_stay(1, "P1", ("A", "60.00"), ("A", "40.00"), other),
        a_stay(2, "P2", ("A", "50.00", 2), other),
    )
    lines = [
        [
            {"code": "A", "class": "A", "price": "60.00", "quantity": "1"},
            {"code": "A", "class": "A", "price": "40.00", "quantity": "1"},
        ],
        [{"code": "A", "class": "A", "price": "50.00", "quantity": "2"}],
    ]
    last = {"code": "B10", "class": "B", "first_share": "10%", "price": "100.00", "quantity": "1"}
    sender, told = hospital(client, "H3"), []
    for number, own in enumerate(lines, start=1):
        event = {**STAY, "lines": [last, *own]}
        who = {"visit_id": f"V{number}", "person_id": f"P{number}", "person": STORY["person"]}
        made = sender.settle(f"M{number}", region="610100", event=event, **who).json()
        told.append(made["settlements"][0]["receipt"])
    by_night = [explain(name, world.lake)["receipt"] for name in ("S1", "S2")]
    assert told == by_night
    assert told[0]["result_hash"] == told[1]["result_hash"]
    assert told[0]["input_hash"] != told[1]["input_hash"]


def test_a_night_whose_lines_are_archived_tells_no_input(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.night(a_stay(1, "P1", ("A", "100.00")))
    before = explain("S1", world.lake)["receipt"]
    shutil.rmtree(world.lake / "evidence")
    assert explain("S1", world.lake)["receipt"] == before | {"input_hash": None}


def test_a_night_whose_lines_were_changed_has_no_receipt(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.night(a_stay(1, "P1", ("A", "100.00")))
    kept = next(world.lake.glob("evidence/*/lines.parquet"))
    kept.chmod(0o644)
    kept.write_bytes(kept.read_bytes() + b" ")
    with pytest.raises(StorageError, match="evidence_changed"):
        explain("S1", world.lake)
