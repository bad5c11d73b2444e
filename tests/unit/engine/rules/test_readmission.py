"""The form `readmission`, as the shipped rule on split stays sets it: within ten days."""

from typing import Any

import pytest

from engine.codes.enums import VisitKind
from tests.unit.engine.rules.facts import JUNE_1, Record, facts, found, settlement

RULE = "stay_split_in_two"


def stay(name: str, begin: int, end: int, **changes: Any) -> Record:
    days = {"begin_day": JUNE_1 + begin - 1, "end_day": JUNE_1 + end - 1}
    return settlement(name, **({"claim": 0, "disease_code": "I10.x01"} | days | changes))


@pytest.mark.parametrize(("begin", "flagged"), [(5, {"b": "a"}), (15, {"b": "a"}), (16, {})])
def test_back_on_the_tenth_day_is_flagged_and_on_the_eleventh_not(
    begin: int, flagged: dict[str, str]
) -> None:
    assert found(RULE, facts(stay("a", 1, 5), stay("b", begin, 20))) == flagged


@pytest.mark.parametrize(
    "changes",
    [
        {"disease_code": "J18.900"},
        {"disease_code": None},
        {"institution_id": "H2"},
        {"person_id": "P2"},
        {"visit_id": "v-a"},  # A segment of the same visit.
        {"visit_kind": int(VisitKind.OUTPATIENT)},
    ],
)
def test_another_disease_hospital_person_or_the_same_visit_is_exempt(changes: Any) -> None:
    assert found(RULE, facts(stay("a", 1, 5), stay("b", 8, 12, **changes))) == {}


def test_a_stay_that_comes_after_the_one_that_followed_it_is_flagged_and_names_it() -> None:
    told = facts(stay("a", 1, 5), stay("b", 8, 12, claim=None))
    assert found(RULE, told) == {"a": "b"}


@pytest.mark.parametrize("code", ["Z51.100", "C34.900", "N18.501"])
def test_coming_back_as_planned_is_exempt(code: str) -> None:
    given = facts(stay("a", 1, 5, disease_code=code), stay("b", 8, 12, disease_code=code))
    assert found(RULE, given) == {}


def test_codes_that_agree_in_three_letters_are_one_disease() -> None:
    given = facts(stay("a", 1, 5), stay("b", 8, 12, disease_code="I10.x09"))
    assert found(RULE, given) == {"b": "a"}


def test_the_last_stay_before_is_named_and_an_earlier_night_counts() -> None:
    given = facts(stay("a", 1, 3, claim=None), stay("c", 5, 7, claim=None), stay("b", 9, 12))
    assert found(RULE, given) == {"b": "c"}
