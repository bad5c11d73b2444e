"""Shape 37: stays across the year end, split by day, split by force, billed in parts."""

from datetime import date
from typing import Any

import pytest

from engine.claims.columns import State
from engine.errors import ClaimError, PolicyError
from tests.unit.engine.settlement.stories import (
    Record,
    bands,
    cancel,
    capped,
    claim,
    layer,
    per_stay,
    policy,
    tell,
)

HALF = layer((None, "50%"))


def segment(name: str, number: int, total: str, on: str, **more: Any) -> Record:
    """Return a bill of the stay `S`; the last one is not interim."""
    return claim(name, total, on, stay="S", segment=number) | {"interim": True} | more


LAST = {"interim": False}


def joined(*, rule: str = "one_stay", **changes: Any) -> Record:
    """Return a policy of stays by number: 800 then 400, 80 % to 10000 and 90 % above."""
    kept = {"deductible": per_stay(["800.00", "400.00"])} | changes
    stay = layer(("10000.00", "80%"), (None, "90%"), **kept)
    return policy(stay, counters="stays", ordinal="stays", segments=rule)


def test_shape_37_a_stay_across_the_year_end_counts_in_the_year_of_discharge() -> None:
    # 2023: stays 1. The stay from 27 December is the first of 2024: 800 again, then 400.
    rules = policy(
        layer((None, "80%"), deductible=per_stay(["800.00", "400.00"])),
        counters="stays", ordinal="stays",
    )  # fmt: skip
    across = {"begin": date(2023, 12, 27), "end": date(2024, 1, 6)}
    told = tell(
        rules, claim("a", "1800.00"), claim("b", "1800.00") | across,
        claim("c", "1400.00", "2024-02-01"),
    )  # fmt: skip
    assert told.fen("deductible_paid") == [80000, 80000, 40000]
    assert told.paid() == [80000, 80000, 80000]


def test_shape_37_a_stay_split_by_day_carries_its_number_and_deductible_on() -> None:
    # The second stay of 2023 asks 400: 300 of it in December, 100 in January. A later stay of
    # 2024 starts again as the first: 800.
    told = tell(
        joined(), claim("first", "800.00"),
        segment("december", 1, "300.00", "2023-12-31"),
        segment("january", 2, "1100.00", "2024-01-08", **LAST),
        claim("later", "1800.00", "2024-05-01"),
    )  # fmt: skip
    assert told.fen("deductible_paid") == [80000, 30000, 10000, 80000]
    assert told.paid() == [0, 0, 80000, 80000]
    assert [int(row[6]) for row in told.settled.results] == [0, 1, 1, 0]


def test_shape_37_a_forced_split_asks_no_deductible_again() -> None:
    told = tell(
        joined(rule="waived"),
        segment("december", 1, "500.00", "2023-12-31"),
        segment("january", 2, "1000.00", "2024-01-08", **LAST),
        claim("later", "1800.00", "2024-05-01"),
    )  # fmt: skip
    assert told.fen("deductible_paid") == [50000, 0, 80000]
    assert told.paid() == [0, 80000, 80000]


def test_shape_37_each_segment_may_be_a_stay_of_its_own() -> None:
    told = tell(
        joined(rule="own_stays"),
        segment("december", 1, "1800.00", "2023-06-30"),
        segment("january", 2, "1400.00", "2023-07-31", **LAST),
    )  # fmt: skip
    assert told.fen("deductible_paid") == [80000, 40000]
    assert told.counters()["stays"] == 2


def test_shape_37_the_cap_of_each_year_is_its_own() -> None:
    # 80 % of 1000 each; the year's cap is 700, and the new year has its own.
    rules = policy(
        layer((None, "80%"), caps=capped("700.00", counter="paid")),
        counters="paid stays", ordinal="stays", segments="one_stay",
    )  # fmt: skip
    told = tell(
        rules,
        segment("december", 1, "1000.00", "2023-12-31"),
        segment("january", 2, "1000.00", "2024-01-08", **LAST),
    )
    assert told.paid() == [70000, 70000]


