"""Differ: two records of one settlement that ought to say the same."""

import polars as pl

from engine.rules.facts import TONIGHT, Asks, Facts, Parameters, alone, records_of
from engine.rules.records import RecordName


class DifferParameters(Parameters):
    """`said`: the record that was sent; `found`: the one that was found."""

    said: RecordName
    found: RecordName

    def asks(self) -> Asks:
        """Return the records."""
        return Asks(records=(self.said, self.found))


def find_differing(parameters: DifferParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements whose two records differ, as CANDIDATES."""
    said = records_of(facts, parameters.said).select("settlement_id", "value")
    found = records_of(facts, parameters.found).select("settlement_id", found="value")
    wrong = said.join(found, on="settlement_id").filter(pl.col("value") != pl.col("found"))
    tonight = facts.settlements.filter(TONIGHT)
    return alone(tonight.join(wrong, on="settlement_id", how="semi"))
