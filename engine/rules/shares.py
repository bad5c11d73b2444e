"""Shares of a night: some of its persons, or of another column's values, at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

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

Parts: TypeAlias = Callable[[], Iterable[pl.DataFrame]]

LINES_HELD = 16_000_000
"""Lines that are read once for all shares where no more are asked for, of some 50 bytes each."""


def shares(facts: Facts, column: FactName | None, asked: Sequence[Asks]) -> Iterator[Facts]:
    """Yield facts in as many shares as they are to be looked at; whole where there is no column.

    A share of persons lies in memory with what is asked for of its lines and records. A share by
    another column has settlements alone.
    """
    if column is None:
        yield facts
    elif column == PERSON:
        lines = _asked_lines(facts, asked)
        for settlements in facts.persons or (facts.settlements,):
            yield _of_persons(facts, settlements.collect(), lines, asked)
    else:
        count = max(len(facts.persons), 1)
        for number in range(count):
            share = facts.settlements.filter(pl.col(column).hash() % count == number)
            yield replace(facts, settlements=share.collect().lazy())


def _of_persons(
    facts: Facts, settlements: pl.DataFrame, asked_lines: Parts, asked: Sequence[Asks]
) -> Facts:
    named = settlements.lazy().select("settlement_id")
    noted = facts.records.join(named, on="settlement_id", how="semi")
    records = noted if any(asks.records for asks in asked) else facts.records.clear()
    parts = chosen_parts(asked_lines(), "claim", settlements.filter(TONIGHT)["claim"])
    lines = pl.concat([pl.DataFrame(schema=CLAIM_LINE), *parts])
    return replace(
        facts,
        settlements=settlements.lazy(),
        records=records.collect().lazy(),
        lines=lambda: [lines],
        earlier_lines=facts.earlier_lines.join(settlements, on="claim", how="semi"),
    )


def _asked_lines(facts: Facts, asked: Sequence[Asks]) -> Parts:
    """Return what opens the lines that rules look at, of no other items than these may ask for.

    Where they are few they are read once and held for all shares, else they are read for each. A
    limit names its item and others.
    """
    kinds = [kind for asks in asked for kind in asks.limits]
    if any(asks.every_line for asks in asked):
        return facts.lines
    if not kinds:
        return tuple
    named = facts.limits.filter(pl.col("kind").is_in(kinds))
    items = pl.concat([named["item"], named["others"].explode().drop_nulls()])
    held = _held(chosen_parts(facts.lines(), "item", items))
    if held is None:
        return lambda: chosen_parts(facts.lines(), "item", items)
    return lambda: held


def _held(parts: Iterable[pl.DataFrame]) -> list[pl.DataFrame] | None:
    """Return the parts in memory; None once they are too many lines for that."""
    held: list[pl.DataFrame] = []
    rows = 0
    for part in parts:
        rows += len(part)
        if rows > LINES_HELD:
            return None
        held.append(part)
    return held
