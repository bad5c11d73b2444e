"""Supply: more of a drug than the days since it was given last can use."""

import polars as pl
from pydantic import Field

from engine.money import PPM
from engine.rules.facts import TONIGHT, Asks, Facts, Parameters, gathered, lines_of, whole
from engine.rules.forms.limit import limited_lines
from engine.rules.visits import of_diseases

E4 = 10_000


class SupplyParameters(Parameters):
    """How much is too much, or how early is too early.

    `most_days`: what all that was given together may last from its day on, none for no bound;
    `used_ppm`: the share of the last supply to be used up before the next, none for no bound;
    `except_diseases`: heads of codes of illnesses that ask for more.
    """

    most_days: int | None = Field(default=None, ge=1)
    used_ppm: int | None = Field(default=None, ge=1, le=PPM)
    except_diseases: list[str]

    def asks(self) -> Asks:
        """Return the kind of limit."""
        return Asks(limits=("supply",))


def find_past_supply(parameters: SupplyParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements with the lines that give too much or too early, as CANDIDATES.

    A knowledge point's `low` says how many days a unit lasts. Lines of earlier nights are not kept,
    so that the first line of tonight finds nothing in the person's hands.
    """
    rows = facts.limits.filter(pl.col("kind") == "supply")
    visits = facts.settlements.filter(TONIGHT, ~of_diseases(parameters.except_diseases))
    claims = visits.select("claim", "settlement_id", "care_region", "person_id").collect()
    lines = lines_of(facts, rows["item"]).filter(pl.col("quantity_e4") > 0)
    given = limited_lines(lines, claims, rows).with_columns(
        lasts=pl.col("quantity_e4") * pl.col("low") // E4
    )
    of_person = ["person_id", "item", "point"]
    days = given.group_by(*of_person, "day").agg(pl.col("lasts").sum()).sort(*of_person, "day")
    # What is in hand on a day: all supplies laid end to end, none of them before its own day.
    so_far = pl.col("lasts").cum_sum().over(of_person)
    starts = pl.col("day") - so_far + pl.col("lasts")
    days = days.with_columns(ends=starts.cum_max().over(of_person) + so_far)
    days = days.with_columns(
        in_hand=(pl.col("ends").shift(1).over(of_person) - pl.col("day")).clip(0).fill_null(0),
        last=pl.col("lasts").shift(1).over(of_person),
    )
    return gathered([whole(given.join(days.filter(_past(parameters)), on=[*of_person, "day"]))])


def _past(parameters: SupplyParameters) -> pl.Expr:
    wrong = [pl.lit(value=False)]
    if parameters.most_days is not None:
        wrong.append(pl.col("in_hand") + pl.col("lasts") > parameters.most_days)
    if parameters.used_ppm is not None:
        left = pl.col("last") * (PPM - parameters.used_ppm)
        wrong.append((pl.col("in_hand") * PPM > left).fill_null(value=False))
    return pl.any_horizontal(wrong)
