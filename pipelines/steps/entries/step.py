"""The entries step: from what settle and stand left to rows of the ledger, part by part."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from engine.periods import day_number
from engine.policy.compiler import CompiledBook
from engine.storage.entry_files import EntryFiles
from engine.storage.settled_events import EVENT_COLUMNS
from pipelines.register_credits import register_credits
from pipelines.staged.staging import read_staged
from pipelines.steps.entries.gains import Names, chained, events_matrix, gains_of, with_facts
from pipelines.steps.entries.register_rows import (
    FACT,
    fact_id,
    fact_rows,
    opening_facts,
    register_facts,
)
from pipelines.steps.entries.rows import (
    SCHEME,
    Ledgered,
    live_rows,
    numbered,
    placed,
    settlement_rows,
    year_rows,
)
from pipelines.steps.entries.totals import sums_of

PART_BUCKETS = 4
"""How many buckets of persons become one part: enough to spread what every part looks up."""

_COUNTER = ["person_id", "region", "scheme", "counter", "year", "month", "scope"]
_STATE = ["person_id", "number", "scope"]
Part = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]
"""SETTLED, EVENTS and the closing state of some persons."""


@dataclass(frozen=True, slots=True)
class EntryInputs:
    """The files that the step reads.

    settled, events, accumulators: those of settle, bucket by bucket; registered: REGISTERED;
    claims: CLAIMS_CHECKED; persons: PERSONS_READ; years, counters, posted, sent, recalled, feeds:
    those of stand.
    """

    settled: Path
    events: Path
    registered: Path
    accumulators: Path
    claims: Path
    persons: Path
    years: Path
    counters: Path
    posted: Path
    sent: Path
    recalled: Path
    feeds: Path


@dataclass(frozen=True, slots=True)
class Entered:
    """The rows that a night posts: how many settlements, and the folder of `EntryFiles`."""

    settlements: int
    folder: Path


def enter(inputs: EntryInputs, book: CompiledBook, night: date, work: Path) -> Entered:
    """Write the ledger's rows of a night, as one settlement after another would have written them.

    What the ledger has settled itself, online, makes no row.

    Args:
        night: the day of the night, which opening balances are dated by.
        work: an empty folder.

    Raises:
        InvariantError: a settlement met a state that nothing before it has left.
    """
    files = EntryFiles(work)
    entries = _Entries(inputs, book, night)
    count = sum(entries.write(files, number, part) for number, part in enumerate(_parts(inputs)))
    return Entered(count, work)


def _parts(inputs: EntryInputs) -> Iterator[Part]:
    held: list[tuple[pl.DataFrame, ...]] = []
    paths = (inputs.settled, inputs.events, inputs.accumulators)
    for buckets in zip(*map(read_staged, paths), strict=True):
        held.append(buckets)
        if len(held) == PART_BUCKETS:
            yield _together(held)
            held = []
    if held:
        yield _together(held)


def _together(held: Sequence[tuple[pl.DataFrame, ...]]) -> Part:
    settled, events, closing = (pl.concat(frames) for frames in zip(*held, strict=True))
    return settled, events, closing


class _Entries:
    """Makes the rows of one part after another."""

    def __init__(self, inputs: EntryInputs, book: CompiledBook, night: date) -> None:
        self._book = book
        self._names = Names.of(book)
        self._posted = pl.read_parquet(inputs.posted)["settlement_id"]
        recalled = pl.read_parquet(inputs.recalled).unique("settlement_id")
        fed = pl.read_parquet(inputs.feeds).join(
            recalled.select("settlement_id", "region", "scheme"), on="settlement_id"
        )
        self._recalled = self._names.numbered(fed)
        self._opening = pl.read_parquet(inputs.counters)
        lasting = pl.scan_parquet(inputs.years).filter(pl.col("year") == 0)
        held = lasting.select(*SCHEME, held="version").collect()
        self._night = Ledgered(book, recalled, held, _numbers(inputs))
        balances = _balances(inputs, book)
        registered = pl.read_parquet(inputs.registered)
        facts = [
            opening_facts(balances, day_number(night)),
            register_facts(registered, night.isoformat(), book),
        ]
        self._facts = pl.concat([one.select(*FACT) for one in facts])

    def write(self, files: EntryFiles, number: int, part: Part) -> int:
        """Write the rows of some persons and return how many settlements they are."""
        settled, events, closing = part
        if not self._posted.is_empty():
            ours = ~settled["settlement_id"].is_in(self._posted.implode())
            settled, events = settled.filter(ours), events.filter(ours)
        own = placed(settled, events, self._night)
        mine = pl.concat([closing["person_id"], own["person_id"]]).unique()
        own, facts = numbered(own, self._facts_of(mine), self._night)
        contributions, counters = self._gains((own, events, closing), facts, mine)
        live, ended = live_rows(own)
        rows = [settlement_rows(own, events, self._night), fact_rows(facts, self._book)]
        files.write(
            number,
            settlements=pl.concat(rows, how="vertical_relaxed"),
            contributions=contributions,
            counters=counters,
            live=live,
            ended=ended,
            years=year_rows(own, facts),
            legs=sums_of(own, events),
        )
        return len(own) + len(facts)

    def _facts_of(self, persons: pl.Series) -> pl.DataFrame:
        facts = self._facts.filter(pl.col("person_id").is_in(persons.implode()))
        ids = [fact_id(name) for name in facts["message_id"]]
        return facts.with_columns(settlement_id=pl.Series(ids, dtype=pl.String))

    def _gains(
        self, part: Part, facts: pl.DataFrame, persons: pl.Series
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return rows of the tables `contributions` and `counters`."""
        own, events, closing = part
        matrix = events_matrix(own, events, EVENT_COLUMNS)
        gains = gains_of(self._book, own, matrix, self._recalled)
        gains = gains.with_columns(place=pl.col("row").cast(pl.Float64))
        states = self._states(closing, persons)
        named = facts.select(*SCHEME, "place", fact="settlement_id")
        every = with_facts(gains, states, named, self._names)
        ids = own.select("settlement_id").with_row_index("row")
        ids = ids.with_columns(pl.col("row").cast(pl.Int64))
        told = (
            self._names.told(chained(every, states))
            .join(ids, on="row", how="left")
            .with_columns(settlement_id=pl.coalesce("settlement_id", "fact"))
        )
        contributions = told.select(
            "settlement_id", "counter", "year", "month", "scope", "before", "gain"
        )
        counters = told.group_by(_COUNTER).agg(
            value=pl.col("closing").first(), version=pl.len().cast(pl.Int64)
        )
        return contributions, counters.sort(_COUNTER)

    def _states(self, closing: pl.DataFrame, persons: pl.Series) -> pl.DataFrame:
        """Return what the counters of persons held before the night, and what after it."""
        opening = self._opening.filter(pl.col("person_id").is_in(persons.implode()))
        before, after = (
            self._names.numbered(frame).select(*_STATE, "value") for frame in (opening, closing)
        )
        return (
            after.rename({"value": "closing"})
            .join(before.rename({"value": "opening"}), on=_STATE, how="full", coalesce=True)
            .filter(pl.col("number").is_not_null())
            .with_columns(pl.col("opening", "closing").fill_null(0))
        )


def _balances(inputs: EntryInputs, book: CompiledBook) -> pl.DataFrame:
    """Return the register's balances that enter tonight."""
    tonight = pl.scan_parquet(inputs.claims).select("person_id")
    persons = pl.scan_parquet(inputs.persons).join(tonight, on="person_id", how="semi")
    return register_credits(persons, pl.scan_parquet(inputs.counters), book)


def _numbers(inputs: EntryInputs) -> pl.DataFrame:
    """Return the numbers of settlements that do not have their message's id for themselves."""
    sent = pl.read_parquet(inputs.sent).select("institution_id", "message_id", "next_number")
    key = ["institution_id", "message_id"]
    said = pl.scan_parquet(inputs.settled).select("settlement_id", *key)
    shared = said.filter(pl.struct(key).is_duplicated()).collect()
    after = said.join(sent.lazy(), on=key, how="semi").collect()
    return (
        pl.concat([shared, after])
        .unique()
        .sort(*key, "settlement_id")
        .join(sent, on=key, how="left", maintain_order="left")
        .select(
            "settlement_id",
            number=pl.col("next_number").fill_null(0) + pl.int_range(0, pl.len()).over(key),
        )
    )
