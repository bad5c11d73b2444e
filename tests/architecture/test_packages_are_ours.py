"""The import names are common words, so that a dependency could take one of them."""

import importlib.util
from pathlib import Path

import pytest

from tests.architecture.repository import PACKAGES, ROOT


def lies_in(module: str, folder: Path) -> bool:
    spec = importlib.util.find_spec(module)
    return spec is not None and Path(spec.origin or "").is_relative_to(folder)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_imported_from_this_repository(package: str) -> None:
    assert lies_in(package, ROOT / package)


@pytest.mark.parametrize("module", ["yaml", "json", "no_such_module"])
def test_a_module_from_elsewhere_is_told_apart(module: str) -> None:
    assert not lies_in(module, ROOT / module)
