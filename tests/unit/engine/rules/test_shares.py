"""What rules find does not hang on how many shares of persons are looked at one by one."""

from dataclasses import replace
from functools import cache

import polars as pl
import pytest

from engine.rules.catalogue import load_rules
from engine.rules.detect import detect
from engine.rules.examples import Example, read_examples
from engine.rules.facts import PERSON, Asks, Facts
from engine.rules.shares import shares
from tests.unit.engine.rules.facts import facts, line, settlement

SEVERAL = 7


@cache
def examples() -> list[tuple[Example, Facts]]:
    return [one for one in read_examples() if one[0].kind == "finds"]


def in_shares(whole: Facts) -> Facts:
    share = pl.col(PERSON).hash() % SEVERAL
    return replace(
        whole, persons=tuple(whole.settlements.filter(share == k) for k in range(SEVERAL))
    )


@pytest.mark.parametrize("rule", [rule.id for rule in load_rules()])
def test_a_rule_finds_the_same_in_shares_as_in_the_whole(rule: str) -> None:
    [of_rule] = [one for one in load_rules() if one.id == rule]
    for example, whole in examples():
        if example.of == rule:
            found = detect([of_rule], in_shares(whole))
            assert found.equals(detect([of_rule], whole))
            assert len(found)


def test_each_person_is_in_one_share_with_all_lines() -> None:
    given = facts(
        *(settlement(f"s{k}", k, person_id=f"P{k // 2}") for k in range(40)),
        lines=[[line(k, 5, k) for k in range(20)], [line(k, 6, k) for k in range(20, 40)]],
    )
    seen: list[str] = []
    for share in shares(in_shares(given), PERSON, [Asks(every_line=True)]):
        own = share.settlements.collect()
        lines = pl.concat(share.lines())
        assert sorted(lines["claim"]) == sorted(own["claim"])
        seen += set(own["person_id"])
    assert sorted(seen) == sorted(f"P{k}" for k in range(20))
