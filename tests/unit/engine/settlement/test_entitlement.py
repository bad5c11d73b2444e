"""Benefits begin after the waiting period and stop from the event, however late it is known."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from engine.codes.enums import Fund
from engine.errors import InvariantError
from engine.ledger.postings import Purse
from engine.ledger.recovery import owed_by_purse
from engine.periods import Period, date_of_day, day_number
from engine.policy.entitlement_terms import Waiting
from engine.settlement.entitlement import (
    Cover,
    Denial,
    End,
    EndKind,
    denial,
    has_ended_expr,
    is_covered_expr,
    overpayment,
)
from engine.workdays import published_calendar
from tests.repricing import paid_of
from tests.unit.engine.settlement.stories import (
    claim,
    credit,
    layer,
    per_stay,
    policy,
    tell,
)

YEAR = Cover(Period.of_dates(date(2024, 1, 1), date(2025, 1, 1)))
DIED = End(EndKind.DEATH, on=date(2024, 3, 8), known=date(2024, 6, 3))


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2023, 12, 31), Denial.NOT_COVERED),
        (date(2024, 1, 1), None),
        (date(2024, 12, 31), None),
        (date(2025, 1, 1), Denial.NOT_COVERED),
    ],
)
def test_cover_is_from_its_first_day_to_the_day_before_its_end(
    on: date, expected: Denial | None
) -> None:
    assert denial(on, [YEAR]) is expected


def test_the_day_of_death_is_covered_and_the_next_is_not() -> None:
    assert denial(date(2024, 3, 8), [YEAR], [DIED]) is None
    assert denial(date(2024, 3, 9), [YEAR], [DIED]) is Denial.ENDED


def test_other_ends_take_their_own_day() -> None:
    moved = End(EndKind.MOVED_AWAY, on=date(2024, 3, 8), known=date(2024, 3, 8))
    assert denial(date(2024, 3, 7), [YEAR], [moved]) is None
    assert denial(date(2024, 3, 8), [YEAR], [moved]) is Denial.ENDED


# Three months from 31 August end on 30 November, for there is no 31 November.
@pytest.mark.parametrize(
    ("on", "expected"),
    [(date(2024, 11, 29), Denial.WAITING), (date(2024, 11, 30), None)],
)
def test_benefits_begin_after_the_months_of_waiting(on: date, expected: Denial | None) -> None:
    joined = Cover(Period.of_dates(date(2024, 8, 31)))
    assert denial(on, [joined], waiting=Waiting(months=3)) is expected


@pytest.mark.parametrize(("bridged_days", "expected"), [(30, Denial.WAITING), (31, None)])
def test_a_short_gap_starts_no_new_waiting(bridged_days: int, expected: Denial | None) -> None:
    # 31 days of January lie between.
    covers = [
        Cover(Period.of_dates(date(2020, 1, 1), date(2024, 1, 1))),
        Cover(Period.of_dates(date(2024, 2, 1))),
    ]
    waiting = Waiting(months=6, bridged_days=bridged_days)
    assert denial(date(2024, 3, 1), covers, waiting=waiting) is expected


def test_a_gap_longer_than_is_bridged_forgets_all_before_it() -> None:
    covers = [
        Cover(Period.of_dates(date(2022, 1, 1), date(2022, 2, 1))),
        Cover(Period.of_dates(date(2023, 1, 1), date(2024, 1, 1))),
        Cover(Period.of_dates(date(2024, 1, 11))),
    ]
    waiting = Waiting(months=6, bridged_days=10)
    assert denial(date(2024, 1, 11), covers, waiting=waiting) is None
    assert denial(date(2023, 5, 1), covers, waiting=waiting) is Denial.WAITING


def test_intervals_that_overlap_are_a_bug_of_the_caller() -> None:
    with pytest.raises(InvariantError):
        denial(date(2024, 1, 1), [YEAR, YEAR])


# Twenty working days from Friday 8 March 2024: 11 to 15, 18 to 22 and 25 to 29 March are fifteen,
# 1 to 3 April three more; 4 to 6 April are Qingming; Sunday 7 April is worked, Monday 8 is the
# twentieth.
def test_an_end_is_reported_within_twenty_working_days() -> None:
    due = DIED.report_due(published_calendar())
    assert (due.due, due.provisional) == (date(2024, 4, 8), False)


CITY = policy(
    layer((None, "80%"), deductible=per_stay(["100.00", "50.00"])),
    layer((None, "50%"), name="large", fund="large_amount", base=["copay.basic"]),
    counters="stays",
    ordinal="stays",
    account={"pays": ["deductible.basic", "copay.basic"]},
)


# The second stay: 1000.00 less 50.00, of which the pool pays 760.00 and the large-amount fund half
# of the 190.00 left, 95.00; the account has 30.00 for the 145.00 of the person, cash is 115.00.
def test_what_was_paid_after_a_death_is_proposed_part_by_part() -> None:
    told = tell(
        CITY,
        claim("before", "1000.00"),
        credit("30.00"),
        claim("after", "1000.00", account_used=True),
    )
    at = np.array([0, 2])
    paid = paid_of(told.settled, at, np.array([False, True]))
    days = np.array(
        [
            [day_number(date(2024, 3, 1)), day_number(date(2024, 3, 9))],
            [day_number(date(2024, 3, 9)), day_number(date(2024, 3, 12))],
        ]
    )
    found = overpayment(told.book, paid, days, DIED)
    assert found.claims.tolist() == [1]
    assert found.spanning.tolist() == [0]
    assert found.funds[0, [Fund.POOL, Fund.LARGE_AMOUNT]].tolist() == [76_000, 9_500]
    assert found.account.tolist() == [3_000]
    assert found.cash.tolist() == [11_500]
    assert owed_by_purse(found.funds[0], 3_000) == {
        Purse.POOL: 76_000,
        Purse.LARGE_AMOUNT: 9_500,
        Purse.ACCOUNT: 3_000,
    }


def test_nothing_paid_after_the_end_is_nothing_proposed() -> None:
    told = tell(CITY, claim("before", "1000.00"))
    paid = paid_of(told.settled, np.array([0]), np.array([False]))
    days = np.array([[day_number(date(2024, 3, 8)), day_number(date(2024, 3, 8))]])
    found = overpayment(told.book, paid, days, DIED)
    assert (found.claims.tolist(), found.spanning.tolist()) == ([], [])
    assert owed_by_purse(np.zeros(len(Fund), np.int64)) == {}


@pytest.mark.parametrize("kind", EndKind)
def test_the_forms_for_many_visits_say_what_the_one_for_a_visit_says(kind: EndKind) -> None:
    begins, ends, over = (day_number(date(2024, 3, day)) for day in (5, 20, 12))
    days = list(range(begins - 2, ends + 3))
    visits = pl.DataFrame({"begin_day": days}).with_columns(
        cover_from=begins, cover_to=ends, end=pl.lit(kind.value), ended_on=over
    )
    told = visits.select(is_covered_expr() & ~has_ended_expr()).to_series().to_list()
    end = End(kind, date(2024, 3, 12), known=date(2024, 6, 1))
    one_by_one = [denial(date_of_day(day), [Cover(Period(begins, ends))], [end]) for day in days]
    assert told == [answer is None for answer in one_by_one]
