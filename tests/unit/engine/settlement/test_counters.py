"""Counters by time and scope: each starts at zero when its scope is first met."""

import numpy as np
import pytest

from engine.claims.columns import COUNTER_ID, COUNTER_YEAR, UFEN, Event, Result, State
from engine.money import MAX_FEN
from engine.settlement.settle import settle
from tests.unit.engine.settlement.stories import (
    Record,
    annual,
    book_of,
    burden,
    capped,
    claim,
    credit,
    events_of,
    layer,
    policy,
    tell,
)

pytestmark = pytest.mark.kernel


def limited(scope: str) -> Record:
    """Return a policy that pays half up to 100 yuan within a scope."""
    half = layer((None, "50%"), caps=capped("100.00", counter="paid"))
    return policy(half, counters=f"paid:{scope}")


def test_a_counter_of_the_year_starts_anew_with_the_insurance_year() -> None:
    days = ("2023-12-31", "2023-12-31", "2024-01-01")
    told = tell(limited("year"), *(claim(f"c{k}", "150.00", day) for k, day in enumerate(days)))
    assert told.paid() == [7_500, 2_500, 7_500]


def test_an_insurance_year_may_begin_in_july() -> None:
    days = ("2023-06-30", "2023-07-01", "2024-06-30", "2024-07-01")
    given = limited("year") | {"insurance_year": "07-01"}
    told = tell(given, *(claim(f"c{k}", "150.00", day) for k, day in enumerate(days)))
    assert told.paid() == [7_500, 7_500, 2_500, 7_500]
    assert [int(told.result(k)[Result.YEAR]) for k in range(4)] == [2022, 2023, 2023, 2024]


def test_a_counter_of_the_month_is_one_of_the_calendar() -> None:
    days = ("2023-03-01", "2023-03-31", "2023-04-01", "2024-03-01")
    told = tell(limited("month"), *(claim(f"c{k}", "150.00", day) for k, day in enumerate(days)))
    assert told.paid() == [7_500, 2_500, 7_500, 7_500]


def test_a_month_that_holds_the_turn_of_the_year_is_still_one_month() -> None:
    days = ("2023-07-01", "2023-07-31", "2024-07-01")
    given = limited("month") | {"insurance_year": "07-15"}
    told = tell(given, *(claim(f"c{k}", "150.00", day) for k, day in enumerate(days)))
    assert told.paid() == [7_500, 2_500, 7_500]


def test_a_counter_for_life_never_starts_anew() -> None:
    days = ("2023-03-01", "2024-03-01")
    told = tell(limited("life"), *(claim(f"c{k}", "150.00", day) for k, day in enumerate(days)))
    assert told.paid() == [7_500, 2_500]


def test_each_disease_has_its_own_limit() -> None:
    named = [("a", "E11"), ("b", "I10"), ("c", "E11"), ("d", None), ("e", None)]
    claims = [claim(name, "150.00", disease=disease) for name, disease in named]
    assert tell(limited("month+disease"), *claims).paid() == [7_500, 7_500, 2_500, 7_500, 2_500]


def test_each_institution_has_its_own_limit() -> None:
    claims = [claim(name, "150.00", institution=name[0]) for name in ("A1", "B1", "A2")]
    assert tell(limited("year+institution"), *claims).paid() == [7_500, 7_500, 2_500]


def test_each_level_has_its_own_limit() -> None:
    claims = [claim(name, "150.00", level=name[:2]) for name in ("L1", "L3", "L1again")]
    assert tell(limited("year+level"), *claims).paid() == [7_500, 7_500, 2_500]


def test_a_level_keeps_its_counter_when_the_list_of_levels_changes() -> None:
    def key(levels: list[str]) -> list[int]:
        told = tell(limited("year+level") | {"levels": levels}, claim("a", "10.00"))
        [row] = told.settled.closing.tolist()
        return [row[State.COUNTER], row[State.SCOPE]]

    assert key(["L1", "L3"]) == key(["L0", "L1", "L2", "L3"])


