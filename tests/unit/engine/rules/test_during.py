"""The form `during`, as the shipped rule on out-patient care during a stay sets it."""

from typing import Any

import pytest

from engine.codes.enums import VisitKind
from tests.unit.engine.rules.facts import JUNE_1, Record, facts, found, settlement

RULE = "outpatient_during_stay"


def stay(**changes: Any) -> Record:
    """A stay from 1 to 9 June at H1."""
    return settlement("stay", **({"begin_day": JUNE_1, "end_day": JUNE_1 + 8} | changes))


def visit(day: int, **changes: Any) -> Record:
    on = {"begin_day": JUNE_1 + day - 1, "end_day": JUNE_1 + day - 1, "institution_id": "H2"}
    kind = {"visit_kind": int(VisitKind.OUTPATIENT), "claim": 1}
    return settlement("visit", **(on | kind | changes))


@pytest.mark.parametrize(
    ("day", "flagged"), [(1, {}), (2, {"visit": "stay"}), (8, {"visit": "stay"}), (9, {})]
)
def test_there_is_room_on_the_days_of_admission_and_discharge_only(
    day: int, flagged: dict[str, str]
) -> None:
    assert found(RULE, facts(stay(), visit(day))) == flagged


@pytest.mark.parametrize(
    "changes",
    [
        {"institution_id": "H1"},
        {"person_id": "P2"},
        {"disease_code": "N18.500"},
        {"visit_kind": int(VisitKind.EMERGENCY)},
    ],
)
def test_care_of_the_same_hospital_another_person_dialysis_and_emergencies_are_exempt(
    changes: Any,
) -> None:
    assert found(RULE, facts(stay(), visit(5, **changes))) == {}


def test_a_visit_of_an_earlier_night_is_told_when_the_stay_is_settled() -> None:
    assert found(RULE, facts(stay(), visit(5, claim=None))) == {"stay": "visit"}


def test_what_earlier_nights_settled_alone_is_not_told_again() -> None:
    assert found(RULE, facts(stay(claim=None), visit(5, claim=None))) == {}
