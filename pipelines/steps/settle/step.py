"""The settle step: from checked files and earlier nights to settlements, state and differences."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from engine.claims.amounts import AMOUNT_COLUMNS
from engine.claims.codes import Code, Kind, reasons
from engine.claims.columns import (
    COUNTER_ID,
    COUNTER_YEAR,
    NONE,
    Event,
    EventKind,
    Ints,
    Lines,
    Result,
    State,
    Status,
)
from engine.claims.keys import content_keys
from engine.claims.origin import Origin
from engine.policy.compiler import CompiledBook
from engine.settlement.line_book import groups_of
from engine.settlement.settle import Bills, Settled, located, settle_located
from engine.storage.lake_tables import (
    ACCUMULATORS,
    DIFFERENCES,
    LAYER_COLUMNS,
    POLICY_ROWS,
    SETTLEMENTS,
)
from engine.storage.tables import ONLINE_PREFIX, Column, Table
from pipelines.line_pricing import lines_to_price, price_catalogue
from pipelines.staging import read_staged, write_staged
from pipelines.steps.settle.events import events_of
from pipelines.steps.settle.history import Past, opening_state, recall
from pipelines.steps.settle.visits import billed_again

ORIGINAL_PENDING = -1
BILLED_AGAIN = -2
CODES = {
    **{int(status): status.name.lower() for status in Status},
    int(Status.REVERSAL_UNKNOWN): Code.REFUND_WITHOUT_ORIGINAL.value,
    ORIGINAL_PENDING: Code.ORIGINAL_PENDING.value,
    BILLED_AGAIN: Code.DUPLICATE_VISIT.value,
}
"""Code of each status; ORIGINAL_PENDING stands for a refund whose original waits, BILLED_AGAIN
for a claim of a visit that another settlement bills."""


def without_night(table: Table, *more: Column) -> Table:
    """Return a lake table as a step leaves it: the night is added when it is published."""
    columns = tuple(column for column in table.columns if column.name != "night")
    return Table(table.name, (*columns, *more))


SETTLED = without_night(
    SETTLEMENTS,
    Column("claim", "int32", "position of the claim among those checked", key=True),
    Column("account_used", "bool", "whether the personal account may pay"),
    Column("price_level", "int8", "level that picks ceiling prices, 1 to 3"),
    Column("line_rule", "int32", "number of the rule that priced its lines, of this book"),
    Column("age", "int32", "full years on the claim date, -1 where not known"),
)
FALLEN = Table(
    "fallen",
    (
        Column("claim", "int32", "position of the claim among those checked", key=True),
        Column("code", "code", "code of reject_codes.yaml"),
        Column("pending", "bool", "whether it waits rather than being rejected"),
    ),
)


@dataclass(frozen=True, slots=True)
class SettleInputs:
    """The files that settle reads: CLAIMS_CHECKED, LINES, CATALOGUE_READ, PERSONS_READ."""

    claims: Path
    lines: Path
    catalogue: Path
    persons: Path


@dataclass(frozen=True, slots=True)
class SettledNight:
    """What settle leaves: SETTLED, FALLEN, and lake tables less their night."""

    settled: Path
    fallen: Path
    accumulators: Path
    differences: Path
    policy_rows: Path


def settle_night(inputs: SettleInputs, past: Past, book: CompiledBook, work: Path) -> SettledNight:
    """Settle every checked claim in each person's order, from the state of earlier nights.

    A claim settled online is settled anew only to be compared: where an amount differs there is
    a difference row, and never a second settlement.

    Raises:
        InvariantError: an identity does not hold on some row.

    Source: 经办条例 art. 20, 22
    """
    claims = pl.read_parquet(inputs.claims)
    events = events_of(claims, book)
    opening = opening_state(past, claims, pl.scan_parquet(inputs.persons), book)
    events, earlier = recall(past, claims, events, book)
    held = _held(claims)
    while True:
        events[: len(claims)][held != Status.SETTLED, Event.SCHEME] = NONE
        priced = located(book, events, _bills(inputs, claims, len(events), book))
        settled = settle_located(book, priced, opening, earlier)
        status = _statuses(events, settled, held)
        again = billed_again(claims, status == Status.SETTLED, past.settlements)
        if not len(again):
            break
        held[again] = BILLED_AGAIN
    told = _results(claims.with_columns(_of_events(priced[: len(claims)])), settled)
    differences = _differences(told)
    return SettledNight(
        settled=write_staged(told.select(SETTLED.names), SETTLED, work / "settlements.parquet"),
        fallen=write_staged(_fallen(status), FALLEN, work / "fallen.parquet"),
        accumulators=write_staged(
            _accumulators(claims, settled.closing, book),
            without_night(ACCUMULATORS),
            work / "accumulators.parquet",
        ),
        differences=write_staged(
            differences, without_night(DIFFERENCES), work / "differences.parquet"
        ),
        policy_rows=write_staged(
            _policy_rows(told, book), without_night(POLICY_ROWS), work / "policy_rows.parquet"
        ),
    )


def _held(claims: pl.DataFrame) -> Ints:
    """Return the status that each claim has before it is settled.

    Segments of a stay share its deductible and its ordinal, which no policy row says how to carry
    yet. To settle one as a stay of its own would charge the deductible twice.
    """
    part = claims.select(~pl.col("refund") & (pl.col("interim") | (pl.col("segment") > 1)))
    waits, settled = int(Status.NOT_SUPPORTED), int(Status.SETTLED)
    return np.where(part.to_series().to_numpy(), waits, settled).astype(np.int64)


def _bills(inputs: SettleInputs, claims: pl.DataFrame, events: int, book: CompiledBook) -> Bills:
    care_region = np.zeros(events, dtype=np.int64)
    care_region[: len(claims)] = content_keys(claims["care_region"]).to_numpy()
    catalogue, group_sets = price_catalogue(pl.read_parquet(inputs.catalogue), groups_of(book))
    return Bills(_lines(inputs.lines, claims["refund"]), catalogue, care_region, group_sets)


def _lines(path: Path, refund: pl.Series) -> Iterator[Lines]:
    """Yield the lines in parts, without those of refunds: their originals were priced."""
    for part in read_staged(path):
        priced = part.filter(~refund.gather(part["claim"]))
        yield lines_to_price(priced, priced["claim"].cast(pl.Int64).to_numpy())


def _of_events(events: Ints) -> list[pl.Series]:
    """Return what pricing a claim's lines once more asks for."""
    kept = {"line_rule": Event.LINE_RULE, "age": Event.AGE}
    return [pl.Series(name, events[:, at].astype(np.int32)) for name, at in kept.items()]


