"""The registers that a bureau may bring beside persons, read and checked."""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from engine.claims.columns import FAMILY_MAX, Filing
from engine.codes.enums import VisitKind
from engine.money import fen_from_text
from engine.periods import day_number_expr
from engine.settlement.entitlement import EndKind
from engine.storage import register_tables as tables
from engine.storage.entitled_tables import EVERY_VISIT
from engine.storage.tables import PERSONS, Table
from pipelines.staged.staging import write_staged
from pipelines.steps.reference.files import (
    all_sound,
    decoded,
    is_brought,
    no_overlap,
    parsed,
    period,
    read_reference_file,
)

_FILED = {
    filing.name.lower(): int(filing)
    for filing in (Filing.LONG_TERM, Filing.TRANSFER, Filing.EMERGENCY, Filing.TEMPORARY)
}
_CARE = {"*": EVERY_VISIT, **{kind.name.lower(): int(kind) for kind in VisitKind}}
_STANDING = {"in_force": 0, "suspended": 1}
_COUNT = r"^[0-9]{1,4}$"
_PLACE = r"^([0-9]{6}|\*)$"
_OWN_ACCOUNT = 0


def read_registers(folder: Path, work: Path, persons: pl.DataFrame) -> None:
    """Write into `work`, as read, each register that a folder holds; none of the others.

    Args:
        persons: the rows of `persons`, their insurance, periods and terms read.

    Raises:
        ClaimError: `bad_reference`; a file, a column or a value cannot be used.
    """
    readers: list[tuple[Table, Table, Callable[[pl.DataFrame], pl.DataFrame]]] = [
        (tables.REGISTRATIONS, tables.REGISTRATIONS_READ, _registrations),
        (tables.FILINGS, tables.FILINGS_READ, _filings),
        (tables.ENDS, tables.ENDS_READ, _ends),
        (tables.AGREEMENTS, tables.AGREEMENTS_READ, _agreements),
        (tables.CLOSED_YEARS, tables.CLOSED_YEARS_READ, _closed_years),
    ]
    for source, target, read in readers:
        if is_brought(folder, source):
            rows = read(read_reference_file(folder, source))
            write_staged(_sorted(rows, target), target, work / f"{target.name}.parquet")
    entries = _account_entries(folder)
    if entries is not None:
        target = tables.ACCOUNT_ENTRIES_READ
        write_staged(_sorted(entries, target), target, work / f"{target.name}.parquet")
    target = tables.COVER_TERMS_READ
    terms = persons.filter(
        pl.any_horizontal(pl.col("tier", "enrolled_from", "contribution_years").is_not_null())
    ).rename({"cover_from": "valid_from", "cover_to": "valid_to"})
    write_staged(_sorted(terms, target), target, work / f"{target.name}.parquet")


def terms_of_covers(frame: pl.DataFrame) -> list[pl.Expr | pl.Series]:
    """Return what `persons` tells of each cover beside its class, as COVER_TERMS_READ has it."""
    years = pl.col("contribution_years")
    counted = pl.when(years.str.contains(_COUNT)).then(years).cast(pl.Int32, strict=False)
    return [
        parsed(PERSONS, frame, "contribution_years", counted),
        day_number_expr(pl.col("enrolled_from")).cast(pl.Int32),
    ]


def _sorted(rows: pl.DataFrame, table: Table) -> pl.DataFrame:
    return rows.select(table.names).sort(table.names, nulls_last=False)


def _registrations(frame: pl.DataFrame) -> pl.DataFrame:
    source = tables.REGISTRATIONS
    read = frame.with_columns(_insurance(source, frame, "valid_from"), *period(*_PERIOD))
    no_overlap(source, read, [name for name in source.key if name != "valid_from"], _PERIOD)
    return read


_PERIOD = ("valid_from", "valid_to")


def _filings(frame: pl.DataFrame) -> pl.DataFrame:
    source = tables.FILINGS
    all_sound(source, "filing", frame["filing"].is_in(list(_FILED)))
    all_sound(source, "care_region", frame["care_region"].str.contains(_PLACE))
    read = frame.with_columns(
        _insurance(source, frame, "valid_from"),
        pl.col("filing").replace_strict(_FILED, return_dtype=pl.Int8),
        *period(*_PERIOD),
    )
    no_overlap(source, read, [name for name in source.key if name != "valid_from"], _PERIOD)
    return read


