"""Shares of a night: some of its persons, or of another column's values, at a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import polars as pl

from engine.rules.facts import (
    CLAIM_LINE,
    PERSON,
    TONIGHT,
    Asks,
    FactName,
    Facts,
    chosen_parts,
)


def shares(facts: Facts, column: FactName | None, asked: Sequence[Asks]) -> Iterator[Facts]:
    """Yield facts in as many shares as they are to be looked at; whole where there is no column.

    A share of persons lies in memory with what is asked for of its lines and records. A share by
    another column has settlements alone.
    """
    if column is None:
        yield facts
        return
    of = _of_persons if column == PERSON else _of_settlements
    for number in range(facts.portions):
        yield of(facts, _share(facts, column, number).collect(), asked)


def _share(facts: Facts, column: FactName, number: int) -> pl.LazyFrame:
    if facts.portions == 1:
        return facts.settlements
    return facts.settlements.filter(pl.col(column).hash() % facts.portions == number)


def _of_settlements(facts: Facts, settlements: pl.DataFrame, _asked: Sequence[Asks]) -> Facts:
    return replace(facts, settlements=settlements.lazy())


def _of_persons(facts: Facts, settlements: pl.DataFrame, asked: Sequence[Asks]) -> Facts:
    named = settlements.lazy().select("settlement_id")
    noted = facts.records.join(named, on="settlement_id", how="semi")
    records = noted if any(asks.records for asks in asked) else facts.records.clear()
    parts = chosen_parts(_lines(facts, asked), "claim", settlements.filter(TONIGHT)["claim"])
    lines = pl.concat([pl.DataFrame(schema=CLAIM_LINE), *parts])
    return replace(
        facts,
        settlements=settlements.lazy(),
        records=records.collect().lazy(),
        lines=lambda: [lines],
        earlier_lines=facts.earlier_lines.join(settlements, on="claim", how="semi"),
    )


def _lines(facts: Facts, asked: Sequence[Asks]) -> Iterable[pl.DataFrame]:
    """Return the parts of the lines that rules look at, of no other items than these may ask for.

    A limit names its item and others.
    """
    if any(asks.every_line for asks in asked):
        return facts.lines()
    kinds = [kind for asks in asked for kind in asks.limits]
    if not kinds:
        return ()
    named = facts.limits.filter(pl.col("kind").is_in(kinds))
    items = pl.concat([named["item"], named["others"].explode().drop_nulls()])
    return chosen_parts(facts.lines(), "item", items)
