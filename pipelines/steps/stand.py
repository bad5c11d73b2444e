"""Stand: what the ledger holds of the night's persons, visits and originals, read before it."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import sqlalchemy as sa

from engine.claims.origin import Origin
from engine.storage import standing_tables as tables
from engine.storage.standing import Standing
from engine.storage.tables import KNOWN
from pipelines.staged.staging import write_staged


@dataclass(frozen=True, slots=True)
class Stood:
    """What stand leaves: KNOWN, and the tables of `engine.storage.standing_tables` by name."""

    known: Path
    years: Path
    counters: Path
    posted: Path
    sent: Path
    recalled: Path
    feeds: Path
    declared: Path


def stand(connection: sa.Connection, claims: Path, earlier: pl.LazyFrame, work: Path) -> Stood:
    """Read the ledger for the claims that intake took in.

    Args:
        connection: all is read in its transaction.
        claims: CLAIMS_TAKEN.
        earlier: SETTLEMENTS of published nights, which have brought some online claims already.
        work: an empty folder.
    """
    standing = Standing(connection, _tonight(pl.read_parquet(claims), earlier))
    years = write_staged(standing.years(), tables.STANDING_YEARS, work / "years.parquet")
    recalled = standing.recalled()
    return Stood(
        known=write_staged(standing.known(), KNOWN, work / "known.parquet"),
        years=years,
        counters=write_staged(
            standing.counters(), tables.STANDING_COUNTERS, work / "counters.parquet"
        ),
        posted=write_staged(standing.posted(), tables.POSTED_ONLINE, work / "posted.parquet"),
        sent=write_staged(standing.sent(), tables.SENT_BEFORE, work / "sent.parquet"),
        recalled=write_staged(recalled, tables.RECALLED, work / "recalled.parquet"),
        feeds=write_staged(standing.feeds(recalled), tables.RECALLED_FEEDS, work / "feeds.parquet"),
        declared=write_staged(standing.declared(), tables.DECLARED, work / "declared.parquet"),
    )


def _tonight(claims: pl.DataFrame, earlier: pl.LazyFrame) -> pl.DataFrame:
    said = claims.filter(pl.col("origin") == int(Origin.SETTLED_ONLINE)).lazy()
    brought = earlier.join(said, on="settlement_id", how="semi").select("settlement_id").collect()
    online = (pl.col("origin") == int(Origin.SETTLED_ONLINE)) & ~pl.col("settlement_id").is_in(
        brought.to_series().implode()
    )
    return claims.select(
        "settlement_id",
        "institution_id",
        "visit_id",
        "segment",
        "person_id",
        "message_id",
        "refund",
        original_id="original_settlement_id",
        online=online,
    )
