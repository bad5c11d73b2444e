"""The form `limit`, as the shipped rule on items limited by sex sets it."""

from engine.codes.enums import Sex
from engine.rules.facts import Facts
from tests.unit.engine.rules.facts import (
    JUNE_1,
    Record,
    facts,
    found,
    found_lines,
    item,
    line,
    settlement,
)

RULE = "item_limited_by_sex"
FREE, FOR_WOMEN, FOR_MEN = 0, 1, 2
ITEMS = [item(FREE), item(FOR_WOMEN, Sex.FEMALE), item(FOR_MEN, Sex.MALE)]


def one_man(*lines: Record, items: list[Record] | None = None) -> Facts:
    return facts(settlement("a", 0), items=items or ITEMS, lines=[list(lines)])


def test_the_lines_of_items_for_the_other_sex_are_flagged() -> None:
    given = one_man(line(0, FREE, 1), line(0, FOR_WOMEN, 2), line(0, FOR_MEN, 3))
    assert found_lines(RULE, given) == {"a": [2]}
    assert found(RULE, given) == {"a": None}


def test_a_woman_may_have_what_is_for_women() -> None:
    given = facts(
        settlement("a", 0, sex=int(Sex.FEMALE)),
        items=ITEMS,
        lines=[[line(0, FOR_WOMEN, 1), line(0, FREE, 2)]],
    )
    assert found_lines(RULE, given) == {}


def test_a_person_of_unknown_sex_is_exempt() -> None:
    given = facts(
        settlement("a", 0, sex=int(Sex.UNKNOWN)),
        items=ITEMS,
        lines=[[line(0, FOR_WOMEN, 1), line(0, FOR_MEN, 2)]],
    )
    assert found_lines(RULE, given) == {}


def test_lines_are_gathered_by_settlement_from_all_parts_in_their_order() -> None:
    given = facts(
        settlement("b", 0),
        settlement("a", 1),
        items=ITEMS,
        lines=[[line(0, FOR_WOMEN, 7), line(1, FOR_WOMEN, 4)], [line(1, FOR_WOMEN, 2)]],
    )
    assert found_lines(RULE, given) == {"a": [2, 4], "b": [7]}


def test_a_line_that_the_catalogue_does_not_know_is_left() -> None:
    assert found_lines(RULE, one_man(line(0, -1, 1))) == {}


def test_lines_of_settlements_that_do_not_stand_are_left() -> None:
    assert found_lines(RULE, one_man(line(0, FREE, 1), line(9, FOR_WOMEN, 2))) == {}


def test_the_limit_is_that_of_the_day_of_the_charge() -> None:
    items = [
        item(FOR_WOMEN, Sex.UNKNOWN, valid_to=JUNE_1 + 1),
        item(FOR_WOMEN, Sex.FEMALE, valid_from=JUNE_1 + 1, valid_to=JUNE_1 + 2),
    ]
    lines = [line(0, FOR_WOMEN, 1 + k, day=JUNE_1 + k) for k in range(3)]
    assert found_lines(RULE, one_man(*lines, items=items)) == {"a": [2]}


def test_the_row_of_the_region_of_care_stands_before_one_for_everywhere() -> None:
    items = [
        item(0, Sex.FEMALE),
        item(0, Sex.UNKNOWN, region="330100"),
        item(1, Sex.UNKNOWN),
        item(1, Sex.FEMALE, region="330100"),
        item(2, Sex.UNKNOWN),
        item(2, Sex.FEMALE, region="110000"),
    ]
    lines = [line(0, number, number) for number in range(3)]
    assert found_lines(RULE, one_man(*lines, items=items)) == {"a": [1]}
