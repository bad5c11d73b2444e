"""What the first request needs is there before the service answers at all."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from api.settings import Settings
from engine.storage.credentials import issue
from engine.storage.lake import Lake
from pipelines.sandbox import prepare_sandbox
from tests.hospital_program import Hospital
from tests.http_client import TestClient


def test_nothing_is_read_or_opened_for_the_first_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = prepare_sandbox(tmp_path, "H1")
    key = issue(Lake(lake).database, "H1", int(time.time()), "operator")

    def read_late(*_given: Any) -> None:
        message = "read for the first request"
        raise AssertionError(message)

    with TestClient(create_app(Settings(lake=lake)), raise_server_exceptions=False) as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        for name in (
            "engine.settlement.case.load_book",
            "engine.settlement.case.compile_book",
            "engine.storage.reference.pl.read_parquet",
            "api.dependencies.Lake",
        ):
            monkeypatch.setattr(name, read_late)
        hospital = Hospital(client, key)
        told = {"psn_no": "SB-OK", "insutype": "310", "begntime": "2024-03-01 08:00:00"}
        message = hospital.message("2201", {"data": told | {"ipt_otp_no": "1"}})
        assert json.loads(hospital.send(message))["infcode"] == "0"
