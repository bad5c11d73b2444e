"""The database file itself: who may open it, and when."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from engine.storage.database import Database

OPENERS = 8


@pytest.mark.race
def test_all_who_open_a_new_database_at_once_open_it(tmp_path: Path) -> None:
    together = Barrier(OPENERS, timeout=60)

    def opened(number: int) -> frozenset[str]:
        together.wait()
        database = Database(tmp_path / f"{number // OPENERS}.db")
        taken = database.files_taken()
        database.close()
        return taken

    with ThreadPoolExecutor(OPENERS) as pool:
        assert set(pool.map(opened, range(40 * OPENERS))) == {frozenset()}
