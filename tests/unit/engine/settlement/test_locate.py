"""Which terms a claim meets: dates, dimensions, and claims that no terms are for."""

import datetime

import pytest

from engine.claims.columns import EVENT_WIDTH, NONE, Bucket, Event, Result, Status
from engine.codes.enums import VisitKind
from engine.money import MAX_FEN
from engine.periods import date_of_day
from engine.settlement.locate import calendar_date
from engine.settlement.settle import settle
from tests.unit.engine.settlement.stories import (
    LEVELS,
    Record,
    book_of,
    claim,
    class_change,
    events_of,
    layer,
    policy,
    tell,
)

pytestmark = pytest.mark.kernel

HALF = policy(layer((None, "50%")))
AGES: Record = {"young": [0, 60], "old": [60, 70], "oldest": [70, None]}


def by_age(rates: Record | None = None) -> Record:
    rate = rates or {"young": "50%", "old": "60%", "oldest": "70%"}
    return policy(layer((None, rate))) | {"ages": AGES}


def dated(*spans: tuple[str, str, str]) -> Record:
    given = policy()
    given["benefits"]["inpatient"]["history"] = [
        {
            "from": datetime.date.fromisoformat(begins),
            "reviewed_until": datetime.date.fromisoformat(reviewed),
            "layers": [layer((None, rate))],
        }
        for begins, reviewed, rate in spans
    ]
    return given


TWO = dated(("2023-01-01", "2024-12-31", "50%"), ("2024-03-01", "2024-12-31", "60%"))


@pytest.mark.parametrize(
    ("day", "status", "paid"),
    [
        ("2022-12-31", "no_policy", 0),
        ("2023-01-01", "settled", 5_000),
        ("2024-02-29", "settled", 5_000),
        ("2024-03-01", "settled", 6_000),
        ("2024-12-31", "settled", 6_000),
        ("2025-01-01", "policy_not_reviewed", 0),
    ],
)
def test_the_claim_date_picks_the_entry(day: str, status: str, paid: int) -> None:
    told = tell(TWO, claim("a", "100.00", day))
    assert (told.statuses(), told.paid()) == ([status], [paid])


def test_a_day_that_was_reviewed_by_no_entry_has_no_terms() -> None:
    gap = dated(("2023-01-01", "2023-06-30", "50%"), ("2024-01-01", "2024-12-31", "60%"))
    told = tell(gap, claim("a", "1.00", "2023-06-30"), claim("b", "1.00", "2023-07-01"))
    assert told.statuses() == ["settled", "policy_not_reviewed"]


def test_the_end_of_care_picks_the_terms_or_the_day_of_settlement_does() -> None:
    late = claim("a", "100.00", "2024-02-29") | {"settled": datetime.date(2024, 3, 2)}
    assert tell(TWO, late).paid() == [5_000]
    assert tell(TWO | {"claim_date": "settlement"}, late).paid() == [6_000]


def test_an_event_settled_before_the_one_above_keeps_its_own_day() -> None:
    claims = [claim("a", "100.00", "2024-03-01"), claim("b", "100.00", "2024-02-01")]
    assert tell(TWO | {"claim_date": "settlement"}, *claims).paid() == [6_000, 5_000]


def test_a_visit_that_no_benefit_takes_has_no_policy() -> None:
    assert tell(HALF, claim("a", "1.00", visit="pharmacy")).statuses() == ["no_policy"]


def test_a_combination_said_to_be_unavailable_has_no_terms() -> None:
    given = policy(layer((None, {"L1": "50%", "L3": "unavailable"})))
    told = tell(given, claim("a", "1.00"), claim("b", "1.00", level="L1"))
    assert told.statuses() == ["no_terms", "settled"]


def test_what_is_unavailable_to_one_class_is_there_after_the_change() -> None:
    given = policy(layer((None, {"active": "unavailable", "retired": "50%"})))
    told = tell(given, claim("a", "1.00"), class_change("retired"), claim("b", "1.00"))
    assert told.statuses() == ["no_terms", "settled", "settled"]


@pytest.mark.parametrize(
    ("born", "paid"),
    [
        ("1963-03-11", 5_000),
        ("1963-03-10", 6_000),
        ("1953-03-11", 6_000),
        ("1953-03-10", 7_000),
        ("1900-01-01", 7_000),
    ],
)
def test_ages_are_full_years_on_the_claim_date(born: str, paid: int) -> None:
    person = {"class": "active", "birth_date": born}
    assert tell(by_age(), claim("a", "100.00"), person=person).paid() == [paid]


def test_the_order_in_which_a_file_lists_its_ages_does_not_matter() -> None:
    swapped = by_age() | {"ages": dict(reversed(list(AGES.items())))}
    person = {"class": "active", "birth_date": "1953-03-10"}
    assert tell(swapped, claim("a", "100.00"), person=person).paid() == [7_000]


def test_a_birthday_on_29_february_falls_on_1_march_in_common_years() -> None:
    given = by_age({"young": "50%", "old": "60%", "oldest": "70%"}) | {
        "ages": {"young": [0, 23], "old": [23, 70], "oldest": [70, None]}
    }
    person = {"class": "active", "birth_date": "2000-02-29"}
    claims = [claim("a", "100.00", "2023-02-28"), claim("b", "100.00", "2023-03-01")]
    assert tell(given, *claims, person=person).paid() == [5_000, 6_000]


