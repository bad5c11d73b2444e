"""The form `pair`: an item charged beside another that holds it."""

from tests.unit.engine.rules.facts import JUNE_1, facts, found_lines, line, point, settlement

RULE = "bundled_item_charged"
A, B, C = 1, 2, 3
SAME_DAY = point("pair", A, unit="day", others=[B])
SAME_VISIT = point("pair", A, unit="visit", others=[B, C])


def test_the_item_that_the_other_holds_is_flagged() -> None:
    given = facts(settlement("a", 0), items=[SAME_DAY], lines=[[line(0, A, 1), line(0, B, 2)]])
    assert found_lines(RULE, given) == {"a": [2]}


def test_on_another_day_a_daily_pair_is_none_and_a_pair_of_the_visit_is() -> None:
    lines = [[line(0, A, 1), line(0, B, 2, day=JUNE_1 + 1)]]
    assert found_lines(RULE, facts(settlement("a", 0), items=[SAME_DAY], lines=lines)) == {}
    given = facts(settlement("a", 0), items=[SAME_VISIT], lines=lines)
    assert found_lines(RULE, given) == {"a": [2]}


def test_either_item_alone_is_left() -> None:
    given = facts(
        settlement("a", 0),
        settlement("b", 1),
        items=[SAME_VISIT],
        lines=[[line(0, A, 1)], [line(1, B, 2), line(1, C, 3)]],
    )
    assert found_lines(RULE, given) == {}


def test_lines_of_one_claim_in_two_parts_still_meet() -> None:
    given = facts(settlement("a", 0), items=[SAME_DAY], lines=[[line(0, B, 2)], [line(0, A, 9)]])
    assert found_lines(RULE, given) == {"a": [2]}


def test_a_pair_of_one_operation_is_exempt() -> None:
    limit = point("pair", A, unit="operation", others=[B])
    given = facts(settlement("a", 0), items=[limit], lines=[[line(0, A, 1), line(0, B, 2)]])
    assert found_lines(RULE, given) == {}
