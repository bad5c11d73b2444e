"""The kernels' cache is told apart by every source that a kernel is made of."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba.core.errors import TypingError

from engine.claims.columns import Ints
from engine.settlement import jit
from engine.settlement.jit import Entry

SETTLEMENT = jit.ENGINE / "settlement"
ROOT = jit.ENGINE.parent


def sources() -> set[Path]:
    return {path for pattern in jit.KERNEL_SOURCES for path in jit.ENGINE.glob(pattern)}


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("engine.")
    }


def modules_of_kernels() -> list[Path]:
    found = sorted(SETTLEMENT.glob("*.py"))
    return [path for path in found if "@kernel" in path.read_text(encoding="utf-8")]


def test_every_pattern_finds_a_source() -> None:
    assert [one for one in jit.KERNEL_SOURCES if not list(jit.ENGINE.glob(one))] == []


@pytest.mark.parametrize("path", modules_of_kernels(), ids=lambda path: path.name)
def test_whatever_a_module_of_kernels_imports_is_hashed(path: Path) -> None:
    # Terms and errors are read before a kernel runs and never inside one.
    outside = {"engine.policy.line_terms", "engine.errors"}
    files = {
        jit.ENGINE.parent / f"{name.replace('.', '/')}.py" for name in imported(path) - outside
    }
    assert files <= sources()


def test_a_change_in_any_source_changes_the_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in sources():
        copy = tmp_path / path.relative_to(jit.ENGINE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    before = jit.sources_hash()
    monkeypatch.setattr(jit, "ENGINE", tmp_path)
    assert jit.sources_hash() == before
    enums = tmp_path / "codes" / "enums.py"
    enums.write_text(enums.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert jit.sources_hash() != before


@Entry
def doubled(values: Ints) -> int:
    return int(values[0] * 2)


@Entry
def made(values: Ints) -> int:
    return len(np.zeros(values.size, np.int64))


def test_a_small_job_runs_uncompiled_until_the_process_has_compiled_the_entry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JIESUAN_COMPILE", "0")
    entry = Entry(doubled.plain)
    assert entry.sized(jit.SMALL_JOB) is entry.plain
    compiled = entry.sized(jit.SMALL_JOB + 1)
    assert entry.sized(1) is compiled
    assert compiled(np.array([21])) == 42


def test_a_process_of_many_small_jobs_compiles_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIESUAN_COMPILE", "1")
    entry = Entry(doubled.plain)
    assert entry.sized(1) is entry.compiled


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")
def test_a_kernel_that_makes_an_array_is_refused() -> None:
    with pytest.raises(TypingError, match="array"):
        made.compiled(np.array([21]))


def test_settling_one_case_loads_no_compiler() -> None:
    program = """
import sys
from datetime import date
from engine.settlement.case import settle_case

day = date(2023, 3, 1)
stay = {"id": "a", "visit": "inpatient", "level": "L3", "begin": day, "end": day, "total": "9.00"}
story = {"person": {"class": "active"}, "state": {"counters": {}}, "events": [stay]}
told = settle_case({"region": "330100", "scheme": "employee", **story})
assert told["settlements"][0]["status"] == "settled", told
assert "numba" not in sys.modules
"""
    environment = {**os.environ, "JIESUAN_COMPILE": "0"}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment, cwd=ROOT)
