"""A process beside the night compiles the fold, where nothing is kept and much is to be settled."""

import sys
from pathlib import Path

import pytest

from engine.settlement.jit import SMALL_JOB, kept_in
from pipelines.steps.settle import ahead


class Recorded:
    """Stands for a process, and tells what became of it."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def __call__(self, command: list[str], **_: object) -> "Recorded":
        self.told.append(Path(command[0]).name)
        return self

    def terminate(self) -> None:
        self.told.append("terminated")

    def wait(self) -> None:
        self.told.append("waited for")


@pytest.fixture
def process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    recorded = Recorded()
    monkeypatch.setattr("subprocess.Popen", recorded)
    monkeypatch.setenv("JIESUAN_CACHE", str(tmp_path))
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "0")
    return recorded


def settle(claims: int) -> None:
    with ahead.fold_compiled_beside(claims):
        pass


def test_a_first_night_of_many_claims_has_its_fold_compiled_beside(process: Recorded) -> None:
    settle(SMALL_JOB + 1)
    assert process.told == [Path(sys.executable).name, "terminated", "waited for"]


def test_a_night_that_runs_uncompiled_starts_no_process(process: Recorded) -> None:
    settle(SMALL_JOB)
    assert process.told == []


def test_a_night_that_finds_machine_code_starts_no_process(process: Recorded) -> None:
    kept_in().mkdir(parents=True)
    (kept_in() / "one.o").write_bytes(b"")
    settle(SMALL_JOB + 1)
    assert process.told == []
