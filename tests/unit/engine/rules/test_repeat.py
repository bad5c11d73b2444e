"""The form `repeat`, as the shipped rule on duplicate settlements sets it."""

from typing import Any

import pytest

from tests.unit.engine.rules.facts import facts, found, settlement

RULE = "duplicate_settlement"


def test_the_later_of_two_equal_settlements_is_flagged() -> None:
    later = settlement("a", settled_at=2_000_000_000)
    assert found(RULE, facts(later, settlement("b"))) == {"a": "b"}


def test_at_one_second_the_later_message_is_flagged() -> None:
    given = facts(settlement("a", message_id="m2"), settlement("b", message_id="m10"))
    assert found(RULE, given) == {"a": "b"}


@pytest.mark.parametrize(
    "change",
    [
        {"person_id": "P2"},
        {"institution_id": "H2"},
        {"begin_day": 19_000},
        {"end_day": 19_900},
        {"disease_code": "J19"},
        {"disease_code": None},
        {"total_fen": 100_001},
    ],
    ids=lambda change: next(iter(change)),
)
def test_settlements_that_differ_in_one_thing_are_no_duplicates(change: dict[str, Any]) -> None:
    assert found(RULE, facts(settlement("a"), settlement("b", **change))) == {}


def test_two_settlements_without_a_disease_are_duplicates_too() -> None:
    given = facts(settlement("a", disease_code=None), settlement("b", disease_code=None))
    assert found(RULE, given) == {"b": "a"}


def test_segments_of_one_visit_are_exempt() -> None:
    given = facts(settlement("a", visit_id="v"), settlement("b", visit_id="v"))
    assert found(RULE, given) == {}


def test_of_three_equal_settlements_the_first_stands() -> None:
    given = facts(settlement("c"), settlement("a"), settlement("b"))
    assert found(RULE, given) == {"b": "a", "c": "a"}


def test_every_segment_of_a_visit_billed_again_is_flagged_and_none_of_the_first() -> None:
    first, again = {"visit_id": "v1"}, {"visit_id": "v2"}
    given = facts(
        settlement("a", **first),
        settlement("b", **again),
        settlement("c", **first),
        settlement("d", **again),
    )
    assert found(RULE, given) == {"b": "a", "d": "a"}


def test_a_duplicate_of_an_earlier_night_is_flagged_whichever_was_settled_first() -> None:
    given = facts(settlement("old", None, settled_at=2_000_000_000), settlement("new"))
    assert found(RULE, given) == {"new": "old"}


def test_duplicates_among_earlier_nights_are_not_told_again() -> None:
    given = facts(settlement("a", None), settlement("b", None), settlement("c", 0, total_fen=1))
    assert found(RULE, given) == {}
