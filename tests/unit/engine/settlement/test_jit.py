"""The kernels' cache is told apart by every source that a kernel is made of."""

import ast
from pathlib import Path

import pytest

from engine.settlement import jit

SETTLEMENT = jit.ENGINE / "settlement"


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
