"""Settlements of a night as rows of the ledger, in whole columns."""

from dataclasses import dataclass

import polars as pl

from engine.claims.columns import EventKind, Ints
from engine.policy.book import cell_text
from engine.policy.compiler import CompiledBook
from engine.settlement.facts import facts_column
from engine.storage import ledger_tables as t
from engine.storage.settled_events import BUCKET_COLUMNS, EVENT_COLUMNS, FAMILY

SCHEME = ["person_id", "region", "scheme"]


@dataclass(frozen=True)
class Ledgered:
    """What is the same for every row of a night.

    Attributes:
        originals: settlement_id, institution_id, visit_id, segment, region, scheme, year of
            settlements before tonight that refunds undo.
        versions: person_id, region, scheme and `held`, the version that the ledger has.
        numbers: settlement_id and number of those that share a message id with others.
    """

    book: CompiledBook
    originals: pl.DataFrame
    versions: pl.DataFrame
    numbers: pl.DataFrame


def placed(settled: pl.DataFrame, events: pl.DataFrame, night: Ledgered) -> pl.DataFrame:
    """Return settlements with the place in the ledger that each has: scheme, year and visit.

    A reversal has the place of what it undoes.
    """
    schemes = pl.DataFrame(
        [(at, *scheme.key) for at, scheme in enumerate(night.book.book.schemes)],
        schema={"at": pl.Int64, "region": pl.String, "scheme": pl.String},
        orient="row",
    )
    own = settled.with_columns(at=events["scheme"], **{FAMILY: events[FAMILY]}).join(
        schemes, on="at", how="left", maintain_order="left"
    )
    place = ["institution_id", "visit_id", "segment", "region", "scheme", "year"]
    tonight = own.filter(~pl.col("refund")).select("settlement_id", *place)
    undone = pl.concat([tonight, night.originals.select(tonight.columns)])
    undone = undone.select(
        original_settlement_id="settlement_id", **{f"of_{name}": name for name in place}
    )
    return (
        own.with_columns(sender_id="institution_id")
        .join(undone, on="original_settlement_id", how="left", maintain_order="left")
        .with_columns(
            pl.when("refund").then(f"of_{name}").otherwise(name).alias(name) for name in place
        )
        .with_columns(place=pl.int_range(0, pl.len()).cast(pl.Float64), elsewhere=_elsewhere())
    )


def numbered(
    own: pl.DataFrame, facts: pl.DataFrame, night: Ledgered
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return settlements and facts with `version` and `held`; facts with their `place` too.

    A fact stands before the first claim of its person that was settled at its time or later.
    """
    after = (
        facts.select("person_id", "seconds", fact="settlement_id")
        .sort("seconds")
        .join_asof(
            own.select("person_id", "place", settled_at="settled_at").sort("settled_at"),
            left_on="seconds",
            right_on="settled_at",
            by="person_id",
            strategy="forward",
            check_sortedness=False,
        )
        .select(settlement_id="fact", place=pl.col("place").fill_null(len(own)) - 0.5)
    )
    facts = facts.join(after, on="settlement_id", how="left", maintain_order="left")
    both = pl.concat([one.select(*SCHEME, "place", "settlement_id") for one in (own, facts)])
    versions = (
        both.sort("place", maintain_order=True)
        .join(night.versions, on=SCHEME, how="left", maintain_order="left")
        .select(
            "settlement_id",
            pl.col("held").fill_null(0),
            version=pl.col("held").fill_null(0) + pl.int_range(1, pl.len() + 1).over(SCHEME),
        )
    )
    first, second = (
        one.join(versions, on="settlement_id", how="left", maintain_order="left")
        for one in (own, facts)
    )
    return first, second


def _elsewhere() -> pl.Expr:
    """Return the region of care where it is another than insures, which is then owed the benefit.

    A region's code ends in zeros where it stands for all below it.
    """
    prefix = pl.col("home_region").str.replace(r"(00)+$", "")
    return pl.when(~pl.col("care_region").str.starts_with(prefix)).then("care_region")


def settlement_rows(own: pl.DataFrame, events: pl.DataFrame, night: Ledgered) -> pl.DataFrame:
    """Return rows of the table `settlements`, less when they are posted.

    Args:
        own: of `placed`.
        events: EVENTS, row by row the same.
        night: what is the same for all.
    """
    book = night.book
    kept = events.select(*EVENT_COLUMNS).with_columns(care_region=own["elsewhere"])
    refund = pl.col("refund")
    return (
        own.with_columns(facts=facts_column(kept, list(BUCKET_COLUMNS), book))
        .join(night.numbers, on="settlement_id", how="left", maintain_order="left")
        .join(_terms(book), on="policy_row", how="left", maintain_order="left")
        .with_columns(
            kind=pl.when(refund).then(int(EventKind.REVERSAL)).otherwise(int(EventKind.CLAIM)),
            number=pl.col("number").fill_null(0),
            reverses=pl.when(refund).then("original_settlement_id"),
            cause=pl.lit(None, pl.String),
            policy_hash=pl.lit(book.book.hash),
            facts=pl.when(~refund).then("facts"),
            **{name: pl.when(~refund).then(name) for name in ("benefit", "begins_day", "cell")},
            trace=pl.Series(_bytes(own["trace"]), dtype=pl.Binary),
        )
        .select(column.name for column in t.SETTLEMENTS.columns if column.name != "posted_at")
    )


def live_rows(own: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return rows of the table `live_settlements`, and the settlements that are live no more."""
    undone = own.filter("refund").select(settlement_id="original_settlement_id")
    claims = own.filter(~pl.col("refund")).select(
        "institution_id", "visit_id", "segment", "settlement_id"
    )
    live = claims.join(undone, on="settlement_id", how="anti")
    return live, undone.join(claims, on="settlement_id", how="anti")


def year_rows(own: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """Return rows of `person_years` as the night leaves them, and `held`, what the ledger has.

    `held` is null for insurance years, whose version only follows that of all years.
    """
    years = own.group_by(*SCHEME, "year").agg(pl.col("version").max())
    years = years.with_columns(held=pl.lit(None, dtype=pl.Int64))
    both = pl.concat([one.select(*SCHEME, "version", "held") for one in (own, facts)])
    lasting = both.group_by(SCHEME).agg(pl.col("version").max(), pl.col("held").first())
    lasting = lasting.with_columns(year=pl.lit(0, dtype=own.schema["year"]))
    return pl.concat([years, lasting.select(years.columns)])


def _terms(book: CompiledBook) -> pl.DataFrame:
    """Return what rows of the book are called where the book is not at hand."""
    rows = [
        (
            number,
            info.entry.benefit,
            info.entry.begins,
            cell_text(info.row.cell),
        )
        for number, info in enumerate(book.infos)
    ]
    schema = {
        "policy_row": pl.Int32,
        "benefit": pl.String,
        "begins_day": pl.Int64,
        "cell": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _bytes(traces: pl.Series) -> list[bytes]:
    """Return each trace as the bytes of its integers, least significant first."""
    flat: Ints = traces.explode().drop_nulls().to_numpy()
    held = memoryview(flat.astype("<i8").tobytes())
    found, at = [], 0
    for length in traces.list.len().to_list():
        found.append(bytes(held[at : at + 8 * length]))
        at += 8 * length
    return found
