"""Runs the rules over a night's settlements."""

from collections.abc import Iterable

import polars as pl

from engine.periods import day_number
from engine.rules.catalogue import Rule
from engine.rules.facts import CANDIDATES, Facts, Schema, lacking
from engine.rules.registry import FORMS

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
    lacks = {rule.id: lacking(rule.parameters.asks(), facts) for rule in rules}
    return {rule: absent for rule, absent in lacks.items() if absent}


def detect(rules: Iterable[Rule], facts: Facts) -> pl.DataFrame:
    """Return what the rules find, as FOUND in order of rule and settlement.

    A rule that lacks its facts does not run: where nobody keeps records, none is missing. A rule
    flags a settlement once at most; two rules may flag the same one.
    """
    ready = [rule for rule in rules if not lacking(rule.parameters.asks(), facts)]
    found = [_found(rule, facts) for rule in ready]
    return pl.concat([pl.DataFrame(schema=FOUND), *found]).sort("rule_id", "settlement_id")


def _found(rule: Rule, facts: Facts) -> pl.DataFrame:
    since = facts.settlements.filter(
        pl.col("settled_at") >= day_number(rule.in_force) * DAY_SECONDS
    )
    found = FORMS[rule.form].find(rule.parameters, facts)
    return found.join(since, on="settlement_id", how="semi").select(
        pl.lit(rule.id).alias("rule_id"),
        pl.lit(rule.level).alias("level"),
        pl.lit(rule.correction).alias("correction"),
        *CANDIDATES,
    )
