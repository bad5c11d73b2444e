"""Repeat: settlements that are equal in all that matters although they are of different visits."""

import polars as pl

from engine.rules.facts import IN_ORDER, TONIGHT, FactName, Facts, Parameters, candidates


class RepeatParameters(Parameters):
    """`same`: the columns that are equal, empty values too; `differs`: the one that is not."""

    same: list[FactName]
    differs: FactName


def find_repeats(parameters: RepeatParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements that repeat one made before, as CANDIDATES.

    Of equal settlements that which was made first stands, and so do others that have its
    `differs`; all the rest repeat it. What earlier nights settled was made before tonight's.
    """
    same, differs = parameters.same, pl.col(parameters.differs)
    many = facts.settlements.group_by(same).len().filter(pl.col("len") > 1)
    equal = facts.settlements.join(many, on=same, how="semi", nulls_equal=True)
    first = equal.sort(TONIGHT, *IN_ORDER).with_columns(
        other_settlement_id=pl.col("settlement_id").first().over(same),
        first=differs.first().over(same),
    )
    return candidates(first.filter(TONIGHT & (differs != pl.col("first"))))
