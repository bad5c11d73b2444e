"""Frequency: more visits, or visits to more places, within a day or month than an illness asks."""

from typing import Literal

import polars as pl
from pydantic import Field

from engine.rules.facts import IN_ORDER, TONIGHT, Facts, Parameters, candidates
from engine.rules.visits import VisitKindName, of_diseases, of_kinds


class FrequencyParameters(Parameters):
    """What is counted, and from how many on.

    `visit_kinds`: the visits; `within`: the calendar's day or month of their begin; `distinct`:
    what is counted; `at_least`: from how many on; `except_diseases`: heads of codes of illnesses
    that ask for as many.
    """

    visit_kinds: list[VisitKindName]
    within: Literal["day", "month"]
    distinct: Literal["visit_id", "institution_id"]
    at_least: int = Field(ge=2)
    except_diseases: list[str]


def find_frequent(parameters: FrequencyParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements by which a person's count reaches the bound, as CANDIDATES.

    A person is flagged once for each period, on the night on which the bound is reached, at the
    settlement that came first among that night's. The other named is the one that came before it.
    """
    begun = pl.col("begin_day").cast(pl.Date)
    period = begun if parameters.within == "day" else begun.dt.truncate("1mo")
    visits = (
        facts.settlements.filter(
            of_kinds(parameters.visit_kinds), ~of_diseases(parameters.except_diseases)
        )
        .with_columns(period=period)
        .sort(TONIGHT, *IN_ORDER)
    )
    counted = pl.col(parameters.distinct)
    many = (
        visits.group_by("person_id", "period")
        .agg(now=counted.n_unique(), before=counted.filter(~TONIGHT).n_unique())
        .filter(pl.col("now") >= parameters.at_least, pl.col("before") < parameters.at_least)
    )
    told = visits.join(many, on=["person_id", "period"], how="semi", maintain_order="left")
    before = pl.col("settlement_id").shift().over("person_id", "period")
    first = told.with_columns(other_settlement_id=before).filter(TONIGHT)
    return candidates(first.unique(["person_id", "period"], keep="first", maintain_order=True))
