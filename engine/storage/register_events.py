"""What registers put into a person's order of events: account entries and changes of cover.

Such a fact stands at the beginning of the day from which it holds, before all messages of that
day. What was taken is a counter of the person, so that each fact enters once, however often the
register is read, and what the register corrects enters as the difference.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl

from engine.claims.columns import (
    COUNTER_ID,
    EVENT_WIDTH,
    NONE,
    UFEN,
    Event,
    EventFlag,
    EventKind,
    Ints,
)
from engine.claims.keys import content_keys
from engine.policy.book import Scheme
from engine.policy.compiler import CompiledBook
from engine.policy.event_terms import registration_counter
from engine.policy.insurances import SCHEME_OF
from engine.policy.packer import counter_id
from engine.settlement.locate import claim_dates, locate
from engine.settlement.person_events import TAKEN_COVER, TAKEN_ZERO
from engine.settlement.registered import HELD
from engine.storage.registers import WHOSE, Registers

DAY_SECONDS = 86_400
OWN_ACCOUNT = 0
FIRST_OF_ITS_DAY = -(2**40)

DUE = {
    "person_id": pl.String,
    "scheme": pl.Int64,
    "kind": pl.Int64,
    "account": pl.Int64,
    "day": pl.Int64,
    "seconds": pl.Int64,
    "amount_fen": pl.Int64,
}
"""Columns of due facts: `scheme` is a position in the book, `account` 0 the own one."""

TAKEN_BEFORE = {
    "person_id": pl.String,
    "scheme": pl.Int64,
    "account": pl.Int64,
    "value": pl.Int64,
}
"""Columns of what was taken: `account` is the scope of the counter `register_taken`."""


@dataclass(frozen=True, slots=True)
class Window:
    """The days whose facts are due: those after the last night that was published, to tonight.

    Attributes:
        after: the last published night; None for none. What is older and was not taken is due too,
            as one sum before all else.
        until: the day of settlement.
    """

    after: int | None
    until: int


def due_facts(
    book: CompiledBook,
    registers: Registers,
    covers: pl.DataFrame,
    taken: pl.DataFrame,
    window: Window,
) -> pl.DataFrame:
    """Return the facts of persons that are due, columns DUE, in their order.

    Args:
        book: the policies.
        registers: what there is.
        covers: PERSONS_READ of the persons, whose facts alone are returned.
        taken: columns TAKEN_BEFORE, what their state says.
        window: the days.
    """
    found = [pl.DataFrame(schema=DUE), _cover_changes(book, registers, covers, taken, window)]
    if registers.account_entries is not None:
        entries = (
            registers.account_entries.join(covers.select("person_id"), on="person_id", how="semi")
            .join(schemes_of(book), on=["region", "insurance"])
            .filter(pl.col("day") <= window.until)
        )
        found.append(_account_entries(entries, taken, window))
    return pl.concat(found).sort("person_id", "seconds", "kind", "scheme", "account")


def events_of_due(book: CompiledBook, due: pl.DataFrame, persons: Ints | int) -> Ints:
    """Return due facts as located events, shape (n, EVENT_WIDTH); `persons` are their numbers."""
    events = np.full((len(due), EVENT_WIDTH), NONE, dtype=np.int64)
    events[:, Event.AMOUNT :] = 0
    events[:, Event.PERSON] = persons
    events[:, Event.ORDER_TIE] = FIRST_OF_ITS_DAY
    events[:, Event.FLAGS] = EventFlag.OF_REGISTER
    for column, name in _COLUMNS.items():
        events[:, column] = due[name].to_numpy()
    locate(book, events, claim_dates(book, events))
    return events


_COLUMNS = {
    Event.KIND: "kind",
    Event.SCHEME: "scheme",
    Event.ARG: "account",
    Event.SETTLED_DAY: "day",
    Event.ORDER_TIME: "seconds",
    Event.AMOUNT: "amount_fen",
}


def held_registrations(
    book: CompiledBook, registrations: pl.DataFrame, persons: Ints
) -> pl.DataFrame:
    """Return registrations that some policy declares, columns HELD.

    Args:
        book: the policies.
        registrations: REGISTRATIONS_READ.
        persons: their numbers, row by row.
    """
    declared = pl.DataFrame(
        [
            (scheme.file.region, int(insurance), name, _counter(scheme.key, name), one.per)
            for scheme in book.book.schemes
            for insurance, of in SCHEME_OF.items()
            if of == scheme.file.scheme
            for name, one in scheme.file.registrations.items()
        ],
        schema={
            "region": pl.String,
            "insurance": pl.Int8,
            "registration": pl.String,
            "counter": pl.Int64,
            "per": pl.String,
        },
        orient="row",
    )
    rows = registrations.with_columns(person=pl.Series(persons)).join(
        declared, on=["region", "insurance", "registration"]
    )
    subject = (
        pl.when(pl.col("per") == "disease")
        .then("disease_code")
        .when(pl.col("per") == "institution")
        .then("institution_id")
    )
    rows = rows.with_columns(subject=subject).filter(
        (pl.col("per") == "person") | pl.col("subject").is_not_null()
    )
    return rows.with_columns(
        scope=content_keys(rows["subject"]),
        begins=pl.col("valid_from").cast(pl.Int64),
        ends=pl.col("valid_to").cast(pl.Int64),
    ).select(*HELD)


def closed_of(book: CompiledBook, closed_years: pl.DataFrame) -> Ints:
    """Return closed years as `mark_closed` takes them: scheme, year and day of closing."""
    found = closed_years.join(schemes_of(book), on=["region", "insurance"])
    columns = ("scheme", "year", "closed_on")
    return found.select(pl.col(name).cast(pl.Int64) for name in columns).to_numpy()


def _counter(scheme: tuple[str, str], registration: str) -> int:
    return counter_id(*scheme, registration_counter(registration)) * COUNTER_ID


@lru_cache(maxsize=2)
def schemes_of(book: CompiledBook) -> pl.DataFrame:
    """Return the schemes that visits are settled under: region, insurance, position in the book."""
    insurance_of = {name: int(insurance) for insurance, name in SCHEME_OF.items()}
    rows = [
        (scheme.file.region, insurance_of[scheme.file.scheme], at)
        for at, scheme in enumerate(book.book.schemes)
        if scheme.file.scheme in insurance_of
    ]
    schema = {"region": pl.String, "insurance": pl.Int8, "scheme": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _account_entries(entries: pl.DataFrame, taken: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Return entries of the window by day, and before them what earlier ones still lack."""
    key = ["person_id", "scheme", "account"]
    entries = entries.with_columns(pl.col("account", "day").cast(pl.Int64))
    is_new = pl.lit(value=True) if window.after is None else pl.col("day") > window.after
    sums = entries.filter(~is_new).group_by(key).agg(owed=pl.col("amount_fen").sum())
    before = taken.filter(pl.col("account") != TAKEN_COVER)
    lacking = sums.join(before, on=key, how="full", coalesce=True).with_columns(
        amount_fen=pl.col("owed").fill_null(0)
        - (pl.col("value").fill_null(TAKEN_ZERO) - TAKEN_ZERO) // UFEN,
        day=pl.lit(window.until if window.after is None else window.after, dtype=pl.Int64),
        seconds=pl.lit(0, dtype=pl.Int64),
    )
    new = entries.filter(is_new).with_columns(seconds=pl.col("day") * DAY_SECONDS)
    own = pl.col("account") == OWN_ACCOUNT
    kind = pl.when(own).then(int(EventKind.ACCOUNT_CREDIT)).otherwise(int(EventKind.FAMILY_LINK))
    both = pl.concat([lacking.select(_ENTRY), new.select(_ENTRY)])
    due = both.filter(pl.col("amount_fen") != 0).with_columns(kind=kind.cast(pl.Int64))
    return due.select(*DUE)


