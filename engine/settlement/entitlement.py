"""Whether a person is entitled on a day, and what was paid after that had ended.

An end may become known late. Benefits stop from the event, not from the day on which the agency
hears of it; what was paid in between is proposed as paid too much, and decided by an officer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise

import numpy as np
import polars as pl

from engine.claims.columns import Ints
from engine.errors import ensure
from engine.periods import Period, date_of_day, day_number
from engine.policy.compiler import CompiledBook
from engine.policy.entitlement_terms import Waiting
from engine.settlement.reprice import SPLIT_WIDTH, Correction, Paid, reprice
from engine.settlement.waiting import waits
from engine.workdays import Calendar, Deadline

REPORT_WITHIN_DAYS = 20


class EndKind(StrEnum):
    """Why entitlement ended. Who has died was entitled on the day itself; else that day is out."""

    DEATH = "death"
    MOVED_AWAY = "moved_away"
    NO_LONGER_QUALIFIED = "no_longer_qualified"


@dataclass(frozen=True, slots=True)
class End:
    """An event that ends entitlement, for good.

    Attributes:
        on: when it happened.
        known: when the agency learned of it.
    """

    kind: EndKind
    on: date
    known: date

    @property
    def first_day_without(self) -> int:
        """The first day without entitlement, in days from 1970-01-01."""
        return day_number(self.on) + (self.kind is EndKind.DEATH)

    def report_due(self, calendar: Calendar) -> Deadline:
        """Return by when it had to be reported.

        Source: 经办条例 art. 25
        """
        return calendar.deadline(self.on, REPORT_WITHIN_DAYS)


@dataclass(frozen=True, slots=True)
class Cover:
    """An interval of cover under one insurance.

    Attributes:
        enrolled_from: first day of unbroken enrolment, elsewhere as well, where a register tells
            it: who moved here with unbroken cover does not wait again.
    """

    period: Period
    enrolled_from: int | None = None


class Denial(StrEnum):
    """Why a person is not entitled on a day, by the code that says so."""

    NOT_COVERED = "not_covered"
    WAITING = "waiting_period"
    ENDED = "entitlement_ended"


def denial(
    on: date, covers: Sequence[Cover], ends: Iterable[End] = (), waiting: Waiting | None = None
) -> Denial | None:
    """Return why a person has no benefits on a day; None for a person who has.

    Args:
        on: the day.
        covers: when the person was insured, ascending and apart.
        ends: events that ended entitlement.
        waiting: the scheme's terms; None for no waiting.

    Source: 经办条例 art. 25
    """
    apart = all(a.period.end <= b.period.start for a, b in pairwise(covers))
    ensure(apart, "intervals of cover overlap or do not ascend")
    covering = [k for k, cover in enumerate(covers) if on in cover.period]
    if not covering:
        return Denial.NOT_COVERED
    if any(end.first_day_without <= day_number(on) for end in ends):
        return Denial.ENDED
    joined = None if waiting is None else joined_on(on, covers, waiting.bridged_days)
    if waiting is None or joined is None:
        return None
    return Denial.WAITING if waits(on, joined, waiting) else None


def is_covered_expr() -> pl.Expr:
    """Return whether `begin_day` lies in the cover from `cover_from` to before `cover_to`.

    With `has_ended_expr` it is what `denial` asks of a person without a waiting period.
    """
    return pl.col("begin_day").is_between("cover_from", "cover_to", closed="left")


def has_ended_expr() -> pl.Expr:
    """Return whether an `end` (an EndKind) on `ended_on` has ended entitlement by `begin_day`."""
    dead = (pl.col("end") == EndKind.DEATH.value).cast(pl.Int32)
    return pl.col("ended_on") + dead <= pl.col("begin_day")


def joined_on(on: date, covers: Sequence[Cover], bridged_days: int) -> date | None:
    """Return when the cover began that is unbroken until a day; None for a day without cover.

    Args:
        covers: ascending and apart.
        bridged_days: a gap of at most so many days breaks nothing.
    """
    until = [cover for cover in covers if cover.period.start <= day_number(on)]
    if not until or on not in until[-1].period:
        return None
    first = _enrolled(until[-1])
    for cover in reversed(until[:-1]):
        if first - cover.period.end > bridged_days:
            break
        first = min(first, _enrolled(cover))
    return date_of_day(first)


def _enrolled(cover: Cover) -> int:
    told = cover.enrolled_from
    return cover.period.start if told is None else min(told, cover.period.start)


@dataclass(frozen=True)
class Overpayment:
    """What was paid for claims after entitlement had ended, in fen; the three are never summed.

    Attributes:
        claims: rows of the claims that began after it, ascending.
        funds: (len(claims), FUNDS_COUNT) for the funds that paid.
        account: (len(claims),) for the account that paid.
        cash: (len(claims),) what the patient paid and the provider gives back.
        spanning: rows of claims begun before and ended after it, for an officer to look at.
    """

    claims: Ints
    funds: Ints
    account: Ints
    cash: Ints
    spanning: Ints


def overpayment(book: CompiledBook, paid: Paid, days: Ints, end: End) -> Overpayment:
    """Return the proposal that follows from an end that became known late.

    Args:
        book: the book that the claims were settled by.
        paid: the person's live claims.
        days: (n, 2), the first and the last day of each.
        end: the event.

    Raises:
        InvariantError: a claim settled again does not give what was paid.

    Source: 经办条例 art. 26, 46
    """
    after = days[:, 0] >= end.first_day_without
    nothing_moved = np.zeros((len(days), SPLIT_WIDTH), dtype=np.int64)
    difference = reprice(book, paid, Correction(after, nothing_moved))
    rows = np.flatnonzero(after)
    spanning = np.flatnonzero(~after & (days[:, 1] >= end.first_day_without))
    return Overpayment(
        claims=rows,
        funds=-difference.funds[rows],
        account=-difference.account[rows],
        cash=-difference.cash[rows],
        spanning=spanning,
    )