def _results(claims: pl.DataFrame, settled: Settled) -> pl.DataFrame:
    """Return the settled claims with their amounts and traces, by person and time."""
    results = settled.results
    kept = (results[:, Result.STATUS] == Status.SETTLED) & (
        results[:, Result.KIND] != EventKind.SETTLED_BEFORE
    )
    mine = results[kept]
    told: pl.DataFrame = claims[mine[:, Result.EVENT]]
    amounts = {
        **AMOUNT_COLUMNS,
        **{name: Result.LAYER_PAID + k for k, name in enumerate(LAYER_COLUMNS)},
    }
    whole = {"year": Result.YEAR, "policy_row": Result.POLICY_ROW, "ordinal": Result.ORDINAL}
    return told.with_columns(
        *(pl.Series(name, mine[:, column]) for name, column in amounts.items()),
        *(pl.Series(name, mine[:, column].astype(np.int32)) for name, column in whole.items()),
        _traces(settled, kept),
    )


def _traces(settled: Settled, kept: NDArray[np.bool_]) -> pl.Series:
    # A reversal notes where among these results its original stood, which tells a reader nothing.
    reversals = kept & (settled.results[:, Result.KIND] == EventKind.REVERSAL)
    settled.trace[settled.trace_first[:-1][reversals] + 1] = NONE
    lists = pa.LargeListArray.from_arrays(settled.trace_first, settled.trace)
    return pl.Series("trace", lists.filter(pa.array(kept)))


