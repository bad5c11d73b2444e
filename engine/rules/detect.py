"""Runs the rules over a night's settlements."""

from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from engine.periods import day_number
from engine.rules.catalogue import Rule
from engine.rules.facts import CANDIDATES, Facts, Schema, lacks
from engine.rules.registry import FORMS
from engine.rules.shares import shares

DAY_SECONDS = 86_400
FOUND: Schema = {
    "rule_id": pl.String,
    "level": pl.String,
    "correction": pl.String,
    **CANDIDATES,
}
"""What a rule has found: a candidate, how sure the rule is, and the correction it proposes."""


def not_run(rules: Iterable[Rule], facts: Facts) -> dict[str, list[str]]:
    """Return the rules that cannot find anything tonight, and the facts that they lack."""
    asked = list(rules)
    lacking = lacks((rule.parameters.asks() for rule in asked), facts)
    return {rule.id: absent for rule, absent in zip(asked, lacking, strict=True) if absent}


def detect(rules: Iterable[Rule], facts: Facts) -> pl.DataFrame:
    """Return what the rules find, as FOUND in order of rule and settlement.

    A rule that lacks its facts does not run: where nobody keeps records, none is missing. A rule
    flags a settlement once at most; two rules may flag the same one. How many shares the facts are
    looked at in changes nothing of what is found.
    """
    asked = list(rules)
    idle = not_run(asked, facts)
    ready = [rule for rule in asked if rule.id not in idle]
    found = [
        part
        for column in dict.fromkeys(rule.parameters.split_by() for rule in ready)
        for part in _split([one for one in ready if one.parameters.split_by() == column], facts)
    ]
    return pl.concat([pl.DataFrame(schema=FOUND), *found]).sort("rule_id", "settlement_id")


def _split(rules: Sequence[Rule], facts: Facts) -> Iterator[pl.DataFrame]:
    """Yield what rules find that may look at the same shares."""
    asked = [rule.parameters.asks() for rule in rules]
    for share in shares(facts, rules[0].parameters.split_by(), asked):
        yield from _found(rules, share)
        # Else it would stand in memory while the next one is read.
        del share


def _found(rules: Sequence[Rule], facts: Facts) -> Iterator[pl.DataFrame]:
    """Yield what each rule finds among settlements that were made while it was in force."""
    early = {day: _made_before(facts, day) for day in {day_number(one.in_force) for one in rules}}
    for rule in rules:
        found = FORMS[rule.form].find(rule.parameters, facts)
        before = early[day_number(rule.in_force)]
        yield found.join(before, on="settlement_id", how="anti").select(
            pl.lit(rule.id).alias("rule_id"),
            pl.lit(rule.level).alias("level"),
            pl.lit(rule.correction).alias("correction"),
            *CANDIDATES,
        )


def _made_before(facts: Facts, day: int) -> pl.DataFrame:
    made = facts.settlements.filter(pl.col("settled_at") < day * DAY_SECONDS)
    return made.select("settlement_id").collect()