_ENTRY = ["person_id", "scheme", "account", "day", "seconds", "amount_fen"]


def _cover_changes(
    book: CompiledBook,
    registers: Registers,
    covers: pl.DataFrame,
    taken: pl.DataFrame,
    window: Window,
) -> pl.DataFrame:
    """Return the changes of cover of schemes that say what becomes of their counters.

    A cover is another one if it was taken up again after a gap, or has another tier; another class
    alone is none.
    """
    told = [at for at, scheme in enumerate(book.book.schemes) if _says(scheme)]
    if not told:
        return pl.DataFrame(schema=DUE)
    terms = registers.cover_terms.select(*WHOSE, "tier", cover_from="valid_from")
    spells = (
        covers.join(schemes_of(book).filter(pl.col("scheme").is_in(told)), on=WHOSE[1:])
        .join(terms, on=[*WHOSE, "cover_from"], how="left")
        .sort(*WHOSE, "cover_from")
        .with_columns(
            ended=pl.col("cover_to").shift(1).over(WHOSE),
            tier_before=pl.col("tier").shift(1).over(WHOSE),
        )
    )
    last = taken.filter(pl.col("account") == TAKEN_COVER).select("person_id", "scheme", "value")
    changed = (pl.col("ended") < pl.col("cover_from")) | pl.col("tier").ne_missing("tier_before")
    due = (
        spells.filter(pl.col("ended").is_not_null(), changed)
        .filter(pl.col("cover_from") <= window.until)
        .join(last, on=["person_id", "scheme"], how="left")
        .filter(pl.col("value").is_null() | (pl.col("cover_from") > pl.col("value")))
    )
    return due.select(
        "person_id",
        "scheme",
        kind=pl.lit(int(EventKind.COVER_CHANGE), dtype=pl.Int64),
        account=pl.lit(OWN_ACCOUNT, dtype=pl.Int64),
        day=pl.col("cover_from").cast(pl.Int64),
        seconds=pl.col("cover_from").cast(pl.Int64) * DAY_SECONDS,
        amount_fen=pl.lit(0, dtype=pl.Int64),
    ).select(*DUE)


def _says(scheme: Scheme) -> bool:
    counters = scheme.file.counters.values()
    return bool(counters) and all(one.on_cover_change is not None for one in counters)
