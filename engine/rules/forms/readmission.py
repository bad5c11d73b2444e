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

    Segments of one visit are one stay. Of several stays before, the last is named. Where the stay
    that followed was told by an earlier night, the one before it is returned, and names it.
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
        stays.join(stays, on=["person_id", "institution_id", "disease"], suffix="_other")
        .filter(
            TONIGHT | (pl.col("claim_other").fill_null(-1) >= 0),
            pl.col("visit_id") != pl.col("visit_id_other"),
            gap >= 0,
            gap <= parameters.within_days,
        )
        .with_columns(gap=gap)
    )
    flagged = pairs.select(
        "gap",
        settlement_id=pl.when(TONIGHT).then("settlement_id").otherwise("settlement_id_other"),
        other_settlement_id=pl.when(TONIGHT).then("settlement_id_other").otherwise("settlement_id"),
    )
    nearest = flagged.sort("settlement_id", "gap", "other_settlement_id")
    return candidates(nearest.unique("settlement_id", keep="first", maintain_order=True))
