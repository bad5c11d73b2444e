"""Shares of a night: some of its persons, or of another column's values, at a time."""

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from engine.rules.facts import CLAIM_LINE, PERSON, TONIGHT, FactName, Facts, chosen_parts


def shares(facts: Facts, column: FactName | None) -> Iterator[Facts]:
    """Yield facts in as many shares as they are to be looked at; whole where there is no column.

    A share of persons lies in memory with its lines and records. A share by another column has the
    settlements alone.
    """
    if column is None or (column != PERSON and facts.portions == 1):
        yield facts
        return
    for number in range(facts.portions):
        settlements = _share(facts, column, number).collect()
        yield (
            _of_persons(facts, settlements)
            if column == PERSON
            else replace(facts, settlements=settlements.lazy())
        )


def _share(facts: Facts, column: FactName, number: int) -> pl.LazyFrame:
    if facts.portions == 1:
        return facts.settlements
    return facts.settlements.filter(pl.col(column).hash() % facts.portions == number)


def _of_persons(facts: Facts, settlements: pl.DataFrame) -> Facts:
    named = settlements.lazy().select("settlement_id")
    records = facts.records.join(named, on="settlement_id", how="semi")
    parts = chosen_parts(facts.lines(), "claim", settlements.filter(TONIGHT)["claim"])
    lines = pl.concat([pl.DataFrame(schema=CLAIM_LINE), *parts])
    return replace(
        facts,
        settlements=settlements.lazy(),
        records=records.collect().lazy(),
        lines=lambda: [lines],
        earlier_lines=facts.earlier_lines.join(settlements, on="claim", how="semi"),
    )
