"""Conflict: a diagnosis that the patient's sex or age rules out."""

from typing import Literal

import polars as pl
from pydantic import Field

from engine.codes.enums import Sex
from engine.rules.facts import TONIGHT, Facts, Parameters, candidates
from engine.rules.visits import of_diseases


class Conflict(Parameters):
    """Diagnoses of some persons alone: `sex` whose they are, `below_days` how young one must be."""

    diseases: list[str] = Field(min_length=1)
    sex: Literal["male", "female"] | None = None
    below_days: int | None = Field(default=None, ge=1)


class ConflictParameters(Parameters):
    """`conflicts`: each by itself."""

    conflicts: list[Conflict] = Field(min_length=1)


def find_conflicts(parameters: ConflictParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements whose diagnosis cannot be the patient's, as CANDIDATES.

    A sex or birth date that the register does not know contradicts nothing.
    """
    against = pl.any_horizontal(_against(conflict) for conflict in parameters.conflicts)
    found = facts.settlements.filter(TONIGHT, against)
    return candidates(found.with_columns(other_settlement_id=pl.lit(None, dtype=pl.String)))


def _against(conflict: Conflict) -> pl.Expr:
    wrong = [pl.lit(value=False)]
    if conflict.sex is not None:
        allowed = [int(Sex.UNKNOWN), int(Sex[conflict.sex.upper()])]
        wrong.append(~pl.col("sex").is_in(allowed))
    if conflict.below_days is not None:
        age = pl.col("begin_day") - pl.col("birth_day")
        wrong.append((age >= conflict.below_days).fill_null(value=False))
    return of_diseases(conflict.diseases) & pl.any_horizontal(wrong)
