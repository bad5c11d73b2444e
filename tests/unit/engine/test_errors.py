"""Errors keep their code, their facts and both languages wherever they travel."""

import copy
import pickle

import pytest

from engine.errors import (
    CaseError,
    ClaimError,
    EngineError,
    InvariantError,
    PolicyError,
    StorageError,
    ensure,
)


@pytest.mark.parametrize("kind", [ClaimError, CaseError, StorageError])
def test_an_error_shows_its_code_and_both_languages(kind: type[EngineError]) -> None:
    error = kind("no_visit", "没有就诊 V1", "there is no visit V1", visit="V1")
    assert str(error) == "[no_visit] 没有就诊 V1 | there is no visit V1"
    assert error.facts == {"visit": "V1"}
    assert isinstance(error, EngineError)


@pytest.mark.parametrize(
    ("file", "line", "place"),
    [("a.yaml", 7, "a.yaml:7: "), ("a.yaml", 0, "a.yaml: "), ("", 0, "")],
)
def test_a_policy_error_names_its_place_in_both_languages(file: str, line: int, place: str) -> None:
    error = PolicyError("no_source", "缺少来源", "no source", file=file, line=line)
    assert (error.message_zh, error.message_en) == (f"{place}缺少来源", f"{place}no source")
    assert (error.file, error.line, error.reason) == (file, line, "缺少来源 | no source")


@pytest.mark.parametrize(
    "error",
    [
        ClaimError("bad", "坏", "bad", value="x"),
        PolicyError("bad", "坏", "bad", file="a.yaml", line=3),
        InvariantError("legs do not sum to zero", sum_fen=1),
    ],
)
def test_an_error_survives_pickling_and_copying(error: EngineError) -> None:
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 - our own bytes
        assert type(twin) is type(error)
        assert vars(twin) == vars(error)
        assert str(twin) == str(error)


def test_ensure_is_silent_when_the_condition_holds() -> None:
    ensure(True, "never seen")


def test_ensure_raises_with_the_message_and_the_facts() -> None:
    with pytest.raises(InvariantError, match=r"parts do not sum.*total_fen=3") as caught:
        ensure(False, "parts do not sum", total_fen=3)
    assert caught.value.code == "invariant"
    assert caught.value.facts == {"total_fen": 3}
