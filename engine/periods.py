"""Half-open periods of whole days, and the insurance year. A day is counted from 1970-01-01."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from engine.errors import ensure

_EPOCH = date(1970, 1, 1)
_DAYS_IN_EVERY_MONTH = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

NO_END_DAY = 2**31 - 1
"""The end of a period that has none; it also fits a 32-bit column."""


def day_number(on: date) -> int:
    """Return the days from 1970-01-01 to a date.

    Example:
        >>> day_number(date(2024, 2, 29))
        19782
    """
    return (on - _EPOCH).days


def date_of_day(day: int) -> date:
    """Return the date that lies so many days from 1970-01-01."""
    return _EPOCH + timedelta(days=day)


def day_number_expr(expr: pl.Expr) -> pl.Expr:
    """Return what day_number returns for a Date column, as Int64."""
    return expr.to_physical().cast(pl.Int64)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days from `start` up to, not including, `end`; both in days from 1970-01-01.

    Example:
        >>> stay = Period.of_dates(date(2024, 2, 28), date(2024, 3, 1))
        >>> stay.days, date(2024, 3, 1) in stay
        (2, False)
    """

    start: int
    end: int = NO_END_DAY

    def __post_init__(self) -> None:
        ensure(self.start <= self.end, "a period ends before it starts", start=self.start)

    @classmethod
    def of_dates(cls, start: date, end: date | None = None) -> "Period":
        """Return the period from one date up to, not including, another; None means no end."""
        return cls(day_number(start), NO_END_DAY if end is None else day_number(end))

    @property
    def days(self) -> int:
        """How many days the period holds."""
        return self.end - self.start

    def __contains__(self, on: date) -> bool:
        return self.start <= day_number(on) < self.end

    def overlap(self, other: "Period") -> "Period | None":
        """Return the days common to both periods, or None if there are none."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Period(start, end) if start < end else None


def insurance_year(on: date, starts: tuple[int, int] = (1, 1)) -> int:
    """Return the calendar year in which the insurance year of a date began.

    Args:
        on: the date.
        starts: month and day on which each insurance year begins, 29 February excluded.

    Example:
        >>> insurance_year(date(2024, 6, 30), starts=(7, 1))
        2023
    """
    _check_start(starts)
    return on.year if (on.month, on.day) >= starts else on.year - 1


def insurance_year_period(year: int, starts: tuple[int, int] = (1, 1)) -> Period:
    """Return the days of the insurance year that begins in a calendar year."""
    _check_start(starts)
    return Period.of_dates(date(year, *starts), date(year + 1, *starts))


def _check_start(starts: tuple[int, int]) -> None:
    month, day = starts
    ensure(
        1 <= month <= len(_DAYS_IN_EVERY_MONTH) and 1 <= day <= _DAYS_IN_EVERY_MONTH[month - 1],
        "an insurance year must start on a day that every year has",
        month=month,
        day=day,
    )


def date_of_text(value: Any) -> Any:
    """Return a date that is text, as in JSON, as a date; what is neither stays to be refused.

    Raises:
        ValueError: the text is no date.
    """
    if not isinstance(value, str):
        return value
    found = date.fromisoformat(value)
    if found.isoformat() != value:
        message = f"{value!r} is not written yyyy-MM-dd"
        raise ValueError(message)
    return found
