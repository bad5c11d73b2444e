"""Supply: more of a drug than the days since it was given last can use."""

import polars as pl
from pydantic import Field

from engine.money import PPM
from engine.rules.facts import (
    TONIGHT,
    Asks,
    Facts,
    Parameters,
    Reach,
    gathered,
    known_lines,
    not_taken_back,
    whole,
)
from engine.rules.forms.limit import limited_lines
from engine.rules.visits import of_diseases

E4 = 10_000


class SupplyParameters(Parameters):
    """How much is too much, or how early is too early.

    `most_days`: what all that was given together may last from its day on, none for no bound;
    `used_ppm`: the share of the last supply to be used up before the next, none for no bound;
    `look_back_days`: how long before tonight's first day a supply still counts;
    `except_diseases`: heads of codes of illnesses that ask for more.
    """

    most_days: int | None = Field(default=None, ge=1)
    used_ppm: int | None = Field(default=None, ge=1, le=PPM)
    look_back_days: int = Field(ge=1)
    except_diseases: list[str]

    def asks(self) -> Asks:
        """Return the kind of limit."""
        return Asks(limits=("supply",))

    def reach(self) -> Reach:
        """Return the days, of drugs whose use is known."""
        return Reach(self.look_back_days, limits=("supply",))


def find_past_supply(parameters: SupplyParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements with the lines that give too much or too early, as CANDIDATES.

    A knowledge point's `low` says how many days a unit lasts. What an earlier night gave is in the
    person's hands too; it is not flagged again.
    """
    rows = facts.limits.filter(pl.col("kind") == "supply")
    visits = facts.settlements.drop_nulls("claim").filter(~of_diseases(parameters.except_diseases))
    claims = visits.select("claim", "settlement_id", "care_region", "person_id").collect()
    lines = not_taken_back(known_lines(facts, rows["item"])).filter(pl.col("quantity_e4") > 0)
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
        last_day=pl.col("day").shift(1).over(of_person),
    )
    past = days.filter(_past(parameters)).drop("lasts")
    wrong = given.filter(TONIGHT).join(past, on=[*of_person, "day"])
    last = given.select(*of_person, "settlement_id", "row", last_day="day")
    flagged = wrong.select(*of_person, "last_day", flagged="settlement_id")
    beside = flagged.join(last, on=[*of_person, "last_day"])
    return gathered([whole(wrong)], beside.filter(pl.col("settlement_id") != pl.col("flagged")))


def _past(parameters: SupplyParameters) -> pl.Expr:
    wrong = [pl.lit(value=False)]
    if parameters.most_days is not None:
        wrong.append(pl.col("in_hand") + pl.col("lasts") > parameters.most_days)
    if parameters.used_ppm is not None:
        left = pl.col("last") * (PPM - parameters.used_ppm)
        wrong.append((pl.col("in_hand") * PPM > left).fill_null(value=False))
    return pl.any_horizontal(wrong)
