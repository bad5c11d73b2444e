"""The form `interval`, and what becomes of a rule whose facts nobody brought."""

from typing import Any

import pytest

from engine.rules.catalogue import load_rules
from engine.rules.detect import not_run
from engine.rules.facts import SETTLEMENT
from engine.rules.forms.interval import REGISTER_NAMES
from tests.unit.engine.rules.facts import JUNE_1, facts, found, point, settlement


def registered(register: str, subject: str, begins: int, ends: int) -> dict[str, Any]:
    days = {"begins": begins, "ends": ends, "source": "notice 1"}
    return {"register": register, "subject": subject} | days


def dead(since: int) -> list[dict[str, Any]]:
    return [registered("deaths", "P1", since, JUNE_1 + 10_000)]


@pytest.mark.parametrize(("since", "flagged"), [(-3, True), (-2, True), (-1, False), (0, False)])
def test_the_day_of_a_death_and_the_day_after_it_are_let_be(since: int, flagged: bool) -> None:
    given = facts(settlement("a"), registers=dead(JUNE_1 + since))
    assert found("care_after_death", given) == ({"a": None} if flagged else {})


def test_a_settlement_of_an_earlier_night_is_not_told_again() -> None:
    given = facts(settlement("a", None), registers=dead(JUNE_1 - 9))
    assert found("care_after_death", given) == {}


def test_a_settlement_within_two_intervals_is_flagged_once() -> None:
    twice = [registered("custody", "P1", JUNE_1 - 9, JUNE_1 + 9) for _ in range(2)]
    given = facts(settlement("a"), registers=twice)
    assert found("care_in_custody_or_abroad", given) == {"a": None}


def test_a_register_speaks_of_its_own_subjects_alone() -> None:
    given = facts(settlement("a"), registers=[registered("deaths", "H1", 0, JUNE_1 + 9)])
    assert found("care_after_death", given) == {}


def test_a_rule_without_its_register_is_told_as_not_run() -> None:
    lacks = not_run(load_rules(), facts(settlement("a")))
    assert lacks["care_after_death"] == ["register:deaths"]
    assert lacks["item_past_course"] == ["limit:course"]
    assert "duplicate_settlement" not in lacks


def test_one_of_several_registers_is_enough_to_run() -> None:
    given = facts(settlement("a"), registers=[registered("abroad", "P9", 0, 1)])
    assert "care_in_custody_or_abroad" not in not_run(load_rules(), given)


def test_a_limit_that_is_there_lets_its_rule_run() -> None:
    given = facts(settlement("a"), items=[point("course", 1, window=3, unit="day")])
    assert "item_past_course" not in not_run(load_rules(), given)


def test_rules_on_physicians_do_not_run_where_no_claim_names_one() -> None:
    lacks = not_run(load_rules(), facts(settlement("a", physician_id=None)))
    assert lacks["physician_past_a_day"] == ["column:physician_id"]
    named = not_run(load_rules(), facts(settlement("a", physician_id="D1")))
    assert "physician_past_a_day" not in named


def test_every_register_is_read_by_a_rule() -> None:
    asked = {name for rule in load_rules() for name in rule.parameters.asks().registers}
    assert asked == set(REGISTER_NAMES)


def test_every_column_that_a_rule_asks_for_is_one_of_a_settlement() -> None:
    asked = {name for rule in load_rules() for name in rule.parameters.asks().columns}
    assert asked <= set(SETTLEMENT)
