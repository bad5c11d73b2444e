"""The injury fund pays only under a recorded recognition, and takes a bill over once."""

from datetime import date
from typing import Any

import pytest

from engine.cases.injury import LIFE, check_recognised, follow
from engine.cases.life_cycle import CaseEvent
from engine.errors import CaseError


def event(name: str, **content: Any) -> CaseEvent:
    return CaseEvent(name, date(2024, 3, 1), "clerk", content)


REPORTED = event("reported", person="P1", injured_on="2024-02-10")
RECOGNISED = event("recognised", decision="D1")


def refusal(*events: CaseEvent) -> str:
    *before, last = events
    case = LIFE.fold(before) if before else None
    with pytest.raises(CaseError) as caught:
        follow(case, last)
    return caught.value.code


def test_nothing_is_settled_before_a_recognition() -> None:
    for case in (
        None,
        LIFE.fold([REPORTED]),
        LIFE.fold([REPORTED, event("not_recognised", decision="D1")]),
    ):
        with pytest.raises(CaseError) as caught:
            check_recognised(case)
        assert caught.value.code == "not_recognised"


def test_a_recognition_opens_the_gate_and_its_revocation_shuts_it() -> None:
    check_recognised(LIFE.fold([REPORTED, RECOGNISED]))
    revoked = LIFE.fold([REPORTED, RECOGNISED, event("recognition_revoked", decision="D2")])
    with pytest.raises(CaseError):
        check_recognised(revoked)


def test_a_recognition_names_its_decision() -> None:
    assert refusal(REPORTED, event("recognised", decision=" ")) == "no_decision"


def test_a_settlement_is_taken_over_once() -> None:
    first = event("superseded", settlement="S1")
    case = LIFE.fold([REPORTED, RECOGNISED, first, event("superseded", settlement="S2")])
    assert case.superseded == {"S1", "S2"}
    assert case.injured_on == date(2024, 2, 10)
    assert refusal(REPORTED, RECOGNISED, first, first) == "superseded_twice"


def test_a_bill_is_not_taken_over_without_recognition() -> None:
    assert refusal(REPORTED, event("superseded", settlement="S1")) == "event_order"


def test_a_refused_recognition_may_be_granted_after_a_review() -> None:
    check_recognised(LIFE.fold([REPORTED, event("not_recognised", decision="D1"), RECOGNISED]))
