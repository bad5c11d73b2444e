"""Code stays small enough to read in one go. Complexity is left to ruff."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.repository import files, read

FILE_LINES = 400
FUNCTION_LINES = 50
PARAMETERS = 6

Function = ast.FunctionDef | ast.AsyncFunctionDef


def too_large(source: str) -> list[str]:
    """What exceeds a limit, a sentence each."""
    lines = source.count("\n")
    found = [f"{lines} lines in a file"] if lines > FILE_LINES else []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, Function):
            found += excesses(node)
    return found


def excesses(function: Function) -> Iterator[str]:
    # Decorators lie above `def`, so the data of a parametrised test does not count.
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if lines > FUNCTION_LINES:
        yield f"{lines} lines in {function.name}"
    parameters = len(parameter_names(function.args))
    if parameters > PARAMETERS:
        yield f"{parameters} parameters of {function.name}"


def parameter_names(arguments: ast.arguments) -> list[str]:
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [one.arg for one in every if one.arg not in {"self", "cls"}]


@pytest.mark.parametrize("name", [name for name in files() if name.endswith(".py")])
def test_a_file_keeps_the_length_limits(name: str) -> None:
    assert too_large(read(name)) == []


def test_a_long_file_is_found() -> None:
    assert too_large("x = 1\n" * 400) == []
    assert too_large("x = 1\n" * 401) == ["401 lines in a file"]


def test_a_long_function_is_found_even_inside_a_class() -> None:
    source = "class A:\n    async def f(self):\n" + "        x = 1\n" * 50
    assert too_large(source) == ["51 lines in f"]


def test_the_data_of_a_parametrised_test_does_not_count() -> None:
    source = "@mark([\n" + "    1,\n" * 60 + "])\ndef f(x):\n    assert x\n"
    assert too_large(source) == []


def test_keyword_only_parameters_count_and_self_does_not() -> None:
    assert too_large("def f(self, a, b, c, /, d, *, e, g): ...\n") == []
    assert too_large("def f(a, b, c, /, d, *, e, g, h): ...\n") == ["7 parameters of f"]
