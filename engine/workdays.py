"""Working days by the calendar that the State Council publishes, and deadlines counted in them.

`workdays.csv` holds the days on which a year differs from its weeks, each with its notice; a
bureau's file of the same form stands before it.
"""

import csv
import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from engine.errors import PolicyError, ensure

PUBLISHED = Path(__file__).with_suffix(".csv")
COLUMNS = ("day", "kind", "source")
MONDAY_TO_FRIDAY = range(5)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day on which something may be done.

    Attributes:
        due: that day, always a working day.
        provisional: a year it runs through has no published calendar; count again once it has.
    """

    due: date
    provisional: bool


@dataclass(frozen=True)
class Calendar:
    """Which days are worked: Monday to Friday, save where `days` says otherwise.

    Attributes:
        years: years whose calendar is published.
        days: day -> whether it is worked.
    """

    years: frozenset[int]
    days: dict[date, bool]

    def is_workday(self, on: date) -> bool:
        """Return whether a day is worked; in a year without calendar, by its weekday."""
        return self.days.get(on, on.weekday() in MONDAY_TO_FRIDAY)

    def deadline(self, received: date, working_days: int) -> Deadline:
        """Return the deadline of something that came in on a day; that day does not count.

        Example:
            >>> published_calendar().deadline(date(2024, 2, 8), 2).due
            datetime.date(2024, 2, 18)
        """
        ensure(working_days > 0, "a deadline needs at least a day", working_days=working_days)
        due, left, years = received, working_days, {received.year}
        while left:
            due += timedelta(days=1)
            years.add(due.year)
            left -= self.is_workday(due)
        return Deadline(due, provisional=not years <= self.years)

    def overridden_by(self, other: "Calendar") -> "Calendar":
        """Return this calendar where `other` says nothing of a day."""
        return Calendar(self.years | other.years, self.days | other.days)


@lru_cache(maxsize=1)
def published_calendar() -> Calendar:
    """Return the published years that come with the product."""
    return read_calendar(PUBLISHED.read_text(encoding="utf-8"), PUBLISHED.name)


def load_calendar(override: Path | None = None) -> Calendar:
    """Return the published calendar, with a bureau's own file before it.

    Raises:
        PolicyError: `workdays`, the file is not of the form.
    """
    if override is None:
        return published_calendar()
    try:
        text = override.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _refused(override.name, 1, "文件不是 UTF-8 编码", "it is not UTF-8") from error
    return published_calendar().overridden_by(read_calendar(text, override.name))


def read_calendar(text: str, name: str) -> Calendar:
    """Return a calendar written as CSV: `day,kind,source`.

    A row is `2027,published,<notice>` for a year that is complete, or a day that is `rest` or
    `work`. Every row has a source.

    Raises:
        PolicyError: `workdays`, a row is not of this form or speaks of a day again; it names the
            line.
    """
    rows = csv.reader(text.splitlines())
    if tuple(next(rows, ())) != COLUMNS:
        raise _refused(name, 1, "首行须是 day,kind,source", "it begins with day,kind,source")
    years: set[int] = set()
    days: dict[date, bool] = {}
    for row in rows:
        try:
            _take(row, years, days)
        except ValueError as error:
            raise _refused(
                name,
                rows.line_num,
                "须是“2027,published,文号”或“2027-02-06,work,出处”（rest 休息，work 上班），"
                "每行有出处，同一天只写一次",
                "a row is `2027,published,<notice>` or `2027-02-06,work,<source>` (rest or work), "
                "has a source, and speaks of a day once",
            ) from error
    return Calendar(frozenset(years), days)


def _take(row: list[str], years: set[int], days: dict[date, bool]) -> None:
    """Add a row.

    Raises:
        ValueError: it is not of the form.
    """
    day, kind, source = row
    year = int(day) if re.fullmatch(r"[0-9]{4}", day) else None
    on = date.fromisoformat(day) if year is None else None
    if not source.strip() or year in years or on in days:
        raise ValueError(row)
    if year is not None and kind == "published":
        years.add(year)
    elif on is not None and kind in {"rest", "work"}:
        days[on] = kind == "work"
    else:
        raise ValueError(row)


def _refused(name: str, line: int, zh: str, en: str) -> PolicyError:
    return PolicyError(
        "workdays",
        f"工作日历用不了：{zh}",
        f"the calendar of working days cannot be used: {en}",
        file=name,
        line=line,
    )
