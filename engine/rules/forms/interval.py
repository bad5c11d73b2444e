"""Interval: care within days for which a register says that none is paid."""

from typing import Literal, get_args

import polars as pl
from pydantic import Field

from engine.rules.facts import TONIGHT, Asks, Facts, Parameters, candidates
from engine.rules.visits import VisitKindName, of_kinds

RegisterName = Literal[
    "deaths", "cover_stopped", "custody", "abroad", "injury_paid", "third_party_paid",
    "agreement_suspended", "not_licensed",
]  # fmt: skip
CLEARINGS = (
    "cleared_by_drg", "cleared_by_dip", "cleared_by_bed_day", "cleared_by_single_disease",
)  # fmt: skip
"""Registers of institutions whose stays the funds pay by a package: they bar no care."""

REGISTER_NAMES: tuple[str, ...] = get_args(RegisterName)
REGISTERS_KEPT = (*REGISTER_NAMES, *CLEARINGS)


class IntervalParameters(Parameters):
    """Which registers leave no room for which care.

    `registers`: any of these; `subject`: of whom they speak; `grace_days`: so many days from the
    begin of an interval are let be; `except_visits`: kinds of visit that are paid all the same.
    """

    registers: list[RegisterName] = Field(min_length=1)
    subject: Literal["person_id", "institution_id", "physician_id"]
    grace_days: int = Field(ge=0)
    except_visits: list[VisitKindName]

    def asks(self) -> Asks:
        """Return the registers, and the physician where they speak of physicians."""
        columns = ("physician_id",) if self.subject == "physician_id" else ()
        return Asks(registers=tuple(self.registers), columns=columns)


def find_in_intervals(parameters: IntervalParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements of visits that began within an interval, as CANDIDATES.

    Of a visit that began before and went on, an officer decides: it is not returned.
    """
    rows = facts.registers.filter(pl.col("register").is_in(parameters.registers))
    begun = pl.col("begin_day")
    within = (begun >= pl.col("begins") + parameters.grace_days) & (begun < pl.col("ends"))
    found = (
        facts.settlements.filter(TONIGHT, ~of_kinds(parameters.except_visits))
        .join(rows.lazy(), left_on=parameters.subject, right_on="subject")
        .filter(within)
        .unique("settlement_id")
        .with_columns(other_settlement_id=pl.lit(None, dtype=pl.String))
    )
    return candidates(found)
