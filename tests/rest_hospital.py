"""A hospital's program that speaks REST, and the service that it speaks to.

The policy is tests/golden/policies/hand-employee-stays.yaml: 800.00 are deducted, 86 % is paid.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from api.app import create_app
from api.national.signatures import signed_headers
from api.settings import Settings
from engine.storage.credentials import Credential, issue
from engine.storage.lake import Lake
from tests.http_client import TestClient
from tests.stamps import next_stamp

POLICY = Path(__file__).parent / "golden/policies/hand-employee-stays.yaml"


class Hospital:
    """A hospital's program: it signs every request anew."""

    def __init__(self, client: TestClient, credential: Credential) -> None:
        self._client = client
        self._credential = credential

    def send(self, method: str, url: str, key: str = "", body: Any = None) -> Any:
        headers = signed_headers(self._credential, "settle", next_stamp())
        if key:
            headers["Idempotency-Key"] = key
        return self._client.request(method, url, headers=headers, json=body)

    def settle(self, key: str, **changed: Any) -> Any:
        return self.send("POST", "/v1/settlements", key, visit(**changed))


def visit(visit_id: str = "V1", total: str = "22000.00", **changed: Any) -> dict[str, Any]:
    event = {"visit": "inpatient", "level": "L3", "begin": "2023-03-01", "end": "2023-03-08"}
    told = {"region": "000000", "scheme": "employee", "person_id": "P1", "visit_id": visit_id}
    return told | {"person": {"class": "active"}, "event": event | {"total": total}} | changed


@contextmanager
def serving(folder: Path, **settings: Any) -> Iterator[TestClient]:
    policies = folder / "policies"
    policies.mkdir()
    text = POLICY.read_text(encoding="utf-8")
    text = text.replace("source: worked-by-hand", "source: {title: worked by hand}")
    (policies / "employee.yaml").write_text(text, encoding="utf-8")
    with serving_from(Settings(lake=folder / "lake", policies=policies, **settings)) as client:
        yield client


@contextmanager
def serving_from(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def hospital(client: TestClient, name: str) -> Hospital:
    lake: Path = client.app.state.settings.lake  # type: ignore[attr-defined]
    return Hospital(client, issue(Lake(lake).database, name, int(time.time()), "operator"))


def code(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.text
    told: str = answer.json()["code"]
    return told
