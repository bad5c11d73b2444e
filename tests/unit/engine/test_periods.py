"""Days are counted half-open, and an insurance year is named after the year it begins in."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvariantError
from engine.periods import (
    NO_END_DAY,
    Period,
    date_of_day,
    day_number,
    day_number_expr,
    insurance_year,
    insurance_year_period,
)

DATES = st.dates(date(1900, 1, 2), date(2199, 12, 31))
STARTS = st.sampled_from([(1, 1), (7, 1), (9, 1), (12, 31), (2, 28)])


def test_days_are_counted_from_1970() -> None:
    assert day_number(date(1970, 1, 1)) == 0
    assert day_number(date(1969, 12, 31)) == -1
    assert day_number(date(2024, 2, 29)) == 19_782


@given(DATES)
def test_a_day_number_leads_back_to_its_date(on: date) -> None:
    assert date_of_day(day_number(on)) == on


def test_a_period_holds_its_first_day_and_not_its_end() -> None:
    stay = Period.of_dates(date(2024, 2, 28), date(2024, 3, 1))
    assert date(2024, 2, 28) in stay
    assert date(2024, 2, 29) in stay
    assert date(2024, 3, 1) not in stay
    assert date(2024, 2, 27) not in stay
    assert stay.days == 2


def test_a_period_without_end_holds_every_later_day() -> None:
    period = Period.of_dates(date(2024, 1, 1))
    assert period.end == NO_END_DAY
    assert date.max in period


def test_an_empty_period_holds_no_day() -> None:
    assert date(2024, 1, 1) not in Period.of_dates(date(2024, 1, 1), date(2024, 1, 1))


def test_a_period_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(InvariantError, match="ends before it starts"):
        Period(2, 1)


def test_periods_that_only_touch_do_not_overlap() -> None:
    assert Period(1, 5).overlap(Period(5, 9)) is None
    assert Period(1, 5).overlap(Period(7, 9)) is None


@pytest.mark.parametrize(
    ("other", "common"),
    [(Period(3, 9), Period(3, 5)), (Period(0, 9), Period(1, 5)), (Period(2, 3), Period(2, 3))],
)
def test_an_overlap_is_the_days_common_to_both(other: Period, common: Period) -> None:
    assert Period(1, 5).overlap(other) == common
    assert other.overlap(Period(1, 5)) == common


@pytest.mark.parametrize(
    ("on", "starts", "year"),
    [
        (date(2024, 1, 1), (1, 1), 2024),
        (date(2024, 12, 31), (1, 1), 2024),
        (date(2024, 6, 30), (7, 1), 2023),
        (date(2024, 7, 1), (7, 1), 2024),
        (date(2024, 2, 29), (2, 28), 2024),
    ],
)
def test_an_insurance_year_is_named_after_the_year_it_begins_in(
    on: date, starts: tuple[int, int], year: int
) -> None:
    assert insurance_year(on, starts) == year


@given(DATES, STARTS)
def test_every_date_lies_in_the_period_of_its_insurance_year(
    on: date, starts: tuple[int, int]
) -> None:
    period = insurance_year_period(insurance_year(on, starts), starts)
    assert on in period
    assert period.days in (365, 366)


@given(st.lists(DATES, max_size=20))
def test_a_column_of_dates_is_read_as_one_by_one(dates: list[date]) -> None:
    frame = pl.DataFrame({"on": dates}, schema={"on": pl.Date})
    days = frame.select(day_number_expr(pl.col("on"))).to_series()
    assert days.to_list() == [day_number(on) for on in dates]


@pytest.mark.parametrize("starts", [(0, 1), (13, 1), (1, 0), (4, 31), (2, 29)])
def test_an_insurance_year_cannot_start_on_a_day_that_some_years_lack(
    starts: tuple[int, int],
) -> None:
    with pytest.raises(InvariantError):
        insurance_year(date(2024, 1, 1), starts)


def test_consecutive_insurance_years_leave_no_gap() -> None:
    first, second = insurance_year_period(2023, (7, 1)), insurance_year_period(2024, (7, 1))
    assert first.end == second.start
    assert date_of_day(first.end) - timedelta(days=1) == date(2024, 6, 30)
