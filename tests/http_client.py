"""The HTTP service in process, with a night of the test's choice in place of a lake's."""

import warnings
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from api.app import create_app
from api.dependencies import latest_night
from api.settings import Settings

with warnings.catch_warnings():
    # Where only httpx is installed, Starlette's client says on import that httpx2 is to follow.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

__all__ = ["AMOUNTS", "TestClient", "client_of", "night_summary", "service"]

AMOUNTS = {
    "claims": 98,
    "total_fen": 123_456_789,
    "fund_total_fen": 100_000_000,
    "person_total_fen": 23_456_789,
}


def service(night: dict[str, Any] | None = None, policies: Path | None = None) -> FastAPI:
    """Return the application; the night given is the last that its lake holds."""
    app = create_app(Settings(policies=policies))
    app.dependency_overrides[latest_night] = lambda: night
    return app


def client_of(app: FastAPI) -> TestClient:
    """Return a client that gets the answer of a failure, too. Nothing is warmed up."""
    return TestClient(app, raise_server_exceptions=False)


def night_summary(**changes: Any) -> dict[str, Any]:
    """Return the summary of a small published night, with the changes that a test asks for."""
    summary: dict[str, Any] = {
        "night": "2026-11-22",
        "files": [
            {"name": "claims.csv", "status": "taken", "code": None, "claims": 100, "lines": 0},
            {"name": "lines.csv", "status": "taken", "code": None, "claims": 0, "lines": 1000},
        ],
        "input": {"claims": 100, "lines": 1000},
        "settled": {"claims": 98, "lines": 985},
        "rejected": {"claims": 1, "lines": 9},
        "pending": {"claims": 1, "lines": 6},
        "by_code": {"money_format": 1, "late": 1},
        "totals": {
            "by_fund": {"pool_paid_fen": 90_000_000, "large_amount_paid_fen": 10_000_000},
            "by_region": [{"region": "610100", "name": "西安市", **AMOUNTS}],
            "by_institution": [{"institution": "H61010000001", "name": "第一医院", **AMOUNTS}],
        },
        "findings": [
            {
                "rule_id": "duplicate_settlement",
                "level": "definite",
                "label_zh": "重复结算",
                "label_en": "Settled twice",
                "count": 3,
                "amount_fen": 45_678,
                "lacks": [],
            }
        ],
        "leads": [
            {
                "kind": "institution",
                "status": "scored",
                "units": 296,
                "leads": 10,
                "by_chance": 1,
                "expected_fen": 1_234_567,
                "drift": {},
            }
        ],
        "policy_hash": "a" * 64,
        "result_hash": "b" * 64,
        "stages": [
            {"name": "intake", "wall_s": 1.25, "rss_mb": 210.4},
            {"name": "settle", "wall_s": 0.5, "rss_mb": 340.0},
        ],
    }
    return summary | changes
