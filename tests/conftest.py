"""What tests of several folders share: a PostgreSQL server, and a new database of each kind."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.storage.database import Database
from tests.postgres import Server, why_not

# Small jobs would run uncompiled; tests are to run what a night runs.
os.environ.setdefault("JIESUAN_COMPILE", "1")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    server = Server()
    yield server
    server.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.pg)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Return where a new database is to lie, on each kind in turn."""
    if request.param == "sqlite":
        return tmp_path / "ledger.db"
    server: Server = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def database(place: Path | str) -> Iterator[Database]:
    opened = Database(place)
    yield opened
    opened.close()
