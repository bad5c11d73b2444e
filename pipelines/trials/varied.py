"""Schemes as people would carry them out: by seed, and not as an example of a rule has them."""

from dataclasses import replace

import numpy as np
import polars as pl

from engine.money import PPM, mul_div_expr
from engine.rules.facts import Facts

LEFT_OUT, MOVED, LONGER, REPRICED, MORE_OR_LESS = 0.1, 0.3, 0.2, 0.3, 0.3
"""How often a settlement of a scheme is left out, is some days off, lasts a day more or less, has
other amounts than its fellows, and how often a line has another quantity."""
SHIFT_DAYS, OFF_DAYS, SPREAD = 15, 2, 0.4
DAY_SECONDS = 86_400


def varied(facts: Facts, rng: np.random.Generator) -> Facts:
    """Return a scheme, or its decoy, with days, amounts, quantities and visits of its own.

    What is drawn does not look at any rule: some schemes are thereby no longer such as their rule
    describes, and some decoys come near its threshold. One settlement at least is left.
    """
    settlements = facts.settlements.collect()
    shift = int(rng.integers(-SHIFT_DAYS, SHIFT_DAYS + 1))
    drawn = _drawn(settlements, shift, rng)
    kept = _settlements(settlements, drawn)
    every = [_lines(part, drawn, rng) for part in (*facts.lines(), facts.earlier_lines)]
    *lines, before = every
    return replace(
        facts,
        settlements=kept.lazy(),
        registers=facts.registers.with_columns(pl.col("begins") + shift),
        records=_records(facts.records.collect(), drawn, shift).lazy(),
        lines=lambda: lines,
        earlier_lines=before,
    )


def _drawn(settlements: pl.DataFrame, shift: int, rng: np.random.Generator) -> pl.DataFrame:
    """Return of each settlement that is left how many days it moves and grows, and its amounts."""
    count = len(settlements)
    left = rng.random(count) >= LEFT_OUT
    left[rng.integers(count)] = True
    off = np.where(rng.random(count) < MOVED, rng.integers(-OFF_DAYS, OFF_DAYS + 1, count), 0)
    grows = np.where(rng.random(count) < LONGER, rng.choice([-1, 1], count), 0)
    own = np.where(rng.random(count) < REPRICED, rng.uniform(0.8, 1.2, count), 1.0)
    ppm = np.rint(own * rng.lognormal(0.0, SPREAD) * PPM).astype(np.int64)
    return pl.DataFrame(
        {
            "settlement_id": settlements["settlement_id"],
            "claim": settlements["claim"],
            "moves": pl.Series(shift + off, dtype=pl.Int32),
            "grows": pl.Series(grows, dtype=pl.Int32),
            "ppm": ppm,
        }
    ).filter(pl.Series(left))


def _settlements(settlements: pl.DataFrame, drawn: pl.DataFrame) -> pl.DataFrame:
    begins = pl.col("begin_day") + pl.col("moves")
    ends = pl.col("end_day") + pl.col("moves")
    stays = pl.col("end_day") > pl.col("begin_day")
    grown = pl.when(stays).then(pl.max_horizontal(ends + pl.col("grows"), begins)).otherwise(ends)
    return (
        settlements.join(drawn.drop("claim"), on="settlement_id", maintain_order="left")
        .with_columns(
            begin_day=begins,
            end_day=grown,
            settled_at=pl.col("settled_at") + pl.col("moves").cast(pl.Int64) * DAY_SECONDS,
            total_fen=mul_div_expr(pl.col("total_fen"), pl.col("ppm"), PPM),
        )
        .select(settlements.columns)
    )


def _lines(part: pl.DataFrame, drawn: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Return lines moved with their settlement, at its prices, some in another quantity."""
    other = np.where(
        rng.random(len(part)) < MORE_OR_LESS, rng.choice([800_000, 1_200_000], len(part)), PPM
    )
    own = drawn.drop_nulls("claim").drop("settlement_id", "grows")
    times = pl.Series("times", other, dtype=pl.Int64)
    moved = part.with_columns(times).join(own, on="claim", maintain_order="left")
    return moved.with_columns(
        pl.col("day") + pl.col("moves"),
        quantity_e4=mul_div_expr(pl.col("quantity_e4"), pl.col("times"), PPM),
        price_e6=mul_div_expr(pl.col("price_e6"), pl.col("ppm"), PPM),
        amount_fen=mul_div_expr(
            mul_div_expr(pl.col("amount_fen"), pl.col("ppm"), PPM), pl.col("times"), PPM
        ),
    ).select(part.columns)


def _records(records: pl.DataFrame, drawn: pl.DataFrame, shift: int) -> pl.DataFrame:
    """Return records moved with their settlement, or with the whole where they name none."""
    moves = drawn.select("settlement_id", "moves")
    named = records.join(moves, on="settlement_id", how="left", maintain_order="left")
    known = pl.col("settlement_id").is_null() | pl.col("moves").is_not_null()
    days = pl.coalesce("moves", pl.lit(shift, dtype=pl.Int32))
    return named.filter(known).with_columns(pl.col("day") + days).select(records.columns)
