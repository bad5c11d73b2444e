"""What earlier nights left: the opening state, and the settlements that a refund may cancel."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from engine.claims.amounts import AMOUNT_COLUMNS
from engine.claims.columns import (
    COUNTER_ID,
    COUNTER_YEAR,
    EVENT_WIDTH,
    NONE,
    RESULT_WIDTH,
    STATE_WIDTH,
    STEP_INDEX,
    STEP_LAYER,
    STEP_UFEN,
    STEP_WIDTH,
    UFEN,
    Event,
    EventKind,
    Ints,
    Result,
    State,
    Step,
)
from engine.claims.keys import content_key
from engine.periods import date_of_day
from engine.policy.compiler import CompiledBook
from engine.policy.packer import BALANCE, counter_form, counter_id
from engine.settlement.settle import Earlier
from engine.storage.lake_tables import LAYER_COLUMNS
from pipelines.steps.settle.events import person_keys, stay_keys

KEY = ["person_id", "region", "scheme", "counter", "year", "month", "scope"]


@dataclass(frozen=True)
class Past:
    """Earlier nights' tables: ACCUMULATORS, SETTLEMENTS, POLICY_ROWS."""

    accumulators: pl.LazyFrame
    settlements: pl.LazyFrame
    policy_rows: pl.LazyFrame


def opening_state(
    past: Past, claims: pl.DataFrame, persons: pl.LazyFrame, book: CompiledBook
) -> Ints:
    """Return the state of the claims' persons, shape (k, STATE_WIDTH).

    A person without a balance in any earlier night has that of the register.
    """
    tonight = claims.lazy().select("person_id").unique()
    latest = (
        past.accumulators.join(tonight, on="person_id", how="semi")
        .sort("night")
        .unique(KEY, keep="last", maintain_order=True)
        .collect()
    )
    counters = [
        (region, scheme, name, number)
        for number, (at, name) in book.counter_names.items()
        for region, scheme in [book.book.schemes[at].key]
    ]
    known = pl.DataFrame(
        counters,
        schema={"region": pl.String, "scheme": pl.String, "counter": pl.String, "id": pl.Int64},
        orient="row",
    )
    state = latest.join(known, on=["region", "scheme", "counter"], maintain_order="left")
    balances = _register_balances(persons, tonight, latest, book)
    return np.vstack([_state(state), _state(balances)])


def _register_balances(
    persons: pl.LazyFrame, tonight: pl.LazyFrame, latest: pl.DataFrame, book: CompiledBook
) -> pl.DataFrame:
    schemes = pl.LazyFrame(
        [(*scheme.key, counter_id(*scheme.key, BALANCE)) for scheme in book.book.schemes],
        schema={"region": pl.String, "scheme": pl.String, "id": pl.Int64},
        orient="row",
    ).filter(pl.col("scheme") == "employee")
    held = latest.lazy().filter(pl.col("counter") == BALANCE)
    return (
        persons.filter(pl.col("account_balance_fen") > 0)
        .join(tonight, on="person_id", how="semi")
        .join(held, on=["person_id", "region"], how="anti")
        .sort("person_id", "cover_from")
        .unique(["person_id", "region"], keep="last", maintain_order=True)
        .join(schemes, on="region")
        .select(
            "person_id",
            "id",
            year=pl.lit(0),
            month=pl.lit(0),
            scope=pl.lit(0),
            value=pl.col("account_balance_fen") * UFEN,
        )
        .collect()
    )


def _state(frame: pl.DataFrame) -> Ints:
    state = np.zeros((len(frame), STATE_WIDTH), dtype=np.int64)
    state[:, State.PERSON] = person_keys(frame["person_id"])
    period = pl.col("year").cast(pl.Int64) * COUNTER_YEAR + pl.col("month").cast(pl.Int64)
    key = pl.col("id") * COUNTER_ID + period
    state[:, State.COUNTER] = frame.select(key).to_series().to_numpy()
    state[:, State.SCOPE] = frame["scope"].to_numpy()
    state[:, State.VALUE] = frame["value"].to_numpy()
    return state


@dataclass(frozen=True)
class Recalled:
    """Settlements of earlier nights that refunds of tonight may cancel.

    events: (n, EVENT_WIDTH) of kind SETTLED_BEFORE; earlier: what they point to; by_id: the row
    of each by its settlement_id.
    """

    events: Ints
    earlier: Earlier
    by_id: dict[str, int]


def recall(past: Past, waiting: pl.DataFrame, book: CompiledBook) -> Recalled:
    """Return the earlier settlements of the persons who have such a refund.

    Args:
        past: earlier nights.
        waiting: the refunds whose original is not of tonight.
        book: the policies of tonight.
    """
    nothing = np.zeros((0, EVENT_WIDTH), dtype=np.int64)
    if waiting.is_empty():
        return Recalled(nothing, Earlier.none(), {})
    found = _live_settlements(past, waiting)
    events, feeds = _recalled_events(found, book)
    by_id = {name: k for k, name in enumerate(found["settlement_id"])}
    return Recalled(events, Earlier(_results(found, book), feeds), by_id)


