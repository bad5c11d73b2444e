"""Unrecorded: an item charged without the record that it leaves where it was given."""

import polars as pl

from engine.rules.facts import (
    Asks,
    Facts,
    Parameters,
    gathered,
    lines_of,
    not_taken_back,
    records_of,
    tonight,
    whole,
)
from engine.rules.forms.limit import limited_lines
from engine.rules.records import RecordName


class UnrecordedParameters(Parameters):
    """Which record which items leave.

    `limit`: the kind that lists the items; `record`: what each of them leaves; `instead`: whether
    only settlements count that hold the record of another such item, which was not charged.
    """

    limit: str
    record: RecordName
    instead: bool

    def asks(self) -> Asks:
        """Return the kind of limit and the record."""
        return Asks(limits=(self.limit,), records=(self.record,))


def find_unrecorded(parameters: UnrecordedParameters, facts: Facts) -> pl.DataFrame:
    """Return tonight's settlements with the lines that left no record, as CANDIDATES."""
    rows = facts.limits.filter(pl.col("kind") == parameters.limit)
    claims = tonight(facts, "claim", "settlement_id", "care_region")
    lines = not_taken_back(lines_of(facts, rows["item"]))
    noted = records_of(facts, parameters.record).select("settlement_id", "item").unique().collect()
    charged = limited_lines(lines, claims, rows)
    bare = charged.join(noted, on=["settlement_id", "item"], how="anti")
    if parameters.instead:
        another = noted.join(charged, on=["settlement_id", "item"], how="anti")
        bare = bare.join(another, on="settlement_id", how="semi")
    return gathered([whole(bare)])
