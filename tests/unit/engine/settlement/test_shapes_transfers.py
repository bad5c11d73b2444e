"""Transfers and long stays, as bureaux charge them; figures worked by hand."""

import datetime
from typing import Any

import pytest

from tests.unit.engine.settlement.stories import (
    Record,
    Told,
    claim,
    layer,
    per_stay,
    policy,
    tell,
)

pytestmark = pytest.mark.kernel


def stays(deductible: Record, counters: str = "", rate: str = "80%", **entry: object) -> Record:
    """Return a policy of one layer with this deductible."""
    return policy(layer((None, rate), deductible=deductible), counters=counters, **entry)


def deductibles(told: Told) -> list[float]:
    """Return the deductible of each event in yuan."""
    return [fen / 100 for fen in told.fen("deductible_paid")]


def long_stay(name: str, days: int, **more: Any) -> Record:
    end = datetime.date(2023, 1, 1) + datetime.timedelta(days=days)
    return claim(name, "10000.00", begin=datetime.date(2023, 1, 1), end=end, **more)


def transfers(upward: str, *claims: Record, amounts: Record | None = None) -> list[float]:
    """Return the deductibles of stays under these terms for transfers."""
    own = {"difference": {"taken": "taken"}, "first_free": {"moves": "stays_moved"}, "none": {}}
    named = {"upward": upward, "asked": "asked"} | own[upward]
    given = stays(
        per_stay(amounts or {"L1": "1100.00", "L3": "1700.00"}, transfer=named),
        counters="asked taken stays_moved stays",
    )
    return deductibles(tell(given, *claims))


def test_shape_8_an_upward_transfer_pays_the_difference() -> None:
    # Tianjin 2015: 1,100 at the second level, then 600 more at the third.
    found = transfers(
        "difference",
        claim("a", "10000.00", level="L1"),
        claim("b", "10000.00", transfer=True),
    )
    assert found == [1100, 600]


def test_shape_8_what_the_first_stay_left_of_its_deductible_is_due_with_the_difference() -> None:
    # Only 500 of the 1,100 were used up: 1,700 - 500 remain.
    found = transfers(
        "difference", claim("a", "500.00", level="L1"), claim("b", "10000.00", transfer=True)
    )
    assert found == [500, 1200]


def test_shape_8_a_transfer_downward_or_within_the_level_pays_nothing() -> None:
    found = transfers(
        "difference",
        claim("a", "10000.00"),
        claim("same", "10000.00", transfer=True),
        claim("down", "10000.00", level="L1", transfer=True),
        claim("up", "10000.00", transfer=True),
        claim("new", "10000.00", level="L1"),
    )
    # Up again asks 1,700 - 1,700; the stay that is no transfer pays its own.
    assert found == [1700, 0, 0, 0, 1100]


def test_shape_8_the_first_upward_transfer_of_the_year_is_free() -> None:
    # Foshan: the first transfer to a higher hospital pays nothing, the second its own deductible.
    found = transfers(
        "first_free",
        claim("a", "10000.00", level="L1"),
        claim("first", "10000.00", transfer=True),
        claim("b", "10000.00", level="L1"),
        claim("second", "10000.00", transfer=True),
        claim("down", "10000.00", level="L1", transfer=True),
    )
    assert found == [1100, 0, 1100, 1700, 0]


def test_shape_8_a_transfer_may_be_free_always() -> None:
    found = transfers(
        "none", claim("a", "10000.00", level="L1"), claim("b", "10000.00", transfer=True)
    )
    assert found == [1100, 0]


def test_shape_8_a_transfer_without_an_earlier_stay_is_a_stay_of_its_own() -> None:
    assert transfers("none", claim("a", "10000.00", transfer=True)) == [1700]


def test_shape_8_a_transfer_keeps_the_place_in_the_list_and_counts_no_stay() -> None:
    # Chengdu: second stays cost 300 and 700; the transferred second stay pays 400 more.
    amounts = {"L1": ["400.00", "300.00"], "L3": ["800.00", "700.00"]}
    named = {"upward": "difference", "asked": "asked", "taken": "taken"}
    given = stays(per_stay(amounts, ordinal="stays", transfer=named), counters="asked taken stays")
    told = tell(
        given,
        claim("a", "10000.00", level="L1"),
        claim("b", "10000.00", level="L1"),
        claim("moved", "10000.00", transfer=True),
        claim("c", "10000.00", level="L1"),
    )
    assert deductibles(told) == [400, 300, 400, 300]
    assert told.counters()["stays"] == 3


def test_shape_8_each_hospital_charges_anew_where_nothing_is_said() -> None:
    given = stays(per_stay({"L1": "100.00", "L3": "300.00"}))
    told = tell(given, claim("a", "5000.00", level="L1"), claim("b", "5000.00", transfer=True))
    assert deductibles(told) == [100, 300]


@pytest.mark.parametrize(
    ("days", "amount"), [(0, 1000), (90, 1000), (91, 2000), (180, 2000), (181, 3000)]
)
def test_shape_8_a_long_stay_is_charged_again_every_ninety_days(days: int, amount: int) -> None:
    told = tell(stays(per_stay("1000.00", every_days=90)), long_stay("a", days))
    assert deductibles(told) == [amount]


def test_shape_8_a_long_stay_takes_further_places_of_the_list() -> None:
    # Suzhou: over 180 days count as a new admission: 800 + 400, then 100 for the stay after it.
    amounts = ["800.00", "400.00", "100.00"]
    given = stays(per_stay(amounts, every_days=180, ordinal="stays"), counters="stays")
    told = tell(given, long_stay("a", 181), claim("b", "10000.00", "2023-09-01"))
    assert deductibles(told) == [1200, 100]
    assert told.counters()["stays"] == 3


def test_shape_8_the_days_may_go_by_disease() -> None:
    # Guangzhou: 90 days, tuberculosis 180.
    days = {"tuberculosis": 180, "other": 90}
    given = stays(per_stay("1000.00", every_days=days)) | {
        "diseases": {"tuberculosis": ["A15", "A16"], "other": []}
    }
    told = tell(given, long_stay("a", 150, disease="A15.0"), long_stay("b", 150, disease="I10"))
    assert deductibles(told) == [1000, 2000]


def test_a_cancelled_stay_gives_every_counter_of_its_deductible_back() -> None:
    named = {"upward": "difference", "asked": "asked", "taken": "taken"}
    waived = {"within_days": 15, "counter": "last_end"}
    once = per_stay(
        ["800.00", "400.00"], ordinal="stays", every_days=90, transfer=named, waived=waived
    )
    given = stays(once, counters="stays asked taken")
    given["counters"]["last_end"] = {"counts": "day", "scope": ["year"]}
    told = tell(
        given,
        claim("a", "9000.00", "2023-01-01"),
        claim("b", "9000.00", "2023-03-01"),
        {"id": "undo", "kind": "cancel", "of": "b"},
        claim("c", "9000.00", "2023-06-01"),
    )
    assert deductibles(told) == [800, 400, -400, 400]
    assert told.counters()["stays"] == 2
