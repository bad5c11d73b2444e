"""What a night's rules find together, and what is outside all of them."""

from datetime import date

import polars as pl

from engine.codes.enums import Sex
from engine.periods import day_number
from engine.rules.catalogue import load_rules
from engine.rules.detect import FOUND, detect
from engine.rules.facts import SETTLEMENT, Facts, standing
from engine.rules.visits import of_diseases
from tests.unit.engine.rules.facts import facts, item, line, settlement

LAW = day_number(date(2021, 5, 1))


def told(given: Facts) -> list[tuple[str, str, str, str]]:
    found = detect(load_rules(), given)
    assert found.schema == FOUND
    return found.select("rule_id", "settlement_id", "level", "correction").rows()


def test_findings_come_by_rule_and_settlement_with_level_and_correction() -> None:
    given = facts(
        settlement("a", 0),
        settlement("b", 1),
        settlement("c", 2, institution_id="H2"),
        items=[item(0, Sex.FEMALE)],
        lines=[[line(0, 0, 1)]],
    )
    assert told(given) == [
        ("duplicate_settlement", "b", "definite", "void"),
        ("item_limited_by_sex", "a", "definite", "off_list"),
        ("overlapping_stays", "c", "definite", "void"),
    ]


def test_a_night_without_settlements_has_no_findings() -> None:
    assert told(facts()) == []


def test_a_rule_holds_from_the_day_it_came_into_force() -> None:
    def pair(night: int) -> Facts:
        return facts(*(settlement(name, settled_at=night * 86_400) for name in "ab"))

    assert told(pair(LAW - 1)) == []
    assert len(told(pair(LAW))) == 1


def test_refunds_and_what_they_cancelled_do_not_stand() -> None:
    rows = [
        settlement("a") | {"refund": False, "original_settlement_id": None},
        settlement("b") | {"refund": False, "original_settlement_id": None},
        settlement("undo-a") | {"refund": True, "original_settlement_id": "a"},
        settlement("corrected") | {"refund": False, "original_settlement_id": "b"},
    ]
    schema = {**SETTLEMENT, "refund": pl.Boolean, "original_settlement_id": pl.String}
    kept = standing(pl.LazyFrame(rows, schema=schema)).collect()
    assert sorted(kept["settlement_id"]) == ["b", "corrected"]


def test_a_rule_that_excepts_no_disease_reads_settlements_in_chunks() -> None:
    one, other = facts(settlement("a")), facts(settlement("b", person_id="P2"))
    frames = [one.settlements.collect(), other.settlements.collect()]
    chunks = pl.concat(frames, rechunk=False)
    assert chunks.filter(~of_diseases([])).height == 2
