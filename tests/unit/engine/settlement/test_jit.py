"""The kernels' cache is told apart by every source that a kernel is made of."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import numpy as np
import pytest
from numba.core.compiler_lock import global_compiler_lock
from numba.core.errors import TypingError
from numpy.typing import NDArray

from engine.claims.columns import EVENT_WIDTH, STATE_WIDTH, Ints
from engine.errors import InvariantError
from engine.policy.book import load_book
from engine.policy.compiler import compile_book
from engine.settlement import compiler, jit, kernel_cache
from engine.settlement import settle as settling
from engine.settlement.jit import Entry
from engine.settlement.native import flat

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


class Pair(NamedTuple):
    narrow: NDArray[np.int32]
    wide: Ints


@Entry
def made(values: Ints) -> int:
    return len(np.zeros(values.size, np.int64))


def test_a_small_job_runs_uncompiled_until_the_process_has_compiled_the_entry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JIESUAN_COMPILE", "0")
    entry = Entry(doubled.plain)
    assert entry.sized(jit.SMALL_JOB) is entry.plain
    assert entry.sized(jit.SMALL_JOB + 1)(np.array([21])) == 42
    assert entry.sized(1) == entry.compiled


def test_a_process_of_many_small_jobs_compiles_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIESUAN_COMPILE", "1")
    entry = Entry(doubled.plain)
    assert entry.sized(1) == entry.compiled


@Entry
def seen(given: tuple[Pair, int], numbers: tuple[Ints, int]) -> tuple[int, int]:
    """Return sums that show every way in which an argument is handed over."""
    pair, more = given
    pair.wide[1, 2] = more
    return int(pair.narrow[0] + pair.wide[1, 1]), int(numbers[0][-1] * numbers[1])


@Entry
def last(values: Ints) -> int:
    """Return what lies in the last row's first column."""
    return int(values[values.shape[0] - 1, 0])


@Entry
def quotient(values: Ints) -> int:
    return int(values[0] // values[1])


compiles = pytest.mark.skipif(
    os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled"
)


def test_machine_code_sees_arrays_of_any_layout_tuples_and_numbers() -> None:
    wide = np.arange(24, dtype=np.int64).reshape(4, 6)[::2, ::2]
    pair = Pair(np.array([-100], np.int32), wide)
    assert seen.compiled((pair, 77), (np.array([1, 2, 3])[::-1], -2)) == (-100 + 14, -2)
    assert wide[1, 2] == 77


@compiles
def test_one_row_and_many_run_the_same_machine_code_and_columns_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JIESUAN_CACHE", str(tmp_path))
    entry = Entry(last.plain)
    many = np.arange(12, dtype=np.int64).reshape(4, 3)
    assert (entry.compiled(many[:1]), entry.compiled(many)) == (0, 9)
    assert len(list(tmp_path.rglob("*.o"))) == 1
    assert entry.compiled(np.asfortranarray(many)) == 9
    assert len(list(tmp_path.rglob("*.o"))) == 2


@compiles
def test_a_kernel_that_fails_is_told_by_its_name() -> None:
    with pytest.raises(InvariantError, match="quotient"):
        quotient.compiled(np.array([1, 0]))


@compiles
def test_a_kernel_takes_nothing_that_has_no_form_in_machine_code() -> None:
    with pytest.raises(InvariantError, match="whole numbers"):
        doubled.compiled("21")  # type: ignore[arg-type]


@compiles
def test_code_that_was_kept_in_part_is_compiled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JIESUAN_CACHE", str(tmp_path))
    assert Entry(doubled.plain).compiled(np.array([21])) == 42
    (kept,) = tmp_path.rglob("*.o")
    whole = kept.read_bytes()
    kept.write_bytes(whole[: len(whole) // 2])
    assert Entry(doubled.plain).compiled(np.array([4])) == 8
    assert len(kept.read_bytes()) > len(whole) // 2


@compiles
def test_a_folder_that_cannot_be_written_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("JIESUAN_CACHE", str(tmp_path / "file"))
    assert Entry(doubled.plain).compiled(np.array([21])) == 42


@compiles
def test_what_is_in_the_cache_needs_no_compiler(tmp_path: Path) -> None:
    (tmp_path / "entries.py").write_text(
        """
import sys
import numpy as np
from engine.settlement.jit import Entry

@Entry
def tripled(values) -> int:
    return values[0] * 3

assert tripled.compiled(np.array([7])) == 21
print("numba" in sys.modules)
""",
        encoding="utf-8",
    )
    environment = os.environ | {"JIESUAN_CACHE": str(tmp_path), "PYTHONPATH": str(ROOT)}
    told = [
        subprocess.run(
            [sys.executable, "entries.py"],
            check=True, capture_output=True, cwd=tmp_path, env=environment,
        ).stdout.strip()
        for _ in range(2)
    ]  # fmt: skip
    assert told == [b"True", b"False"]


@compiles
def test_no_thread_compiles_while_numba_produces_code_to_be_linked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What another thread compiled then would have no address: a call of it ends the process.
    locked: list[bool] = []
    lock: Any = global_compiler_lock
    linked: Any = compiler.LinkedCodegen

    def generator(name: str) -> object:
        locked.append(lock.is_locked())
        return linked(name)

    monkeypatch.setattr(compiler, "LinkedCodegen", generator)
    compiler.object_code(doubled.plain, (np.array([1]),), [])
    assert locked == [True]


@compiles
def test_threads_that_ask_at_once_for_the_same_code_make_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JIESUAN_CACHE", str(tmp_path))
    entry, object_code = Entry(doubled.plain), compiler.object_code
    others: list[Thread] = []
    asked: list[object] = []

    def ask() -> None:
        entry.compiled(np.array([1]))

    def made(*given: Any) -> bytes:
        asked.append(given)
        if len(asked) == 1:
            others.append(Thread(target=ask))
            others[0].start()
            others[0].join(0.2)  # Where nothing holds it back, it makes the code too.
        return object_code(*given)

    monkeypatch.setattr(compiler, "object_code", made)
    ask()
    others[0].join()
    assert len(asked) == 1


@pytest.mark.race
def test_who_asks_for_code_that_another_makes_waits_for_it(tmp_path: Path) -> None:
    path = tmp_path / "kernels" / "one.o"
    found: list[bytes | None] = []

    def ask() -> None:
        with kernel_cache.making(path):
            found.append(kernel_cache.read(path))

    asks = Thread(target=ask)
    with kernel_cache.making(path):
        asks.start()
        asks.join(0.2)  # Where nothing holds it back, it finds nothing.
        kernel_cache.write(path, b"made")
    asks.join()
    assert found == [b"made"]


def test_the_fold_is_compiled_ahead_for_the_arguments_that_a_batch_gives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []

    class Recorded:
        def compiled(self, *given: Any) -> None:
            asked.append(flat(given)[0])

        def sized(self, _rows: int) -> Any:
            return self.compiled

    monkeypatch.setattr(settling, "fold", Recorded())
    monkeypatch.setattr(settling, "check_identities", lambda _results: None)
    settling.compile_fold()
    book = compile_book(load_book())
    events = np.zeros((2, EVENT_WIDTH), np.int64)
    opening = np.zeros((3, STATE_WIDTH), np.int64)
    settling.settle_located(book, events, opening, settling.Earlier.none())
    ahead, batch = asked
    assert ahead == batch


@compiles
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
