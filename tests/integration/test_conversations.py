"""Recorded conversations of the five chains, replayed against a real server process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.replay import FOLDER, Line, replay, served


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    with served(tmp_path_factory.mktemp("served")) as line:
        yield line


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_recorded_conversation_is_answered_as_recorded(path: Path, line: Line) -> None:
    said: list[str] = []
    replay(path, line, said.append)
    assert len(said) > 5


def test_there_is_a_conversation_of_each_chain() -> None:
    abouts = {path.read_text(encoding="utf-8")[:10] for path in FOLDER.glob("*.yaml")}
    assert abouts == {f"about: ({chain})" for chain in "abcde"}
