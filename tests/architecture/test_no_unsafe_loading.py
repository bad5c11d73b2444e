"""Nothing that is read can run: no pickles, no eval, no YAML tags that build objects."""

import ast

import pytest

from tests.architecture.repository import product_modules, read

MODULES = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
CALLS = {"eval", "exec", "yaml.full_load", "yaml.load", "yaml.load_all", "yaml.unsafe_load"}


def unsafe(source: str) -> list[str]:
    """Unsafe imports and calls, by name."""
    return [name for node in ast.walk(ast.parse(source)) for name in unsafe_names(node)]


def unsafe_names(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [one.name for one in names if one.name.split(".")[0] in MODULES]
        case ast.ImportFrom(module=str(module), names=names):
            called = [f"{module}.{one.name}" for one in names if f"{module}.{one.name}" in CALLS]
            return [module] if module.split(".")[0] in MODULES else called
        case ast.Call(func=function) if ast.unparse(function) in CALLS:
            return [ast.unparse(function)]
        case ast.keyword(arg="allow_pickle", value=ast.Constant(value=True)):
            return ["allow_pickle"]
    return []


@pytest.mark.parametrize("name", product_modules())
def test_a_module_loads_nothing_that_can_run(name: str) -> None:
    assert unsafe(read(name)) == []


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import pickle", "pickle"),
        ("import joblib.parallel", "joblib.parallel"),
        ("from pickle import loads", "pickle"),
        ("from yaml import load", "yaml.load"),
        ("yaml.load(text)", "yaml.load"),
        ("x = [eval(text)]", "eval"),
        ("exec('1')", "exec"),
        ("np.load(path, allow_pickle=True)", "allow_pickle"),
    ],
)
def test_unsafe_loading_is_found(source: str, name: str) -> None:
    assert unsafe(source) == [name]


@pytest.mark.parametrize(
    "source", ["yaml.safe_load(text)", "frame.eval('x')", "np.load(path, allow_pickle=False)"]
)
def test_safe_loading_is_left_alone(source: str) -> None:
    assert unsafe(source) == []