def _live_settlements(past: Past, waiting: pl.DataFrame) -> pl.DataFrame:
    """Return the settlements, not cancelled yet, of all persons that wait for a refund."""
    of_persons = past.settlements.join(
        waiting.lazy().select("person_id").unique(), on="person_id", how="semi"
    ).collect()
    cancelled = of_persons.filter("refund").select(settlement_id="original_settlement_id")
    rows = past.policy_rows.unique(["night", "policy_row"]).collect()
    return (
        of_persons.filter(~pl.col("refund"))
        .join(cancelled, on="settlement_id", how="anti")
        .join(
            rows.select("night", "policy_row", "policy_hash", "region", "scheme", "counters"),
            on=["night", "policy_row"],
            how="left",
        )
        .sort("settled_at", "message_id", "settlement_id")
    )


def _recalled_events(found: pl.DataFrame, book: CompiledBook) -> tuple[Ints, Ints]:
    events = np.full((len(found), EVENT_WIDTH), NONE, dtype=np.int64)
    events[:, Event.AMOUNT :] = 0
    events[:, Event.KIND] = EventKind.SETTLED_BEFORE
    events[:, Event.PERSON] = person_keys(found["person_id"])
    events[:, Event.ORDER_TIME] = found["settled_at"].to_numpy()
    # Before everything of tonight, whose ties are ranks from 1; among themselves as found.
    events[:, Event.ORDER_TIE] = np.arange(len(found)) - len(found)
    events[:, Event.REF] = np.arange(len(found))
    events[:, Event.YEAR] = found["year"].to_numpy()
    events[:, Event.VISIT] = stay_keys(found)
    events[:, Event.SETTLED_DAY] = found["settled_at"].to_numpy() // 86_400
    feeds: list[tuple[int, int, int]] = []
    for k, row in enumerate(found.iter_rows(named=True)):
        at = book.book.index(row["region"], row["scheme"])
        events[k, Event.SCHEME] = NONE if at is None else at
        events[k, Event.ARG] = len(feeds)
        if at is not None:
            feeds += _feeds(row, book, at)
        events[k, Event.AMOUNT] = len(feeds) - events[k, Event.ARG]
    return events, np.array(feeds, dtype=np.int64).reshape(-1, 3)


def _feeds(row: dict[str, object], book: CompiledBook, at: int) -> list[tuple[int, int, int]]:
    """Return counter, scope and gain of each counter that a stored settlement has fed."""
    scheme = book.book.schemes[at]
    names = str(row["counters"]).split(",")
    trace = np.array(row["trace"], dtype=np.int64)
    by_end = scheme.file.claim_date == "end"
    day = int(str(row["end_day"])) if by_end else int(str(row["settled_at"])) // 86_400
    on = date_of_day(day)
    found = []
    for triple in range(0, len(trace), STEP_WIDTH):
        key, _, change = (int(value) for value in trace[triple : triple + STEP_WIDTH])
        if key % STEP_UFEN % STEP_LAYER != Step.FEED or change == 0:
            continue
        name = names[key % STEP_UFEN // STEP_INDEX]
        time, within, counts = counter_form(scheme, name)
        period = int(str(row["year"])) * COUNTER_YEAR if time == "year" else 0
        if time == "month":
            period = on.year * COUNTER_YEAR + on.month
        counter = counter_id(*scheme.key, name) * COUNTER_ID + period
        gain = change if counts != "money" or key >= STEP_UFEN else change * UFEN
        found.append((counter, _scope(row, within), gain))
    return found


def _scope(row: dict[str, object], within: str) -> int:
    if within == "visit":
        return content_key(f"{row['institution_id']}/{row['visit_id']}")
    columns = {
        "level": "deductible_level",
        "disease": "disease_code",
        "institution": "institution_id",
    }
    return content_key(str(row[columns[within]] or "")) if within in columns else 0


def _results(found: pl.DataFrame, book: CompiledBook) -> Ints:
    """Return stored settlements as results; a row of another book has no number in this one."""
    results = np.zeros((len(found), RESULT_WIDTH), dtype=np.int64)
    same_book = (found["policy_hash"] == book.book.hash).to_numpy()
    for name, column in AMOUNT_COLUMNS.items():
        results[:, column] = found[name].to_numpy()
    for k, name in enumerate(LAYER_COLUMNS):
        results[:, Result.LAYER_PAID + k] = found[name].to_numpy()
    results[:, Result.YEAR] = found["year"].to_numpy()
    results[:, Result.POLICY_ROW] = np.where(same_book, found["policy_row"].to_numpy(), NONE)
    results[:, Result.ORDINAL] = found["ordinal"].to_numpy()
    return results
