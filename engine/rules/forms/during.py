"""During: out-patient care of somebody who lies in another hospital at the time."""

import polars as pl

from engine.rules.facts import IN_ORDER, TONIGHT, Facts, Parameters, candidates
from engine.rules.visits import VisitKindName, of_diseases, of_kinds


class DuringParameters(Parameters):
    """Which visits leave no room in which stays.

    `visits`: the kinds that a stay leaves no room for; `stays`: the kinds of stay;
    `except_diseases`: heads of codes of care that goes on during a stay.
    """

    visits: list[VisitKindName]
    stays: list[VisitKindName]
    except_diseases: list[str]


def find_during(parameters: DuringParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's half of each visit within a stay elsewhere, as CANDIDATES.

    The visit lies strictly inside the stay: on the days of admission and discharge there is room
    for it. Where both are tonight's it is the visit that is flagged; stays are settled when they
    end, so it is most often the stay, and the visit of an earlier night is the other.
    """
    visits = facts.settlements.filter(
        of_kinds(parameters.visits), ~of_diseases(parameters.except_diseases)
    )
    stays = facts.settlements.filter(of_kinds(parameters.stays))
    inside = (
        visits.join(stays, on="person_id", suffix="_stay")
        .filter(
            pl.col("institution_id") != pl.col("institution_id_stay"),
            pl.col("begin_day") > pl.col("begin_day_stay"),
            pl.col("end_day") < pl.col("end_day_stay"),
            TONIGHT | (pl.col("claim_stay").fill_null(-1) >= 0),
        )
        .sort(*IN_ORDER, "settlement_id_stay")
    )
    flagged = inside.select(
        settlement_id=pl.when(TONIGHT).then("settlement_id").otherwise("settlement_id_stay"),
        other_settlement_id=pl.when(TONIGHT).then("settlement_id_stay").otherwise("settlement_id"),
    )
    return candidates(flagged.unique("settlement_id", keep="first", maintain_order=True))
