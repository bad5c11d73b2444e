"""The form `stay_units`: more days of a bed than the stay has."""

from tests.unit.engine.rules.facts import facts, found_excess, line, point, settlement

RULE = "beds_past_stay"
BEDS = [point("category", number, low=1) for number in (5, 6)]
E4 = 10_000


def excess(*lines: dict[str, object]) -> list[tuple[int, int]]:
    given = facts(settlement("a", 0), items=BEDS, lines=[list(lines)])
    return [(row, most // E4) for row, most in found_excess(RULE, given).get("a", [])]


def test_of_a_stay_of_four_days_five_may_be_charged() -> None:
    assert excess(line(0, 5, 1, quantity_e4=5 * E4)) == []
    assert excess(line(0, 5, 1, quantity_e4=7 * E4)) == [(1, 2)]


def test_each_code_is_counted_by_itself() -> None:
    assert excess(*(line(0, item, item, quantity_e4=5 * E4) for item in (5, 6))) == []


def test_an_item_that_is_no_bed_is_not_counted() -> None:
    assert excess(line(0, 7, 1, quantity_e4=9 * E4)) == []
