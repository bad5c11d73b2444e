"""Definite rules find all that is planted in a city and nothing else, as DuckDB does."""

from datetime import date
from pathlib import Path

import pytest

from engine.rules.catalogue import load_rules
from engine.rules.detect import detect
from engine.rules.facts import Facts
from pipelines.synthetic import CityPlan
from tests.planted_rules import LINES, WHOLE, Wrong, facts_of, oracle, plant
from tests.unit.pipelines.synthetic_city import City

CHECKED = {*WHOLE, *LINES}


def told(facts: Facts) -> Wrong:
    rules = [rule for rule in load_rules() if rule.id in CHECKED]
    found = detect(rules, facts).select("rule_id", "settlement_id", "lines")
    wrong: Wrong = set()
    for rule, settlement, lines in found.iter_rows():
        wrong |= {(rule, settlement, one["row"], one["excess_e4"]) for one in lines}
        if not lines:
            wrong.add((rule, settlement, None, None))
    return wrong


@pytest.mark.parametrize(
    ("claims", "times", "lines_least"),
    [(2_000, 2, 15_000), pytest.param(110_000, 14, 1_000_000, marks=pytest.mark.slow)],
)
def test_definite_rules_find_all_and_only_what_is_planted(
    tmp_path: Path, claims: int, times: int, lines_least: int
) -> None:
    plan = CityPlan(
        claims=claims,
        night=date(2024, 3, 31),
        seed=5,
        finding_share=0,
        bad_share=0,
        refund_share=0,
    )
    city = City(tmp_path, plan)
    world = plant(times)
    facts = facts_of(city, world)
    assert sum(len(part) for part in facts.lines()) >= lines_least
    assert world.schemes == times * len(CHECKED)
    assert told(facts) == oracle(facts) == world.wrong


def test_every_definite_rule_that_is_not_planted_is_a_limit_of_the_same_form() -> None:
    others = {rule.form for rule in load_rules() if rule.level == "definite"} - {
        rule.form for rule in load_rules() if rule.id in CHECKED
    }
    assert others == set()
