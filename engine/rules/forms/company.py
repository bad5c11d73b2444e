"""Company: persons who see the same physician on the same days again and again."""

import polars as pl
from pydantic import Field

from engine.rules.facts import (
    IN_ORDER,
    TONIGHT,
    Asks,
    Facts,
    Parameters,
    candidates,
)
from engine.rules.visits import VisitKindName, of_diseases, of_kinds


class CompanyParameters(Parameters):
    """Who is in company, and how often.

    `visit_kinds`: the visits; `days`: on how many days at least; `persons`: of how many at least
    each of whom meets all the others so often; `at_most`: persons whom a physician sees on a day,
    above which meeting there says nothing; `except_diseases`: heads of codes of care that comes in
    turns.
    """

    visit_kinds: list[VisitKindName]
    days: int = Field(ge=2)
    persons: int = Field(ge=2)
    at_most: int = Field(ge=2)
    except_diseases: list[str]

    def asks(self) -> Asks:
        """Return the column."""
        return Asks(columns=("physician_id",))

    def split_by(self) -> None:
        """Return none: who is in company is several."""


def find_company(parameters: CompanyParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements of persons who come in company, each person once, as CANDIDATES.

    Couples are two: rules that ask for more persons let them be. Who was in company by what
    earlier nights tell has been named then, and is not named again.
    """
    place = ["institution_id", "physician_id", "begin_day"]
    met = (
        facts.settlements.filter(
            of_kinds(parameters.visit_kinds), ~of_diseases(parameters.except_diseases)
        )
        .drop_nulls("physician_id")
        # Names as numbers: of a whole night there are many.
        .select(pl.col("person_id", *place[:-1]).cast(pl.Categorical), place[-1], earlier=~TONIGHT)
        .group_by("person_id", *place)
        .agg(pl.col("earlier").any())
        .filter(pl.len().over(place) <= parameters.at_most)
        .collect()
    )
    now = _in_company(parameters, met, place)
    told = _in_company(parameters, met.filter("earlier"), place)
    new = now.join(told, on="person_id", how="anti")
    return _first_of_each(facts, new["person_id"].cast(pl.String))


def _in_company(parameters: CompanyParameters, met: pl.DataFrame, place: list[str]) -> pl.DataFrame:
    """Return the persons who meet enough others often enough."""
    often = met.filter(pl.col("begin_day").n_unique().over("person_id") >= parameters.days)
    pairs = (
        often.join(often, on=place, suffix="_other")
        .filter(pl.col("person_id") != pl.col("person_id_other"))
        .group_by("person_id", "person_id_other")
        .agg(pl.col("begin_day").n_unique().alias("days"))
        .filter(pl.col("days") >= parameters.days)
    )
    return pairs.group_by("person_id").len().filter(pl.col("len") >= parameters.persons - 1)


def _first_of_each(facts: Facts, persons: pl.Series) -> pl.DataFrame:
    own = facts.settlements.filter(TONIGHT, pl.col("person_id").is_in(persons.implode()))
    first = own.sort(*IN_ORDER).unique("person_id", keep="first", maintain_order=True)
    return candidates(first.with_columns(other_settlement_id=pl.lit(None, dtype=pl.String)))
