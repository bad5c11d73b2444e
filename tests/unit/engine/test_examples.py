"""The examples in docstrings run and give what they show."""

import doctest
from types import ModuleType

import pytest

import engine.codes.lookup
import engine.errors
import engine.money
import engine.periods
import engine.wire.translate


@pytest.mark.parametrize(
    "module",
    [
        engine.codes.lookup,
        engine.errors,
        engine.money,
        engine.periods,
        engine.wire.translate,
    ],
)
def test_the_examples_of_a_module_run(module: ModuleType) -> None:
    failed, attempted = doctest.testmod(module)
    assert attempted
    assert not failed