def test_without_a_birth_date_terms_by_age_are_not_met() -> None:
    assert tell(by_age(), claim("a", "100.00")).statuses() == ["no_terms"]


def test_a_claim_before_birth_meets_no_terms_by_age() -> None:
    person = {"class": "active", "birth_date": "2024-01-01"}
    assert tell(by_age(), claim("a", "1.00"), person=person).statuses() == ["no_terms"]


@pytest.mark.parametrize(
    ("column", "value", "status"),
    [
        (Event.SCHEME, NONE, Status.NO_POLICY),
        (Event.VISIT_KIND, NONE, Status.NO_POLICY),
        (Event.VISIT_KIND, max(VisitKind) + 1, Status.NO_POLICY),
        (Event.LEVEL, NONE, Status.NO_TERMS),
        (Event.LEVEL, len(LEVELS), Status.NO_TERMS),
        (Event.PERSON_CLASS, NONE, Status.NO_TERMS),
        (Event.PERSON_CLASS, 2, Status.NO_TERMS),
    ],
)
def test_a_place_that_the_scheme_does_not_have_is_never_read(
    column: Event, value: int, status: Status
) -> None:
    both = {"L1": {"active": "50%", "retired": "60%"}, "L3": "70%"}
    book = book_of(policy(layer((None, both))))
    events, opening = events_of(book, claim("a", "1.00", visit="inpatient"))
    events[0, column] = value
    assert settle(book, events, opening).results[0, Result.STATUS] == status


def test_the_year_is_reckoned_for_every_event_of_a_batch() -> None:
    book = book_of(HALF, HALF | {"scheme": "resident", "insurance_year": "07-01"})
    events, opening = events_of(book, claim("a", "1.00"), claim("b", "1.00"))
    events[1, Event.SCHEME] = 1
    assert settle(book, events, opening).results[:, Result.YEAR].tolist() == [2023, 2022]


@pytest.mark.parametrize(
    ("bucket", "amount", "total", "status"),
    [
        (Bucket.OFF_LIST, -1, 99, Status.BUCKETS_DO_NOT_SUM),
        (Bucket.OFF_LIST, 1, 100, Status.BUCKETS_DO_NOT_SUM),
        (Bucket.OFF_LIST, 0, 101, Status.BUCKETS_DO_NOT_SUM),
        (Bucket.OFF_LIST, MAX_FEN, MAX_FEN + 100, Status.AMOUNT_OUT_OF_RANGE),
        (Bucket.OFF_LIST, MAX_FEN - 100, MAX_FEN, Status.AMOUNT_OUT_OF_RANGE),
        (Bucket.OFF_LIST, MAX_FEN - 101, MAX_FEN - 1, Status.SETTLED),
    ],
)
def test_buckets_must_be_amounts_and_sum_to_the_total(
    bucket: Bucket, amount: int, total: int, status: Status
) -> None:
    book = book_of(HALF)
    events, opening = events_of(book, claim("a", "1.00"))
    events[0, Event.BUCKETS + bucket] = amount
    events[0, Event.TOTAL] = total
    settled = settle(book, events, opening)
    assert settled.results[0, Result.STATUS] == status
    assert settled.results[0, Result.TOTAL] == (total if status == Status.SETTLED else 0)


def test_an_event_of_an_unknown_scheme_has_no_policy_whatever_its_kind() -> None:
    book = book_of(HALF)
    events, opening = events_of(book, class_change("retired"))
    events[0, Event.SCHEME] = NONE
    assert settle(book, events, opening).results[0, Result.STATUS] == Status.NO_POLICY


def test_a_kind_that_is_not_settled_yet_says_so() -> None:
    book = book_of(HALF)
    events, opening = events_of(book, class_change("retired"))
    events[0, Event.KIND] = 99
    assert settle(book, events, opening).results[0, Result.STATUS] == Status.NOT_SUPPORTED


def test_nothing_to_settle_is_settled() -> None:
    book = book_of(HALF)
    events, opening = events_of(book, claim("a", "1.00"), state={"account_balance": "1.00"})
    settled = settle(book, events[:0], opening)
    assert settled.results.shape[0] == settled.trace.size == settled.closing.shape[0] == 0
    assert settled.trace_first.tolist() == [0]
    assert events.shape[1] == EVENT_WIDTH


def test_each_scheme_of_a_book_has_its_own_ages() -> None:
    other = by_age() | {
        "scheme": "resident",
        "ages": {"young": [0, 20], "old": [20, 30], "oldest": [30, None]},
    }
    book = book_of(by_age(), other)
    person = {"class": "active", "birth_date": "1998-03-10"}
    events, opening = events_of(book, claim("a", "100.00"), claim("b", "100.00"), person=person)
    events[1, Event.SCHEME] = 1
    assert settle(book, events, opening).results[:, Result.FUND].tolist() == [5_000, 6_000]


def test_every_day_has_the_date_of_the_calendar() -> None:
    for day in range(-30_000, 60_000):
        on = date_of_day(day)
        assert calendar_date(day) == (on.year, on.month, on.day)
