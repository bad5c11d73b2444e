"""The form `limit` on knowledge points of every kind: planted, nearly so, and exempt."""

from datetime import date
from typing import Any

import pytest

from engine.codes.enums import HospitalLevel, Insurance, VisitKind
from engine.periods import day_number
from tests.unit.engine.rules.facts import (
    JUNE_1,
    Record,
    facts,
    found_lines,
    line,
    point,
    settlement,
)

TWELVE_YEARS = 12 * 12


def lines_found(rule: str, limit: Record, **claim: Any) -> list[int]:
    """Rows flagged of one claim: line 1 holds the limited item, line 2 another, on 1 June 2024."""
    given = facts(
        settlement("a", 0, **claim), items=[limit], lines=[[line(0, 7, 1), line(0, 8, 2)]]
    )
    return found_lines(rule, given).get("a", [])


CHILD = point("age", 7, low=0, high=TWELVE_YEARS, unit="month")


@pytest.mark.parametrize(
    ("born", "flagged"),
    [
        (date(2012, 6, 2), []),  # Twelve tomorrow.
        (date(2012, 6, 1), [1]),  # Twelve today: 0 to 12 is half-open.
        (date(1980, 1, 1), [1]),
        (date(2024, 6, 1), []),  # Born today.
    ],
)
def test_an_age_counts_full_months_on_the_day_of_the_line(born: date, flagged: list[int]) -> None:
    assert lines_found("item_limited_by_age", CHILD, birth_day=day_number(born)) == flagged


def test_a_birthday_that_a_month_lacks_is_its_last_day() -> None:
    month_old = point("age", 7, low=6, high=None, unit="month")
    born = day_number(date(2023, 12, 31))
    lines = [[line(0, 7, 1, day=day_number(date(2024, 6, 30)))]]
    for day, flagged in ((born, {}), (born + 1, {"a": [1]})):
        given = facts(settlement("a", 0, birth_day=day), items=[month_old], lines=lines)
        assert found_lines("item_limited_by_age", given) == flagged


def test_an_age_in_days_is_counted_in_days() -> None:
    newborn = point("age", 7, low=0, high=28, unit="day")
    assert lines_found("item_limited_by_age", newborn, birth_day=JUNE_1 - 27) == []
    assert lines_found("item_limited_by_age", newborn, birth_day=JUNE_1 - 28) == [1]


def test_a_person_without_a_birth_date_breaks_no_age_limit() -> None:
    assert lines_found("item_limited_by_age", CHILD, birth_day=None) == []


@pytest.mark.parametrize(
    ("level", "flagged"),
    [
        (HospitalLevel.L1A, [1]),
        (HospitalLevel.L2C, []),
        (HospitalLevel.L3_SPECIAL, []),
        (HospitalLevel.NONE, []),  # Exempt: without a grade.
        (None, []),
    ],
)
def test_a_level_of_two_or_above_keeps_first_level_hospitals_out(
    level: HospitalLevel | None, flagged: list[int]
) -> None:
    limit = point("hospital_level", 7, low=2)
    assert lines_found("item_limited_by_level", limit, hospital_level=level) == flagged


def test_a_highest_level_keeps_higher_hospitals_out() -> None:
    limit = point("hospital_level", 7, high=1)
    rule = "item_limited_by_level"
    assert lines_found(rule, limit, hospital_level=int(HospitalLevel.L2A)) == [1]
    assert lines_found(rule, limit, hospital_level=int(HospitalLevel.L1C)) == []


@pytest.mark.parametrize(
    ("words", "kind", "flagged"),
    [
        (["inpatient"], VisitKind.OUTPATIENT, [1]),
        (["inpatient"], VisitKind.DAY_SURGERY, []),
        (["emergency", "inpatient"], VisitKind.EMERGENCY, []),
        (["chronic"], VisitKind.OUTPATIENT, [1]),
        (["outpatient"], VisitKind.CHRONIC, []),
        (["outpatient"], VisitKind.INPATIENT, [1]),
    ],
)
def test_a_kind_of_care_that_the_point_does_not_name_is_flagged(
    words: list[str], kind: VisitKind, flagged: list[int]
) -> None:
    limit = point("visit", 7, words=words)
    assert lines_found("item_limited_by_visit", limit, visit_kind=int(kind)) == flagged


@pytest.mark.parametrize(
    ("rule", "kind", "own"),
    [
        ("item_for_injury_only", "injury_only", Insurance.WORK_INJURY),
        ("item_for_maternity_only", "maternity_only", Insurance.MATERNITY),
    ],
)
def test_an_item_of_one_insurance_is_flagged_under_another(
    rule: str, kind: str, own: Insurance
) -> None:
    assert lines_found(rule, point(kind, 7)) == [1]
    assert lines_found(rule, point(kind, 7), insurance=int(own)) == []


def test_a_line_that_breaks_two_points_of_a_kind_is_flagged_once() -> None:
    limits = [point("injury_only", 7), point("injury_only", 7, point="another")]
    given = facts(settlement("a", 0), items=limits, lines=[[line(0, 7, 1)]])
    assert found_lines("item_for_injury_only", given) == {"a": [1]}
