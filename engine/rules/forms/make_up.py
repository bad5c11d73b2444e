"""Make-up: a short stay that is made up of tests, without anything that asks for a bed."""

import polars as pl
from pydantic import Field

from engine.money import PPM
from engine.rules.facts import TONIGHT, Asks, Facts, Parameters, alone, lines_of_claims
from engine.rules.visits import (
    CategoryName,
    VisitKindName,
    of_categories,
    of_diseases,
    of_kinds,
)


class MakeUpParameters(Parameters):
    """Which stays are light.

    `visit_kinds`: the stays; `at_most_days`: how long; `share_of`: categories that make up
    `at_least_ppm` of the charge; `without`: categories of which nothing is charged;
    `except_diseases`: heads of codes of illnesses that are watched in a bed.
    """

    visit_kinds: list[VisitKindName] = Field(min_length=1)
    at_most_days: int = Field(ge=1)
    share_of: list[CategoryName] = Field(min_length=1)
    at_least_ppm: int = Field(ge=1, le=PPM)
    without: list[CategoryName]
    except_diseases: list[str]

    def asks(self) -> Asks:
        """Return the kind of limit, and all lines of a stay."""
        return Asks(limits=("category",), every_line=True)


def find_light(parameters: MakeUpParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's stays that are light, as CANDIDATES. Lines of refund give back."""
    stays = facts.settlements.filter(
        TONIGHT,
        of_kinds(parameters.visit_kinds),
        ~of_diseases(parameters.except_diseases),
        pl.col("end_day") - pl.col("begin_day") <= parameters.at_most_days,
    )
    sums = _charged(parameters, facts, stays.select("claim").collect().to_series())
    share = pl.col("counted") * PPM >= pl.col("amount_fen") * parameters.at_least_ppm
    light = sums.filter(pl.col("amount_fen") > 0, share, pl.col("barred") == 0)
    return alone(stays.join(light.lazy(), on="claim", how="semi"))


def _charged(parameters: MakeUpParameters, facts: Facts, claims: pl.Series) -> pl.DataFrame:
    """Return what each stay is charged: in all, of the share, and of what bars it."""
    items = {
        name: facts.limits.filter(of_categories(categories))["item"].unique().implode()
        for name, categories in (("counted", parameters.share_of), ("barred", parameters.without))
    }
    amount = pl.col("amount_fen")
    sums = [
        amount.filter(pl.col("item").is_in(those)).sum().alias(name)
        for name, those in items.items()
    ]
    return lines_of_claims(facts, claims).group_by("claim").agg(amount.sum(), *sums)
