"""Below storage, engine asks no clock and no dice and writes no file: import-linter sees imports
only, these are calls.
"""

import ast

import pytest

from tests.architecture.repository import product_modules, read

CLOCK = {"now", "today", "utcnow"}
DICE = {"default_rng", "RandomState", "shuffle"}
WRITERS = {
    "mkdir", "savez", "sink_csv", "sink_parquet", "tofile", "touch", "unlink", "write_bytes",
    "write_csv", "write_parquet", "write_table", "write_text",
}  # fmt: skip

KEEPS_MACHINE_CODE = "engine/settlement/kernel_cache.py"
"""Writes what the sources say once more, for the processor: no result depends on it."""


def impure(source: str) -> list[str]:
    """Calls that reach outside the arguments, by name."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [ast.unparse(call.func) for call in calls if is_impure(call)]


def is_impure(call: ast.Call) -> bool:
    match call.func:
        case ast.Attribute(attr=name) if name in CLOCK | DICE | WRITERS:
            return True
        case ast.Name(id="open") | ast.Attribute(attr="open"):
            return opens_for_writing(call)
    return False


def opens_for_writing(call: ast.Call) -> bool:
    given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    modes = [one.value for one in given if isinstance(one, ast.Constant)]
    return any(str(mode).strip("bt") in {"w", "a", "x", "r+", "w+"} for mode in modes)


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in product_modules()
        if name.startswith("engine/")
        and not name.startswith("engine/storage/")
        and name != KEEPS_MACHINE_CODE
    ],
)
def test_a_module_below_storage_reaches_for_nothing_outside(name: str) -> None:
    assert impure(read(name)) == []


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("datetime.now(tz)", "datetime.now"),
        ("date.today()", "date.today"),
        ("np.random.default_rng(7)", "np.random.default_rng"),
        ("path.write_text('x')", "path.write_text"),
        ("frame.write_parquet(path)", "frame.write_parquet"),
        ("path.open('wb')", "path.open"),
        ("open(path, mode='a')", "open"),
    ],
)
def test_a_call_that_reaches_outside_is_found(source: str, name: str) -> None:
    assert impure(source) == [name]


@pytest.mark.parametrize("source", ["path.open('rb')", "open(path)", "settle(now=now)", "f(today)"])
def test_reading_and_being_told_the_time_are_allowed(source: str) -> None:
    assert impure(source) == []
