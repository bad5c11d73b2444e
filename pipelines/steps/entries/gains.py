"""What each settlement of a night found in its counters and added to them."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.claims.columns import (
    COUNTER_ID,
    COUNTER_YEAR,
    EVENT_WIDTH,
    NONE,
    Event,
    Ints,
)
from engine.errors import ensure
from engine.policy.compiler import CompiledBook
from engine.settlement.feeds import FED_BEFORE, FED_COUNTER, FED_EVENT, FED_GAIN, FED_SCOPE, feeds

_KEY = ["person_id", "number", "scope"]
_END = float("inf")
"""Place after all claims of a part."""
_FED = {"row": FED_EVENT, "counter": FED_COUNTER, "scope": FED_SCOPE}


@dataclass(frozen=True)
class Names:
    """The counters of a book in words: id of counter -> region, scheme, name."""

    frame: pl.DataFrame

    @classmethod
    def of(cls, book: CompiledBook) -> "Names":
        """Return the counters of a book."""
        known = sorted(book.counter_names.items())
        return cls(
            pl.DataFrame(
                [(number, *book.book.schemes[at].key, name) for number, (at, name) in known],
                schema={
                    "id": pl.Int64,
                    "region": pl.String,
                    "scheme": pl.String,
                    "counter": pl.String,
                },
                orient="row",
            )
        )

    def told(self, fed: pl.DataFrame) -> pl.DataFrame:
        """Return rows with counter numbers with region, scheme, counter, year and month."""
        number = pl.col("number")
        return fed.with_columns(
            id=number // COUNTER_ID,
            year=number % COUNTER_ID // COUNTER_YEAR,
            month=number % COUNTER_YEAR,
        ).join(self.frame, on="id", how="left", maintain_order="left")

    def numbered(self, told: pl.DataFrame) -> pl.DataFrame:
        """Return rows in words with `number`, the counter as the engine has it."""
        named = told.join(
            self.frame, on=["region", "scheme", "counter"], how="left", maintain_order="left"
        )
        period = pl.col("year").cast(pl.Int64) * COUNTER_YEAR + pl.col("month").cast(pl.Int64)
        return named.with_columns(number=pl.col("id") * COUNTER_ID + period)


def gains_of(
    book: CompiledBook, settled: pl.DataFrame, events: Ints, recalled: pl.DataFrame
) -> pl.DataFrame:
    """Return row, person_id, number, scope, gain and met: what settlements added to counters.

    `met` is what the counter held when the claim met it; null for a reversal, which takes back
    what its original has added and notes nothing.

    Args:
        settled: `settlement_id`, `person_id`, `refund`, `original_settlement_id`, `policy_row`,
            `year`, `trace`, of whole persons and each person's in order.
        events: (n, EVENT_WIDTH), theirs, as far as they are kept.
        recalled: settlement_id, number, scope, gain of settlements before tonight.
    """
    trace, first = _flat(settled["trace"])
    fed = feeds(book.rows, events, trace, first)
    columns = {
        name: fed[:, at] for name, at in {**_FED, "gain": FED_GAIN, "met": FED_BEFORE}.items()
    }
    claims = pl.DataFrame(columns).rename({"counter": "number"}).filter(pl.col("gain") != 0)
    names = settled.select("settlement_id", "person_id", "refund", "original_settlement_id")
    names = names.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    added = claims.join(names.select("row", "settlement_id"), on="row").select(
        "settlement_id", "number", "scope", "gain"
    )
    undone = (
        names.filter("refund")
        .select("row", settlement_id="original_settlement_id")
        .join(pl.concat([added, recalled.select(added.columns)]), on="settlement_id")
        .select("row", "number", "scope", gain=-pl.col("gain"), met=pl.lit(None, pl.Int64))
    )
    every = pl.concat([claims.select(undone.columns), undone])
    return every.join(names.select("row", "person_id"), on="row").sort("row", "number", "scope")


def with_facts(
    gains: pl.DataFrame, states: pl.DataFrame, facts: pl.DataFrame, names: Names
) -> pl.DataFrame:
    """Return the gains of claims, and those of registers' facts, which note none themselves.

    Wherever a claim has met more or less than the claims before it had left, a fact has come
    between: the last one of the person and scheme before that claim.

    Args:
        gains: of `gains_of`, with `place`.
        states: person_id, number, scope, opening and closing.
        facts: person_id, region, scheme, place and fact, what it is called.
        names: the counters of the book.

    Returns:
        Columns of `gains` less `met`, with `fact`, null for what a claim has added.

    Raises:
        InvariantError: a claim met another state than was left to it, and no fact explains it.
    """
    found = _unexplained(gains, states)
    claims = gains.drop("met").with_columns(fact=pl.lit(None, dtype=pl.String))
    if found.is_empty():
        return claims
    explained = (
        names.told(found)
        .sort("place")
        .join_asof(
            facts.sort("place").with_columns(fact_place="place"),
            on="place",
            by=["person_id", "region", "scheme"],
            check_sortedness=False,
        )
        .with_columns(place="fact_place")
    )
    ensure(not explained["fact"].null_count(), "a settlement met a state that nothing has left")
    summed = explained.group_by(*_KEY, "fact", "place").agg(pl.col("gain").sum())
    return pl.concat([claims, summed.filter(pl.col("gain") != 0)], how="diagonal")


def _unexplained(gains: pl.DataFrame, states: pl.DataFrame) -> pl.DataFrame:
    """Return where a counter held more or less than claims had left, and by how much."""
    every = gains.join(states, on=_KEY, how="left", maintain_order="left")
    left = pl.col("opening").fill_null(0) + pl.col("gain").cum_sum().over(_KEY) - pl.col("gain")
    jumps = every.with_columns(jump=(pl.col("met") - left).forward_fill().over(_KEY).fill_null(0))
    last = jumps.group_by(_KEY).agg(pl.col("gain").sum(), pl.col("jump").last())
    ends = states.join(last, on=_KEY, how="left").select(
        *_KEY,
        place=pl.lit(_END),
        gain=pl.col("closing")
        - pl.col("opening")
        - pl.col("gain").fill_null(0)
        - pl.col("jump").fill_null(0),
    )
    found = jumps.select(
        *_KEY, "place", gain=pl.col("jump") - pl.col("jump").shift(1, fill_value=0).over(_KEY)
    )
    return pl.concat([found, ends]).filter(pl.col("gain") != 0)


def chained(gains: pl.DataFrame, states: pl.DataFrame) -> pl.DataFrame:
    """Return gains with `before`, what each counter held, and `closing`, in their order."""
    ordered = gains.sort(*_KEY, "place").join(states, on=_KEY, how="left", maintain_order="left")
    running = ordered.with_columns(
        before=pl.col("opening") + pl.col("gain").cum_sum().over(_KEY) - pl.col("gain")
    )
    ensure(bool((running["before"] >= 0).all()), "a counter was below zero")
    return running


def events_matrix(settled: pl.DataFrame, events: pl.DataFrame, columns: dict[str, int]) -> Ints:
    """Return the kept columns of events as the engine's rows."""
    matrix = np.full((len(events), EVENT_WIDTH), NONE, dtype=np.int64)
    for name, at in columns.items():
        matrix[:, at] = events[name].to_numpy()
    matrix[:, Event.YEAR] = settled["year"].to_numpy()
    # A reversal has met no counter: what its original fed is taken back.
    matrix[:, Event.POLICY_ROW] = np.where(settled["refund"], NONE, settled["policy_row"])
    return matrix


def _flat(trace: pl.Series) -> tuple[Ints, Ints]:
    lengths = trace.list.len().to_numpy().astype(np.int64)
    flat: Ints = trace.explode().drop_nulls().to_numpy().astype(np.int64)
    return np.ascontiguousarray(flat), np.concatenate([[0], np.cumsum(lengths)])
