"""The sample client of docs/samples, as a process of its own, against a server of its own."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from engine.policy.book import SHIPPED
from engine.storage.credentials import Terms, issue
from engine.storage.lake import Lake
from pipelines.sandbox import prepare_sandbox
from tests.integration.night_world import ROOT
from tests.two_regions import Region, free_port

CODE = "SANDBOX01"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Region]:
    lake = tmp_path_factory.mktemp("client") / "lake"
    prepare_sandbox(lake, CODE)
    xian = next(SHIPPED.glob("610100-*"))
    region = Region(lake, xian, free_port())
    region.start()
    yield region
    region.kill()


def run(server: Region, operator: str) -> dict[str, str]:
    database = Lake(server.lake).database
    key = issue(database, CODE, int(time.time()), "operator", Terms(sandbox=True))
    secret = server.lake / "secret"
    secret.write_text(key.secret, encoding="utf-8")
    asked = {
        "--url": f"http://127.0.0.1:{server.port}",
        "--institution": CODE,
        "--access-key": key.access_key,
        "--secret-file": str(secret),
        "--operator": operator,
    }
    sample = ROOT / "docs" / "samples" / "hospital_client.py"
    command = [
        sys.executable,
        "-S",
        "-E",
        str(sample),
        *(x for pair in asked.items() for x in pair),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, str] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("operator", ["001", "SB-LOST"])
def test_the_client_settles_a_visit_and_cancels_it(server: Region, operator: str) -> None:
    told = run(server, operator)
    assert told["entitled"] == "1"
    assert told["shown"] == told["settled"] == told["kept"]
    assert told["undone"] == f"-{told['settled']}"
    assert float(told["settled"]) > 0
