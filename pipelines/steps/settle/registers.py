"""What the bureau's registers add to a night: facts of its claims, and events of its persons."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from engine.claims.columns import COUNTER_ID, EVENT_WIDTH, NONE, Event, EventFlag, Ints, State
from engine.policy.compiler import CompiledBook
from engine.settlement.registered import HELD
from engine.storage.register_events import (
    DAY_SECONDS,
    Window,
    closed_of,
    due_facts,
    events_of_due,
    held_registrations,
    schemes_of,
)
from engine.storage.registers import Registers, facts_of, read_registers
from pipelines.steps.settle.claims import frame_of
from pipelines.steps.settle.events import person_keys
from pipelines.steps.settle.record import Records
from pipelines.steps.settle.waits import covers_of, put_waits

NUMBERS = {
    Event.ENROLLED_MONTHS: "enrolled_months",
    Event.CONTRIBUTION_YEARS: "contribution_years",
    Event.REGISTERED_DISEASES: "registered_diseases",
}


@dataclass(frozen=True, slots=True)
class RegisterInputs:
    """The folder of registers, as read, DECLARED, and the days whose facts are due."""

    folder: Path
    declared: Path
    window: Window


@dataclass(frozen=True)
class Registered:
    """What registers say of the persons of a night.

    Attributes:
        held: columns HELD.
        events: (n, EVENT_WIDTH), located.
        closed: columns of `engine.settlement.registered.mark_closed`.
    """

    held: pl.DataFrame
    events: Ints
    closed: Ints


@dataclass(frozen=True, slots=True)
class RegistersRead:
    """The registers of a night, and the days whose facts are due."""

    registers: Registers
    window: Window


def read_registers_into(
    inputs: RegisterInputs | None, claims: pa.Table, book: CompiledBook, records: Records
) -> RegistersRead | None:
    """Return the registers, if any, once their facts have entered the records of the claims."""
    if inputs is None:
        return None
    brought = read_registers(inputs.folder)
    registers = replace(brought, declared=pl.read_parquet(inputs.declared))
    unfiled = bool((records.column(Event.FILING, slice(None)) == NONE).any())
    if (registers.tells_of_visits() or unfiled) and claims.num_rows:
        records.put(0, _facts(frame_of(claims), registers, book, records))
    if any(entry.waiting for one in book.book.schemes for entry in one.entitlement):
        put_waits(frame_of(claims), covers_of(inputs.folder), book, records)
    return RegistersRead(registers, inputs.window)


def registered(
    read: RegistersRead | None,
    covers: pl.LazyFrame,
    claims: tuple[pa.Table, pa.ChunkedArray],
    opening: Ints,
    book: CompiledBook,
) -> Registered:
    """Return registrations, due events and closed years that the claims have to do with.

    Args:
        read: what there is.
        covers: PERSONS_READ.
        claims: CLAIMS_CHECKED and their holders.
        opening: the state of their persons, which says what was taken before.
        book: the policies.
    """
    if read is None:
        nothing = np.zeros((0, EVENT_WIDTH), dtype=np.int64)
        return Registered(pl.DataFrame(schema=HELD), nothing, np.zeros((0, 3), dtype=np.int64))
    registers = read.registers
    closed = closed_of(book, registers.closed_years)
    # What the ledger has settled itself is settled apart, with the facts that it had then.
    table, holders = claims
    ours = pl.Series(holders) == pl.col("person_id")
    tonight = frame_of(table, ("person_id",)).lazy().filter(ours).unique()
    mine = covers.join(tonight, on="person_id", how="semi").collect()
    due = due_facts(book, registers, mine, _taken(opening, mine["person_id"], book), read.window)
    events = events_of_due(book, due, person_keys(due["person_id"]))
    if registers.registrations is None:
        return Registered(pl.DataFrame(schema=HELD), events, closed)
    held = registers.registrations.lazy().join(tonight, on="person_id", how="semi").collect()
    return Registered(
        held_registrations(book, held, person_keys(held["person_id"])), events, closed
    )


def _facts(
    claims: pl.DataFrame, registers: Registers, book: CompiledBook, records: Records
) -> dict[int, Ints]:
    """Return the columns of events that registers decide."""
    by_end = [scheme.file.claim_date == "end" for scheme in book.book.schemes]
    schemes = schemes_of(book).with_columns(
        by_end=pl.col("scheme").replace_strict(dict(enumerate(by_end)), return_dtype=pl.Boolean)
    )
    settled = (pl.col("settled_at") // DAY_SECONDS).cast(pl.Int32)
    visits = (
        claims.rename({"home_region": "region"})
        .join(schemes, on=["region", "insurance"], how="left", maintain_order="left")
        .with_columns(claim_day=pl.when("by_end").then("end_day").otherwise(settled))
    )
    said = facts_of(visits, registers)
    filed = records.column(Event.FILING, slice(None))
    unsaid = (filed == NONE) & said["filing"].is_not_null().to_numpy()
    columns = {column: said[name].to_numpy() for column, name in NUMBERS.items()}
    columns[Event.TIER] = _tiers(visits["scheme"], said["tier"], book)
    columns[Event.FILING] = np.where(unsaid, said["filing"].fill_null(NONE).to_numpy(), filed)
    transfer = said["transfer"].to_numpy() * int(EventFlag.TRANSFER)
    columns[Event.FLAGS] = records.column(Event.FLAGS, slice(None)) | transfer
    return {column: values.astype(np.int64) for column, values in columns.items()}


def _tiers(schemes: pl.Series, tiers: pl.Series, book: CompiledBook) -> Ints:
    """Return the position of each tier in its scheme's file, NONE where that has no such one."""
    known = pl.DataFrame(
        [
            (at, tier, position)
            for at, scheme in enumerate(book.book.schemes)
            for position, tier in enumerate(scheme.file.tiers)
        ],
        schema={"scheme": pl.Int64, "tier": pl.String, "position": pl.Int64},
        orient="row",
    )
    found = pl.DataFrame({"scheme": schemes, "tier": tiers}).join(
        known, on=["scheme", "tier"], how="left", maintain_order="left"
    )
    return found["position"].fill_null(NONE).to_numpy()


def _taken(opening: Ints, persons: pl.Series, book: CompiledBook) -> pl.DataFrame:
    """Return what the state says was taken of the registers, columns TAKEN_BEFORE."""
    number = opening[:, State.COUNTER] // COUNTER_ID
    rows = opening[np.isin(number, book.taken_id)]
    scheme_of = {int(number): at for at, number in enumerate(book.taken_id)}
    told = persons.unique()
    numbered = pl.DataFrame({"person_id": told, "person": person_keys(told)})
    taken = pl.DataFrame(
        {
            "person": rows[:, State.PERSON],
            "scheme": rows[:, State.COUNTER] // COUNTER_ID,
            "account": rows[:, State.SCOPE],
            "value": rows[:, State.VALUE],
        }
    )
    return taken.join(numbered, on="person").select(
        "person_id",
        pl.col("scheme").replace_strict(scheme_of, return_dtype=pl.Int64),
        "account",
        "value",
    )