def _ends(frame: pl.DataFrame) -> pl.DataFrame:
    source = tables.ENDS
    all_sound(source, "end", frame["end"].is_in([kind.value for kind in EndKind]))
    all_sound(source, "known_on", frame["known_on"] >= frame["ended_on"])
    days = [day_number_expr(pl.col(name)).cast(pl.Int32) for name in ("ended_on", "known_on")]
    return frame.with_columns(days).unique()


def _agreements(frame: pl.DataFrame) -> pl.DataFrame:
    source = tables.AGREEMENTS
    all_sound(source, "care", frame["care"].is_in(list(_CARE)))
    all_sound(source, "standing", frame["standing"].is_in(list(_STANDING)))
    read = frame.with_columns(
        pl.col("care").replace_strict(_CARE, return_dtype=pl.Int8).alias("visit_kind"),
        pl.col("standing").replace_strict(_STANDING, return_dtype=pl.Int8).alias("suspended"),
        *period(*_PERIOD),
    )
    no_overlap(source, read, ["institution_id", "care", "standing"], _PERIOD)
    return read


def _closed_years(frame: pl.DataFrame) -> pl.DataFrame:
    source = tables.CLOSED_YEARS
    year = pl.when(pl.col("year").str.contains(r"^[0-9]{4}$")).then(pl.col("year"))
    years = parsed(source, frame, "year", year.cast(pl.Int32, strict=False))
    closed = day_number_expr(pl.col("closed_on")).cast(pl.Int32)
    read = frame.with_columns(_insurance(source, frame, "closed_on"), years, closed)
    all_sound(source, "year", read.select(pl.struct(source.key).is_first_distinct()).to_series())
    return read


def _account_entries(folder: Path) -> pl.DataFrame | None:
    """Return what enters and leaves each account by day, None where no register tells of it."""
    found = []
    if is_brought(folder, tables.ACCOUNT_CREDITS):
        credits_ = read_reference_file(folder, tables.ACCOUNT_CREDITS)
        found.append(_credits(credits_))
    if is_brought(folder, tables.FAMILY_LINKS):
        found += _links(read_reference_file(folder, tables.FAMILY_LINKS))
    if not found:
        return None
    key = tables.ACCOUNT_ENTRIES_READ.key
    return pl.concat(found).group_by(key).agg(pl.col("amount_fen").sum())


def _credits(frame: pl.DataFrame) -> pl.DataFrame:
    source = tables.ACCOUNT_CREDITS
    all_sound(source, "credit_id", frame["credit_id"].is_first_distinct())
    return frame.select(
        *_WHOSE,
        _insurance(source, frame, "credited_on"),
        pl.lit(_OWN_ACCOUNT, dtype=pl.Int8).alias("account"),
        day_number_expr(pl.col("credited_on")).cast(pl.Int32).alias("day"),
        parsed(source, frame, "amount", fen_from_text(pl.col("amount"))).alias("amount_fen"),
    )


_WHOSE = ("person_id", "region")


def _links(frame: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the entries of links: into the linked account, and out of the owner's own."""
    source = tables.FAMILY_LINKS
    all_sound(source, "link_id", frame["link_id"].is_first_distinct())
    accounts = [str(number + 1) for number in range(FAMILY_MAX)]
    all_sound(source, "account", frame["account"].is_in(accounts))
    slot = ["person_id", "region", "insurance", "account"]
    owners = frame.select(pl.struct("owner_id", "owner_region").n_unique().over(slot) == 1)
    all_sound(source, "owner_id", owners.to_series())
    day = day_number_expr(pl.col("linked_on")).cast(pl.Int32).alias("day")
    amount = parsed(source, frame, "amount", fen_from_text(pl.col("amount"))).alias("amount_fen")
    insurance = _insurance(source, frame, "linked_on")
    owner = frame.with_columns(region="owner_region")
    own = decoded(source, owner, "owner_insurance", "insurance", pl.col("linked_on"))
    return [
        frame.select(*_WHOSE, insurance, pl.col("account").cast(pl.Int8), day, amount),
        frame.select(
            pl.col("owner_id").alias("person_id"),
            pl.col("owner_region").alias("region"),
            own.alias("insurance"),
            pl.lit(_OWN_ACCOUNT, dtype=pl.Int8).alias("account"),
            day,
            -amount,
        ),
    ]


def _insurance(table: Table, frame: pl.DataFrame, on: str) -> pl.Series:
    return decoded(table, frame, "insurance", "insurance", pl.col(on))
