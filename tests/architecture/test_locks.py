"""The locks install the same bytes from any mirror."""

import re
import tomllib

import pytest

from tests.architecture.repository import ROOT, read

LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-spark.lock")
PINNED = re.compile(r"([a-z0-9-]+)==([^\s;]+)(?: ; [^\\]+)?(?: --hash=sha256:[0-9a-f]{64})+")


def entries(lock: str) -> list[str]:
    """Each requirement with its hashes, on one line."""
    return re.sub(r"\s*\\\n\s*", " ", lock).splitlines()


def unpinned(lock: str) -> list[str]:
    return [entry for entry in entries(lock) if not PINNED.fullmatch(entry)]


def versions(lock: str) -> dict[str, str]:
    found = (PINNED.fullmatch(entry) for entry in entries(lock))
    return {match[1]: match[2] for match in found if match}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_versions_markers_and_hashes_only(name: str) -> None:
    assert unpinned(read(name)) == []


def test_the_dev_lock_contains_the_run_lock() -> None:
    run, dev = (versions(read(name)) for name in LOCKS[:2])
    assert run.items() <= dev.items()


def test_the_run_lock_covers_what_the_project_declares() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    declared = settings["project"]["dependencies"] + settings["build-system"]["requires"]
    names = {re.split(r"[^A-Za-z0-9._-]", one)[0].lower() for one in declared}
    assert names <= versions(read("requirements.lock")).keys()


@pytest.mark.parametrize(
    "line",
    [
        "numpy>=2",
        "numpy==2.4.6",
        "numpy @ file:///x.whl",
        "--find-links x",
        "numpy==2 --hash=md5:0",
    ],
)
def test_a_line_without_an_exact_version_and_a_hash_is_found(line: str) -> None:
    assert unpinned(line) == [line]
