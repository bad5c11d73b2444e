"""Deadlines count the days that offices work, make-up days among them."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import PolicyError
from engine.workdays import Calendar, load_calendar, published_calendar, read_calendar

HEAD = "day,kind,source\n"


# 2026: 1 January to 3 off, Sunday 4 January worked; 15 to 23 February off, Saturdays 14 and 28
# worked; Sunday 20 September worked; 25 September off; 1 to 7 October off, Saturday 10 worked.
@pytest.mark.parametrize(
    ("on", "worked"),
    [
        (date(2026, 1, 2), False),
        (date(2026, 1, 4), True),
        (date(2026, 1, 10), False),
        (date(2026, 2, 14), True),
        (date(2026, 2, 23), False),
        (date(2026, 2, 24), True),
        (date(2026, 2, 28), True),
        (date(2026, 9, 20), True),
        (date(2026, 9, 25), False),
        (date(2026, 10, 10), True),
    ],
)
def test_the_published_year_2026_is_as_its_notice_says(on: date, worked: bool) -> None:
    assert published_calendar().is_workday(on) is worked


# Each year has its weekdays, less the days off on weekdays, plus the weekend days worked.
@pytest.mark.parametrize(
    ("year", "workdays"),
    [(2021, 250), (2022, 249), (2023, 249), (2024, 251), (2025, 248), (2026, 248)],
)
def test_a_published_year_has_its_number_of_working_days(year: int, workdays: int) -> None:
    first = date(year, 1, 1)
    days = [first + timedelta(days=k) for k in range(366)]
    calendar = published_calendar()
    assert sum(calendar.is_workday(day) for day in days if day.year == year) == workdays


# After Friday 30 January 2026: 2 to 6 and 9 to 13 February are ten days, Saturday 14 the
# eleventh, 24 to 28 February five more (sixteen), 2 to 6 March twenty-one, 9 to 13 March
# twenty-six, 16 to 19 March thirty.
@pytest.mark.parametrize(
    ("working_days", "due"),
    [(10, date(2026, 2, 13)), (20, date(2026, 3, 5)), (30, date(2026, 3, 19))],
)
def test_a_deadline_steps_over_the_spring_festival_and_counts_make_up_days(
    working_days: int, due: date
) -> None:
    deadline = published_calendar().deadline(date(2026, 1, 30), working_days)
    assert deadline.due == due
    assert not deadline.provisional


def test_the_day_of_receipt_does_not_count() -> None:
    assert published_calendar().deadline(date(2026, 3, 2), 1).due == date(2026, 3, 3)


def test_a_deadline_that_reaches_an_unpublished_year_is_provisional() -> None:
    # 28 to 31 December 2026 are four days, Friday 1 January counts as a weekday for now.
    deadline = published_calendar().deadline(date(2026, 12, 25), 5)
    assert deadline.due == date(2027, 1, 1)
    assert deadline.provisional


def test_publication_makes_a_provisional_deadline_definite(tmp_path: Path) -> None:
    file = tmp_path / "ours.csv"
    file.write_text(f"{HEAD}2027,published,notice\n2027-01-01,rest,notice\n", "utf-8")
    deadline = load_calendar(file).deadline(date(2026, 12, 25), 5)
    assert deadline.due == date(2027, 1, 4)
    assert not deadline.provisional


def test_a_bureaus_file_stands_before_the_published_calendar(tmp_path: Path) -> None:
    file = tmp_path / "ours.csv"
    file.write_text(f"{HEAD}2026-03-03,rest,flood\n", "utf-8")
    assert load_calendar(file).deadline(date(2026, 3, 2), 1).due == date(2026, 3, 4)
    assert load_calendar().deadline(date(2026, 3, 2), 1).due == date(2026, 3, 3)


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ("2027-01-01,rest,\n", 2),
        ("2027-01-01,holiday,notice\n", 2),
        ("2027,rest,notice\n", 2),
        ("2027-01-01,published,notice\n", 2),
        ("2027,published,notice\n01/01/2027,rest,notice\n", 3),
        ("2027-01-01,rest,notice\n2027-01-01,work,notice\n", 3),
        ("2027-01-01,rest\n", 2),
    ],
)
def test_a_row_that_is_not_of_the_form_is_refused_with_its_line(rows: str, line: int) -> None:
    with pytest.raises(PolicyError) as caught:
        read_calendar(HEAD + rows, "ours.csv")
    assert (caught.value.code, caught.value.line) == ("workdays", line)


def test_a_file_without_its_head_is_refused() -> None:
    with pytest.raises(PolicyError):
        read_calendar("2027,published,notice\n", "ours.csv")


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "ours.csv"
    file.write_bytes("day,kind,source\n2027,published,国办\n".encode("gbk"))
    with pytest.raises(PolicyError):
        load_calendar(file)


@given(st.dates(date(2021, 1, 1), date(2026, 6, 1)), st.integers(1, 60))
def test_a_deadline_leaves_exactly_its_days_between(received: date, working_days: int) -> None:
    calendar: Calendar = published_calendar()
    due = calendar.deadline(received, working_days).due
    between = [received + timedelta(days=k + 1) for k in range((due - received).days)]
    assert sum(map(calendar.is_workday, between)) == working_days
    assert calendar.is_workday(due)
