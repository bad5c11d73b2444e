"""The form `quantity`: more of an item on one day than can be given."""

from tests.unit.engine.rules.facts import (
    JUNE_1,
    facts,
    found,
    found_excess,
    line,
    point,
    settlement,
)

RULE = "item_past_daily_limit"
HOURS = point("daily_quantity", 5, high=240_000, window=1)
E4 = 10_000


def hours(row: int, quantity: int, claim: int = 0, day: int = JUNE_1) -> dict[str, object]:
    return line(claim, 5, row, quantity_e4=quantity * E4, day=day)


def excess(*lines: dict[str, object]) -> list[tuple[int, int]]:
    given = facts(settlement("a", 0), items=[HOURS], lines=[list(lines)])
    return [(row, most // E4) for row, most in found_excess(RULE, given).get("a", [])]


def test_twenty_four_hours_a_day_are_possible() -> None:
    assert excess(hours(1, 24), hours(2, 24, day=JUNE_1 + 1)) == []


def test_of_one_line_what_lies_past_the_limit_is_wrong() -> None:
    assert excess(hours(1, 30)) == [(1, 6)]


def test_lines_use_up_the_limit_in_the_order_of_their_file() -> None:
    assert excess(hours(3, 5), hours(1, 10), hours(2, 16)) == [(2, 2), (3, 5)]


def test_what_was_taken_back_does_not_count() -> None:
    assert excess(hours(1, 30), hours(2, -6)) == []


def test_each_person_and_each_institution_has_a_day_of_its_own() -> None:
    given = facts(
        settlement("a", 0),
        settlement("b", 1, person_id="P2"),
        settlement("c", 2, institution_id="H2"),
        items=[HOURS],
        lines=[[hours(1, 20), hours(2, 20, claim=1), hours(3, 20, claim=2)]],
    )
    assert found_excess(RULE, given) == {}


def test_claims_of_one_person_at_one_institution_share_the_day() -> None:
    given = facts(
        settlement("a", 0),
        settlement("b", 1),
        items=[HOURS],
        lines=[[hours(1, 20), hours(2, 20, claim=1)]],
    )
    assert found_excess(RULE, given) == {"b": [(2, 160_000)]}
    assert found(RULE, given) == {"b": "a"}