@pytest.mark.parametrize("inside", [True, False])
def test_interim_bills_pay_together_what_one_bill_would(inside: bool) -> None:
    # 15000 in one bill with 800 inside the bands: 9200 x 80 % + 5000 x 90 % = 11860; outside
    # them: 10000 x 80 % + 4200 x 90 % = 11780. Bills of 500, 6000 and 8500 come to the same.
    table = bands(("10000.00", "80%"), (None, "90%"), inside=inside)
    rules = joined(bands=table)
    whole = tell(rules, claim("whole", "15000.00"))
    parts = tell(
        rules,
        segment("a", 1, "500.00", "2023-03-10"),
        segment("b", 2, "6000.00", "2023-04-10"),
        segment("c", 3, "8500.00", "2023-05-10", **LAST),
    )
    assert whole.paid() == [1186000 if inside else 1178000]
    assert sum(parts.paid()) == whole.paid()[0]
    assert parts.fen("deductible_paid") == [50000, 30000, 0]
    assert parts.counters()["stays"] == 1


def test_two_stays_with_segments_are_kept_apart() -> None:
    told = tell(
        joined(),
        segment("a1", 1, "500.00", "2023-03-10"),
        segment("b1", 1, "300.00", "2023-03-11", stay="T"),
        segment("a2", 2, "1300.00", "2023-04-10", **LAST),
        segment("b2", 2, "1100.00", "2023-04-11", stay="T", **LAST),
    )
    assert told.fen("deductible_paid") == [50000, 30000, 30000, 10000]


def test_a_stay_billed_once_leaves_nothing_to_a_later_one() -> None:
    told = tell(joined(), claim("a", "500.00"), claim("b", "5400.00"))
    assert told.fen("deductible_paid") == [50000, 40000]


@pytest.mark.parametrize("rule", [{}, {"segments": "one_stay"}])
def test_a_segment_out_of_turn_or_without_terms_is_not_settled(rule: Record) -> None:
    rules = policy(HALF, counters="stays", ordinal="stays", **rule)
    told = tell(rules, segment("second", 2, "100.00", "2023-03-10"))
    assert told.statuses() == ["segment_out_of_order" if rule else "not_supported"]


def test_the_same_segment_is_not_settled_twice() -> None:
    told = tell(
        joined(),
        segment("a", 1, "500.00", "2023-03-10"),
        segment("again", 1, "500.00", "2023-03-10"),
    )
    assert told.statuses() == ["settled", "segment_out_of_order"]


def test_a_segment_is_cancelled_only_after_those_that_follow_even_of_another_year() -> None:
    told = tell(
        joined(),
        segment("december", 1, "500.00", "2023-12-31"),
        segment("january", 2, "1000.00", "2024-01-08", **LAST),
        cancel("december", "too early"),
        cancel("january", "undo january"),
        cancel("december", "undo december"),
    )
    assert told.statuses()[2:] == ["reversal_not_last", "settled", "settled"]
    assert set(told.settled.closing[:, State.VALUE].tolist()) == {0}


def test_a_cancelled_segment_can_be_billed_again() -> None:
    told = tell(
        joined(),
        segment("a", 1, "500.00", "2023-03-10"),
        segment("b", 2, "1000.00", "2023-04-10", **LAST),
        cancel("b"),
        segment("c", 2, "2300.00", "2023-04-10", **LAST),
    )
    assert told.fen("deductible_paid") == [50000, 30000, -30000, 30000]
    assert told.paid()[-1] == 160000


@pytest.mark.parametrize(
    "clash",
    [
        {"deductible": per_stay(["1.00", "2.00"], ordinal="stays_own")},
        {"deductible": per_stay("1.00", every_days=90)},
        {"price": "8000.00"},
    ],
)
def test_segments_of_one_stay_do_not_go_with_terms_that_count_stays_otherwise(
    clash: Record,
) -> None:
    rules = policy(
        layer((None, "50%"), **clash), counters="stays stays_own", ordinal="stays",
        segments="one_stay",
    )  # fmt: skip
    with pytest.raises(PolicyError, match="segments_shape"):
        tell(rules, claim("a", "1.00"))


def test_a_bill_of_a_part_names_its_stay() -> None:
    with pytest.raises(ClaimError, match="stay"):
        tell(joined(), claim("a", "1.00", segment=2))
