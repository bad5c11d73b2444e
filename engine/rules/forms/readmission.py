"""Readmission: one person back in the same hospital for the same disease within days."""

import polars as pl
from pydantic import Field

from engine.rules.facts import IN_ORDER, TONIGHT, Facts, Parameters, candidates
from engine.rules.visits import VisitKindName, of_diseases, of_kinds


class ReadmissionParameters(Parameters):
    """How soon, and for how alike a disease, a stay follows another.

    `visit_kinds`: the stays; `within_days`: from a discharge to the next admission, at most;
    `same_letters`: of the disease codes, how many characters are equal; `except_diseases`: heads
    of codes for which coming back is planned.
    """

    visit_kinds: list[VisitKindName]
    within_days: int = Field(ge=1)
    same_letters: int = Field(ge=1)
    except_diseases: list[str]


def find_readmissions(parameters: ReadmissionParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's stays that follow another of the same hospital and disease, as CANDIDATES.

    Segments of one visit are one stay. Of several stays before, the last is named.
    """
    head = pl.col("disease_code").str.head(parameters.same_letters)
    stays = (
        facts.settlements.filter(
            of_kinds(parameters.visit_kinds),
            pl.col("disease_code").is_not_null(),
            ~of_diseases(parameters.except_diseases),
        )
        .with_columns(disease=head)
        .sort("begin_day", *IN_ORDER)
    )
    gap = pl.col("begin_day") - pl.col("end_day_other")
    pairs = (
        stays.filter(TONIGHT)
        .join(stays, on=["person_id", "institution_id", "disease"], suffix="_other")
        .filter(
            pl.col("visit_id") != pl.col("visit_id_other"),
            gap >= 0,
            gap <= parameters.within_days,
        )
        .sort("settlement_id", gap, "settlement_id_other")
        .unique("settlement_id", keep="first", maintain_order=True)
    )
    return candidates(pairs.rename({"settlement_id_other": "other_settlement_id"}))
