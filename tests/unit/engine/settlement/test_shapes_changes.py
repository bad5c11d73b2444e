"""Shape 30: what a change of class, or of cover, makes of totals and counters."""

from datetime import date
from typing import Any

import pytest

from engine.errors import PolicyError
from tests.unit.engine.settlement.stories import (
    Record,
    annual,
    burden,
    cancel,
    capped,
    claim,
    class_change,
    layer,
    per_stay,
    policy,
    tell,
)


def changing(**terms: Any) -> Record:
    """Return a policy whose second layer pays 50 % above 1000 for active, 60 % for retired."""
    rate = {"active": "50%", "retired": "60%"}
    serious = burden(
        (None, rate), deductible=annual("1000.00"), mode="incremental", total="burdens", **terms
    )
    basic = layer((None, "0%"))
    return policy(basic, serious, counters="burdens paid")


def test_shape_30_a_class_change_is_prospective_where_the_file_says_so() -> None:
    # Active: (3000 - 1000) x 50 % = 1000. Retired, for 2000 more:
    # (5000 - 1000) x 60 % - (3000 - 1000) x 60 % = 1200.
    rules = changing(on_class_change="prospective")
    told = tell(rules, claim("a", "3000.00"), class_change("retired"), claim("b", "2000.00"))
    assert told.paid("serious_illness") == [100000, 0, 120000]


def test_shape_30_a_class_change_is_retroactive_where_the_file_says_so() -> None:
    # (5000 - 1000) x 60 % - 1000 paid = 1400: the first claim is made up for.
    rules = changing(on_class_change="retroactive", paid="paid")
    told = tell(rules, claim("a", "3000.00"), class_change("retired"), claim("b", "2000.00"))
    assert told.paid("serious_illness") == [100000, 0, 140000]
    assert told.counters()["paid"] == 240000


def test_a_retroactive_change_to_worse_terms_takes_nothing_back() -> None:
    # Retired first: (6000 - 1000) x 60 % = 3000. Active: (6500 - 1000) x 50 % = 2750 < 3000.
    rules = changing(on_class_change="retroactive", paid="paid")
    told = tell(
        rules, class_change("retired"), claim("a", "6000.00"),
        class_change("active") | {"id": "back"}, claim("b", "500.00"), claim("c", "1000.00"),
    )  # fmt: skip
    # With 1000 more: (7500 - 1000) x 50 % = 3250, less 3000 paid.
    assert told.paid("serious_illness") == [0, 300000, 0, 0, 25000]


def test_a_retroactive_payment_never_passes_the_claims_own_burden() -> None:
    # Due (11100 - 1000) x 60 % = 6060, paid 5000, so 1060; the claim's burden is 100. The rest
    # waits: the next claim of 2000 is due (13100 - 1000) x 60 % - 5100 = 2160, and gets 2000.
    rules = changing(on_class_change="retroactive", paid="paid")
    told = tell(
        rules, claim("a", "11000.00"), class_change("retired"), claim("b", "100.00"),
        claim("c", "2000.00"),
    )  # fmt: skip
    assert told.paid("serious_illness") == [500000, 0, 10000, 200000]


def test_a_retroactive_layer_without_a_change_pays_as_an_incremental_one() -> None:
    claims = [claim("a", "3000.01"), claim("b", "0.01"), claim("c", "2000.55")]
    plain = tell(changing(), *claims).paid("serious_illness")
    assert (
        tell(changing(on_class_change="retroactive", paid="paid"), *claims).paid("serious_illness")
        == plain
    )


@pytest.mark.parametrize(
    "terms",
    [{"on_class_change": "retroactive"}, {"paid": "paid"}, {"on_class_change": "prospective",
     "paid": "paid"}],
)  # fmt: skip
def test_what_was_paid_is_kept_where_a_layer_is_retroactive_and_only_there(terms: Record) -> None:
    with pytest.raises(PolicyError, match="layer_shape"):
        tell(changing(**terms), claim("a", "1.00"))


def cover_change(on: str = "2023-07-01", **more: Any) -> Record:
    return {"id": "cover", "kind": "cover_change", "on": date.fromisoformat(on)} | more


def covered(**rules: Any) -> Record:
    """Return a policy of stays by number with a yearly cap of 1000, its counters as told."""
    given = policy(
        layer((None, "50%"), deductible=per_stay(["400.00", "0.00"]),
              caps=capped("1000.00", counter="paid")),
        counters="stays paid", ordinal="stays",
    )  # fmt: skip
    for name, rule in rules.items():
        given["counters"][name]["on_cover_change"] = rule
    return given


@pytest.mark.parametrize(
    ("rule", "paid"), [("carry", 20000), ("reset", 100000), ({"convert": "50%"}, 60000)]
)
def test_a_new_cover_carries_resets_or_converts_a_counter(rule: Any, paid: int) -> None:
    # 2000 - 400 = 1600 pay 800 of the cap of 1000. Then 3000 pay 1500, but 200 is left; or 1000
    # of a new cap; or, of 800 half being taken over, 600.
    told = tell(
        covered(stays="carry", paid=rule), claim("a", "2000.00"), cover_change(),
        claim("b", "3000.00", "2023-08-01"),
    )  # fmt: skip
    assert told.paid() == [80000, 0, paid]


def test_a_new_cover_that_resets_the_stays_begins_with_the_first_deductible() -> None:
    told = tell(
        covered(stays="reset", paid="carry"), claim("a", "400.00"), cover_change(),
        claim("b", "500.00", "2023-08-01"),
    )  # fmt: skip
    assert told.fen("deductible_paid") == [40000, 0, 40000]


def test_a_new_cover_may_change_the_class_as_well() -> None:
    given = policy(layer((None, {"active": "50%", "retired": "60%"})))
    told = tell(given, cover_change() | {"class": "retired"}, claim("a", "100.00", "2023-08-01"))
    assert told.paid() == [0, 6000]


def test_a_counter_of_another_year_is_left_by_a_new_cover() -> None:
    told = tell(
        covered(stays="carry", paid="reset"), claim("a", "2000.00"),
        cover_change("2024-02-01"), claim("late", "3000.00", "2023-12-01"),
    )  # fmt: skip
    assert told.paid() == [80000, 0, 20000]


def test_a_cover_change_that_a_counter_does_not_speak_of_has_no_terms() -> None:
    told = tell(covered(stays="carry"), claim("a", "2000.00"), cover_change(),
                claim("b", "3000.00", "2023-08-01"))  # fmt: skip
    assert told.statuses() == ["settled", "no_terms", "settled"]
    assert told.paid()[2] == 20000


def test_what_was_settled_before_a_cover_change_is_no_longer_cancelled() -> None:
    told = tell(covered(stays="carry", paid="reset"), claim("a", "2000.00"), cover_change(),
                cancel("a"), claim("b", "10.00", "2023-08-01"), cancel("b", "undo b"))  # fmt: skip
    assert told.statuses()[2:] == ["reversal_not_last", "settled", "settled"]


def test_only_money_can_be_converted() -> None:
    with pytest.raises(PolicyError, match="counter_converted"):
        tell(covered(stays={"convert": "50%"}, paid="carry"), claim("a", "1.00"))
