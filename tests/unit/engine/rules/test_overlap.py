"""The form `overlap`, as the shipped rule on in-patient stays sets it."""

from typing import Any

import pytest

from engine.codes.enums import VisitKind
from tests.unit.engine.rules.facts import JUNE_1, Record, facts, found, settlement

RULE = "overlapping_stays"


def stay(name: str, begin: int, end: int, **changes: Any) -> Record:
    """A stay from one day of June to another, at a hospital of its own."""
    days = {"begin_day": JUNE_1 + begin - 1, "end_day": JUNE_1 + end - 1}
    return settlement(name, **({"claim": 0, "institution_id": f"H-{name}"} | days | changes))


def test_the_stay_begun_later_is_flagged() -> None:
    assert found(RULE, facts(stay("a", 3, 6), stay("b", 1, 9))) == {"a": "b"}


def test_of_stays_begun_on_one_day_that_settled_later_is_flagged() -> None:
    given = facts(stay("a", 1, 5, settled_at=2_000_000_000), stay("b", 1, 9))
    assert found(RULE, given) == {"a": "b"}


def test_one_full_day_in_common_is_an_overlap() -> None:
    assert found(RULE, facts(stay("a", 1, 5), stay("b", 4, 9))) == {"b": "a"}


def test_discharge_and_admission_on_one_day_is_no_overlap() -> None:
    assert found(RULE, facts(stay("a", 1, 5), stay("b", 5, 9))) == {}


def test_a_stay_without_a_night_overlaps_with_nothing() -> None:
    assert found(RULE, facts(stay("a", 1, 9), stay("b", 4, 4))) == {}


@pytest.mark.parametrize(
    "change",
    [
        {"institution_id": "H-a"},
        {"visit_id": "v-a"},
        {"person_id": "P2"},
        {"visit_kind": int(VisitKind.OUTPATIENT)},
        {"visit_kind": int(VisitKind.DAY_SURGERY)},
    ],
    ids=["one institution", "segments of one visit", "two persons", "out-patient", "day surgery"],
)
def test_what_is_no_second_stay_of_the_person_elsewhere_is_exempt(change: dict[str, Any]) -> None:
    assert found(RULE, facts(stay("a", 1, 9), stay("b", 3, 6, **change))) == {}


def test_kinds_of_in_patient_stay_may_differ() -> None:
    maternity = stay("b", 3, 6, visit_kind=int(VisitKind.MATERNITY_INPATIENT))
    assert found(RULE, facts(stay("a", 1, 9), maternity)) == {"b": "a"}


def test_a_stay_that_overlaps_with_two_is_flagged_once_against_the_first() -> None:
    given = facts(stay("c", 4, 9), stay("b", 2, 5), stay("a", 1, 9))
    assert found(RULE, given) == {"b": "a", "c": "a"}


def test_a_stay_back_at_the_first_hospital_overlaps_with_the_second_alone() -> None:
    given = facts(
        stay("a", 1, 9, institution_id="H1"),
        stay("b", 3, 6),
        stay("c", 4, 9, institution_id="H1"),
    )
    assert found(RULE, given) == {"b": "a", "c": "b"}


def test_a_third_stay_that_overlaps_with_none_is_left() -> None:
    given = facts(stay("a", 1, 5), stay("b", 3, 6), stay("c", 6, 9))
    assert found(RULE, given) == {"b": "a"}


def test_against_an_earlier_night_tonight_s_stay_is_flagged_even_if_it_began_first() -> None:
    given = facts(stay("old", 3, 6, claim=None), stay("new", 1, 9))
    assert found(RULE, given) == {"new": "old"}


def test_overlaps_among_earlier_nights_are_not_told_again() -> None:
    given = facts(stay("a", 1, 9, claim=None), stay("b", 3, 6, claim=None), stay("c", 20, 21))
    assert found(RULE, given) == {}
