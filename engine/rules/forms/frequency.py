"""Frequency: more visits, persons or places come together in a day, month or year than can be."""

from typing import Literal

import polars as pl
from pydantic import Field

from engine.rules.facts import (
    IN_ORDER,
    PERSON,
    TONIGHT,
    Asks,
    FactName,
    Facts,
    Parameters,
    candidates,
)
from engine.rules.visits import VisitKindName, of_diseases, of_kinds

EVERY = {"day": "1d", "month": "1mo", "year": "1y"}


class FrequencyParameters(Parameters):
    """What is counted, and from how many on.

    `visit_kinds`: the visits; `by`: what those counted together have in common; `within`: the
    calendar's day, month or year of their begin; `distinct`: what is counted; `at_least`: from how
    many on; `except_diseases`: heads of codes of illnesses that ask for as many.
    """

    visit_kinds: list[VisitKindName]
    by: list[FactName] = Field(min_length=1)
    within: Literal["day", "month", "year"]
    distinct: Literal["visit_id", "institution_id", "person_id"]
    at_least: int = Field(ge=2)
    except_diseases: list[str]

    def asks(self) -> Asks:
        """Return the columns that not every night has."""
        return Asks(columns=("physician_id",) if "physician_id" in self.by else ())

    def split_by(self) -> FactName:
        """Return the person where one is counted by, else what is."""
        return PERSON if PERSON in self.by else self.by[0]


def find_frequent(parameters: FrequencyParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements by which a count reaches the bound, as CANDIDATES.

    Who is counted is flagged once for each period, on the night on which the bound is reached, at
    the settlement that came first among that night's. The other named is the one that came before
    it. Where persons are counted by what is not theirs, only this night's persons are: settlements
    of earlier nights are read for them alone.
    """
    period = pl.col("begin_day").cast(pl.Date).dt.truncate(EVERY[parameters.within])
    counted_by = [*parameters.by, "period"]
    visits = (
        facts.settlements.filter(
            of_kinds(parameters.visit_kinds), ~of_diseases(parameters.except_diseases)
        )
        .drop_nulls(parameters.by)
        .with_columns(period=period)
    )
    # So many rows at least have so many different values: what is rare is not looked at closely.
    often = visits.group_by(counted_by).len().filter(pl.col("len") >= parameters.at_least)
    counted = pl.col(parameters.distinct)
    many = (
        visits.join(often, on=counted_by, how="semi")
        .group_by(counted_by)
        .agg(now=counted.n_unique(), before=counted.filter(~TONIGHT).n_unique())
        .filter(pl.col("now") >= parameters.at_least, pl.col("before") < parameters.at_least)
    )
    told = visits.join(many, on=counted_by, how="semi").sort(TONIGHT, *IN_ORDER)
    before = pl.col("settlement_id").shift().over(counted_by)
    first = told.with_columns(other_settlement_id=before).filter(TONIGHT)
    return candidates(first.unique(counted_by, keep="first", maintain_order=True))
