"""Together: records that cannot stand side by side, as one trace code in two settlements."""

from typing import Literal

import polars as pl
from pydantic import Field

from engine.rules.facts import IN_ORDER, TONIGHT, Asks, Facts, Parameters, candidates, records_of
from engine.rules.records import RecordName
from engine.rules.visits import of_diseases


class TogetherParameters(Parameters):
    """Which records are held side by side, and how many of what are too many.

    `record`: their kind; `by`: what those side by side have in common; `distinct`: what is counted;
    `at_least`: from how many on; `except_diseases`: heads of codes of visits that are let be.
    """

    record: RecordName
    by: list[Literal["value", "subject", "item", "day", "minute"]] = Field(min_length=1)
    distinct: Literal["settlement_id", "person_id", "value"]
    at_least: int = Field(ge=2)
    except_diseases: list[str]

    def asks(self) -> Asks:
        """Return the record."""
        return Asks(records=(self.record,))

    def split_by(self) -> None:
        """Return none: what stands side by side is of several persons."""


def find_together(parameters: TogetherParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements whose record comes after enough others, as CANDIDATES.

    The first that stands is let be, and is the other that is named. A settlement is named once.
    """
    let_be = of_diseases(parameters.except_diseases)
    visits = facts.settlements.filter(~let_be).select("person_id", "claim", *IN_ORDER)
    noted = _often(parameters, facts)
    named = pl.col("settlement_id").is_in(noted["settlement_id"].unique().implode())
    beside = visits.filter(named).join(noted.lazy(), on="settlement_id").sort(TONIGHT, *IN_ORDER)
    counted = pl.col(parameters.distinct)
    many = beside.group_by(parameters.by).agg(
        many=counted.n_unique(), other_settlement_id=pl.col("settlement_id").first()
    )
    found = beside.join(
        many.filter(pl.col("many") >= parameters.at_least), on=parameters.by
    ).filter(TONIGHT, pl.col("settlement_id") != pl.col("other_settlement_id"))
    ordered = found.sort(*IN_ORDER)
    return candidates(ordered.unique("settlement_id", keep="first", maintain_order=True))


def _often(parameters: TogetherParameters, facts: Facts) -> pl.DataFrame:
    """Return the records that stand beside enough others to hold so many different values."""
    noted = records_of(facts, parameters.record).drop_nulls(parameters.by)
    often = noted.group_by(parameters.by).len().filter(pl.col("len") >= parameters.at_least)
    return noted.join(often, on=parameters.by, how="semi").collect()