def _statuses(events: Ints, settled: Settled, held: Ints) -> Ints:
    """Return what became of each claim; a refund goes the way of its original."""
    status = np.zeros(len(events), dtype=np.int64)
    status[settled.results[:, Result.EVENT]] = settled.results[:, Result.STATUS]
    status[: len(held)][held != Status.SETTLED] = held[held != Status.SETTLED]
    original = events[:, Event.REF]
    undoes = (status == Status.REVERSAL_UNKNOWN) & (original >= 0)
    waits = np.isin(status, _waiting())
    status[undoes & waits[np.maximum(original, 0)]] = ORIGINAL_PENDING
    return status[: len(held)]


def _fallen(status: Ints) -> pl.DataFrame:
    """Return the claims that were not settled."""
    fell = np.flatnonzero(status)
    code = pl.Series(status[fell]).replace_strict(CODES, return_dtype=pl.String)
    pending = np.isin(status[fell], [ORIGINAL_PENDING, *_waiting()])
    columns = {"claim": fell.astype(np.int32), "code": code, "pending": pending}
    return pl.DataFrame(columns, schema=FALLEN.schema)


def _waiting() -> list[int]:
    """Return the statuses that make a claim wait rather than be rejected."""
    told = reasons()
    fell = (status for status in Status if status != Status.SETTLED)
    return [int(one) for one in fell if told[Code(one.name.lower())].kind == Kind.PENDING]


def _accumulators(claims: pl.DataFrame, closing: Ints, book: CompiledBook) -> pl.DataFrame:
    """Return the closing state in words, by person and counter."""
    names = pl.DataFrame(
        [
            (number, *book.book.schemes[at].key, name)
            for number, (at, name) in book.counter_names.items()
        ],
        schema={"id": pl.Int64, "region": pl.String, "scheme": pl.String, "counter": pl.String},
        orient="row",
    )
    ids = claims["person_id"].unique()
    persons = pl.DataFrame({"person_id": ids, "person": content_keys(ids)})
    counter = closing[:, State.COUNTER]
    state = pl.DataFrame(
        {
            "person": closing[:, State.PERSON],
            "id": counter // COUNTER_ID,
            "year": (counter % COUNTER_ID // COUNTER_YEAR).astype(np.int32),
            "month": (counter % COUNTER_YEAR).astype(np.int32),
            "scope": closing[:, State.SCOPE],
            "value": closing[:, State.VALUE],
        }
    )
    told = state.join(persons, on="person").join(names, on="id")
    key = ["person_id", "region", "scheme", "counter", "year", "month", "scope"]
    return told.select(*key, "value").sort(key)


def _differences(told: pl.DataFrame) -> pl.DataFrame:
    """Return what was settled online otherwise than the night finds it, amount by amount."""
    online = told.filter(pl.col("origin") == int(Origin.SETTLED_ONLINE))
    names = [name for name in AMOUNT_COLUMNS if ONLINE_PREFIX + name in told.columns]
    parts = [
        online.select(
            "settlement_id",
            amount=pl.lit(name),
            online_fen=pl.col(ONLINE_PREFIX + name),
            recomputed_fen=pl.col(name),
        ).filter(pl.col("online_fen") != pl.col("recomputed_fen"))
        for name in names
    ]
    empty = pl.DataFrame(schema=without_night(DIFFERENCES).schema)
    return pl.concat([empty, *parts]).sort("settlement_id", "amount")


def _policy_rows(told: pl.DataFrame, book: CompiledBook) -> pl.DataFrame:
    """Return what the policy rows of these settlements mean, for readers without this book."""
    rows = []
    numbers = told.filter(pl.col("policy_row") >= 0)["policy_row"]
    for number in numbers.unique().sort():
        info = book.infos[number]
        scheme = book.book.schemes[info.scheme]
        cell = ",".join(f"{name}={member}" for name, member in info.row.cell.items())
        place = (*scheme.key, info.entry.benefit, info.entry.begins)
        rows.append((book.book.hash, number, *place, cell, ",".join(info.slots)))
    return pl.DataFrame(rows, schema=without_night(POLICY_ROWS).schema, orient="row")
