"""Dates: days that no entry holds, and terms whose review has run out or soon will."""

import datetime
import itertools
from collections.abc import Iterator
from typing import NamedTuple

from engine.periods import date_of_text
from engine.policy.book import Scheme
from engine.policy.reader import Path_
from engine.policy.review.finding import Finding, walk, warning

REVIEW_AHEAD_DAYS = 60


class Span(NamedTuple):
    """The days that an entry says it holds, both inclusive."""

    begins: datetime.date
    reviewed_until: datetime.date


def review_dates(scheme: Scheme, today: datetime.date) -> Iterator[Finding]:
    """Return gaps between dated entries, and, once a date, last entries that end before long."""
    ends: dict[datetime.date, Path_] = {}
    for path, spans in _dated_lists(scheme):
        for place, (one, following) in enumerate(itertools.pairwise(spans)):
            yield from _gap(scheme, (*path, place + 1), one, following)
        ends.setdefault(spans[-1].reviewed_until, (*path, len(spans) - 1, "reviewed_until"))
    if scheme.file.status != "archival":
        for day, path in ends.items():
            yield from _end(scheme, path, day, today)


def _dated_lists(scheme: Scheme) -> Iterator[tuple[Path_, list[Span]]]:
    """Return every list of dated entries in the file, wherever the language has one."""
    for path, value in walk(scheme.document.value):
        if isinstance(value, list) and value and all(_is_dated(item) for item in value):
            days = [(item["from"], item["reviewed_until"]) for item in value]
            yield path, [Span(date_of_text(begins), date_of_text(end)) for begins, end in days]


def _is_dated(item: object) -> bool:
    return isinstance(item, dict) and {"from", "reviewed_until"} <= item.keys()


def _gap(scheme: Scheme, path: Path_, one: Span, following: Span) -> Iterator[Finding]:
    first = one.reviewed_until + datetime.timedelta(days=1)
    last = following.begins - datetime.timedelta(days=1)
    if first <= last:
        yield warning(
            scheme.document,
            "gap",
            path,
            f"{first} 至 {last} 没有条目：这些日子的费用不能结算（policy_not_reviewed）",
            f"no entry holds {first} to {last}: claims of these days cannot be settled "
            "(policy_not_reviewed)",
        )


def _end(
    scheme: Scheme, path: Path_, last: datetime.date, today: datetime.date
) -> Iterator[Finding]:
    days = (last - today).days
    if days < 0:
        yield warning(
            scheme.document,
            "review_expired",
            path,
            f"复核期已于 {last} 届满：此后的费用不能结算，请复核并延长",
            f"the review ran out on {last}: later claims cannot be settled; "
            "review the terms and prolong it",
        )
    elif days < REVIEW_AHEAD_DAYS:
        yield warning(
            scheme.document,
            "review_ends_soon",
            path,
            f"复核期将于 {last} 届满，尚余 {days} 天",
            f"the review runs out on {last}, in {days} days",
        )