def test_a_counter_is_kept_under_its_id_year_and_month() -> None:
    told = tell(limited("month"), claim("a", "10.00", "2023-04-05"))
    [row] = told.settled.closing.tolist()
    packed = row[State.COUNTER] % COUNTER_ID
    assert (packed // COUNTER_YEAR, packed % COUNTER_YEAR) == (2023, 4)


def test_a_counter_first_met_in_mid_year_joins_those_that_were_there() -> None:
    given = policy(
        layer((None, "50%"), feeds={"old": "payment"}),
        burden((None, "50%"), deductible=annual("100.00", "new")),
        counters="old new",
    )
    told = tell(given, claim("a", "100.00"), state={"counters": {"old": "10.00"}})
    assert told.counters() == {"old": 6_000, "new": 5_000}


def test_the_opening_year_and_month_may_be_told() -> None:
    opened: Record = {"year": 2023, "month": 4, "counters": {"paid": "90.00"}}
    claims = [claim("a", "150.00", "2023-05-01"), claim("b", "150.00", "2023-04-30")]
    assert tell(limited("month"), *claims, state=opened).paid() == [7_500, 1_000]


def test_the_opening_month_of_a_year_from_july_lies_in_the_next_calendar_year() -> None:
    opened: Record = {"year": 2023, "month": 2, "counters": {"paid": "90.00"}}
    given = limited("month") | {"insurance_year": "07-01"}
    claims = [claim("a", "150.00", "2024-02-01"), claim("b", "150.00", "2023-02-01")]
    assert tell(given, *claims, state=opened).paid() == [1_000, 7_500]


def test_a_claim_onto_a_counter_near_the_edge_of_64_bits_is_refused() -> None:
    book = book_of(limited("life"))
    events, opening = events_of(book, claim("a", "1.00"), state={"counters": {"paid": "1.00"}})
    opening[0, State.VALUE] = 2**62
    assert settle(book, events, opening).results[0, Result.STATUS] == 0
    opening[0, State.VALUE] = 2**62 + 1
    refused = settle(book, events, opening)
    assert refused.results[0, Result.STATUS] == 10
    assert refused.closing[0, State.VALUE] == 2**62 + 1


def test_eight_layers_that_feed_one_counter_cannot_lift_it_past_64_bits() -> None:
    fed = {"base": ["off_list"], "pays_off": ["off_list"], "feeds": {"seen": "base"}}
    layers = [burden((None, "0%"), name=f"n{k}", **fed) for k in range(8)]
    book = book_of(policy(*layers, counters="seen:life"))
    largest = f"{MAX_FEN - 1}"
    total = f"{largest[:-2]}.{largest[-2:]}"
    events, opening = events_of(
        book,
        claim("a", total, self_pay_off_list=total),
        claim("b", total, self_pay_off_list=total),
    )
    settled = settle(book, events, opening)
    assert settled.results[:, Result.STATUS].tolist() == [0, 10]
    assert settled.closing[0, State.VALUE] == 8 * (MAX_FEN - 1) * UFEN


@pytest.mark.parametrize("amount", [MAX_FEN, -MAX_FEN, 2**62])
def test_a_credit_out_of_range_is_refused(amount: int) -> None:
    book = book_of(limited("life"))
    events, opening = events_of(book, credit("1.00"))
    events[0, Event.AMOUNT] = amount
    settled = settle(book, events, opening)
    assert settled.results[0, Result.STATUS] == 10
    assert settled.closing[:, State.VALUE].tolist() == [0]


def test_credits_stop_before_the_balance_passes_64_bits() -> None:
    book = book_of(limited("life"))
    events, opening = events_of(book, *(credit("9999999999.99", f"c{k}") for k in range(12)))
    settled = settle(book, events, opening)
    statuses = settled.results[:, Result.STATUS].tolist()
    assert statuses == [0] * 5 + [10] * 7
    assert settled.closing[0, State.VALUE] == 5 * (MAX_FEN - 1) * UFEN


def test_the_state_of_persons_without_events_is_ignored() -> None:
    book = book_of(limited("year"))
    events, opening = events_of(book, claim("a", "150.00"), state={"counters": {"paid": "90.00"}})
    strangers = np.vstack([opening, opening, opening])
    strangers[0, State.PERSON], strangers[2, State.PERSON] = 0, 7
    settled = settle(book, events, strangers)
    assert settled.results[0, Result.FUND] == 1_000
    assert settled.closing[:, State.PERSON].tolist() == [1]
