"""Definite rules find all that is planted in a city and nothing else, as DuckDB does."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from engine.rules.catalogue import load_rules
from engine.rules.detect import detect
from engine.rules.facts import Facts
from engine.storage.lake import Lake
from pipelines.night import Order, run_night
from pipelines.synthetic import CityPlan, make_city
from tests.planted_night import add_to, delivered, losses
from tests.planted_oracle import LINES, WHOLE, oracle
from tests.planted_rules import OVER_PRICE, Wrong, facts_of, plant
from tests.unit.pipelines.synthetic_city import City

CHECKED = {*WHOLE, *LINES}
OVER_VISITS = 2
"""Schemes of rules that are planted once more, spread over two visits."""


def told(facts: Facts) -> Wrong:
    rules = [rule for rule in load_rules() if rule.id in CHECKED]
    found = detect(rules, facts).select("rule_id", "settlement_id", "lines")
    wrong: Wrong = set()
    for rule, settlement, lines in found.iter_rows():
        what = "over_fen" if rule == OVER_PRICE else "excess_e4"
        wrong |= {(rule, settlement, one["row"], one[what]) for one in lines}
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
    assert world.schemes == times * (len(CHECKED) + OVER_VISITS)
    assert told(facts) == oracle(facts) == world.wrong


@pytest.mark.parametrize(
    ("claims", "times"), [(1_000, 1), pytest.param(110_000, 14, marks=pytest.mark.slow)]
)
def test_a_night_prices_all_and_only_what_is_planted_to_the_fen(
    tmp_path: Path, claims: int, times: int
) -> None:
    plan = CityPlan(
        claims=claims,
        night=date(2024, 3, 31),
        seed=5,
        finding_share=0,
        bad_share=0,
        refund_share=0,
    )
    make_city(tmp_path / "city", plan)
    world = delivered(times)
    add_to(tmp_path / "city", tmp_path / "lake", world)
    night = Order(
        plan.night, tmp_path / "city/input", tmp_path / "city/reference", tmp_path / "lake"
    )
    run_night(night, lambda _line: None)
    lake = Lake(tmp_path / "lake")
    # The published terms of Hangzhou tell nothing of segments: the second of each visit waits.
    assert len(world.settlements) - times == len(_planted(lake, "settlements"))
    assert _planted(lake, "pending")["code"].to_list() == ["not_supported"] * times
    definite = lake.read("findings").filter(pl.col("level") == "definite").collect()
    rows = {
        (rule, settlement, row)
        for rule, settlement, lines in definite.select(
            "rule_id", "settlement_id", "lines"
        ).iter_rows()
        for row in lines or [None]
    }
    assert rows == {(rule, settlement, row) for rule, settlement, row, _ in world.wrong}
    amounts = definite.select(
        "rule_id", "settlement_id", "pool_fen", "account_fen", "cash_fen"
    ).iter_rows()
    assert {(rule, name): tuple(fen) for rule, name, *fen in amounts} == losses(world)
    assert (definite["amount_fen"] == definite["pool_fen"]).all()


def _planted(lake: Lake, table: str) -> pl.DataFrame:
    mine = pl.col("settlement_id").str.starts_with("planted-")
    return lake.read(table).filter(mine).collect()


def test_every_definite_rule_not_planted_is_of_a_planted_form_or_of_records() -> None:
    others = {rule.form for rule in load_rules() if rule.level == "definite"} - {
        rule.form for rule in load_rules() if rule.id in CHECKED
    }
    assert others == {"together", "unlisted", "unrecorded"}
