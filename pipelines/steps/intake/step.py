"""Intake: the files of a delivery become claims and lines that the night can reckon with."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.claims.codes import Code
from engine.errors import ClaimError
from engine.storage.tables import CLAIMS_TAKEN, ITEMS
from pipelines.files import tabular
from pipelines.staged.staging import write_staged
from pipelines.staged.tally import FileReport, Subject
from pipelines.steps.intake import claims as claim_records
from pipelines.steps.intake import lines as line_records
from pipelines.steps.intake.faults import FAULTS
from pipelines.steps.intake.files import (
    Delivered,
    admit,
    read_mapping,
    refused,
    was_read,
)
from pipelines.steps.intake.gathering import gather_lines
from pipelines.steps.intake.layout import Layout, lay_out
from pipelines.steps.intake.rejects import repeated_claims, write_rejects
from pipelines.steps.intake.spill import Spill, SpillWriter


@dataclass(frozen=True, slots=True)
class Intake:
    """What intake leaves.

    Attributes:
        claims: file of CLAIMS_TAKEN.
        claim_lines: file of CLAIM_LINES.
        lines: file of LINES.
        rejects: file of REJECTS.
        files: every file that was sent or promised, by name.
    """

    claims: Path
    claim_lines: Path
    lines: Path
    rejects: Path
    files: tuple[FileReport, ...]


class _FromFile(Protocol):
    @property
    def records(self) -> int: ...


_Read = TypeVar("_Read", bound=_FromFile)


@dataclass(frozen=True, slots=True)
class _FileClaims:
    records: int
    layout: Layout
    taken: pl.DataFrame
    fallen_ids: pl.Series
    faults: pl.DataFrame


@dataclass(frozen=True, slots=True)
class _FileLines:
    records: int
    layout: Layout
    spill: Spill
    fallen: pl.Series
    faults: pl.DataFrame


@dataclass(frozen=True, slots=True)
class _AllClaims:
    """The claims of all files: `repeated` are those whose identifier was taken."""

    kept: pl.DataFrame
    repeated: pl.DataFrame
    fallen_ids: pl.Series


def take_in(
    delivery: Path, work: Path, items: Path, seen_hashes: Collection[str] = frozenset()
) -> Intake:
    """Read a delivery and write what is sound of it into an empty folder.

    Lines come out as integers, clustered by claim in claim order. Every record that is not sound
    is in the rejects, every file in the reports; nothing is dropped without a code.

    Args:
        delivery: folder of `claims*` and `lines*` files, with or without `manifest.json` and
            `mapping.json`.
        work: where to write; it exists.
        items: file of ITEMS.
        seen_hashes: SHA-256 of the files that earlier nights have read.

    Raises:
        ClaimError: `nothing_to_read` or `bad_manifest`; nothing of the delivery can be used.
    """
    mapping = read_mapping(delivery)
    admitted, reports = admit(delivery, seen_hashes)
    claim_files = _read_each(admitted, "claims", reports, lambda file: _claims_of(file, mapping))
    claims = _merge(list(claim_files.values()))
    known = _known(claims)
    catalogue = pl.read_parquet(items, columns=ITEMS.names)
    line_files = _read_each(
        admitted, "lines", reports, lambda file: _lines_of(file, mapping, known, catalogue, work)
    )
    repeated_lines = _gather(claims, list(line_files.values()), work)
    read: dict[int, _FileClaims | _FileLines] = {**claim_files, **line_files}
    faults = [*(part.faults for part in read.values()), repeated_claims(claims.repeated)]
    return Intake(
        claims=write_staged(claims.kept, CLAIMS_TAKEN, work / "claims.parquet"),
        claim_lines=work / "claim_lines.parquet",
        lines=work / "lines.parquet",
        rejects=write_rejects(
            [*faults, repeated_lines],
            {index: part.layout for index, part in read.items()},
            {file.index: file.path.name for file in admitted},
            work / "rejects.parquet",
        ),
        files=tuple(sorted(reports, key=lambda report: report.name)),
    )


def _read_each(
    files: list[Delivered],
    subject: Subject,
    reports: list[FileReport],
    read: Callable[[Delivered], _Read],
) -> dict[int, _Read]:
    """Return what was read by position of the file, and report each file, refused or not."""
    parts: dict[int, _Read] = {}
    for file in files:
        if file.subject != subject:
            continue
        try:
            part = read(file)
        except ClaimError as error:
            reports.append(refused(file, error))
            continue
        parts[file.index] = part
        reports.append(was_read(file, part.records))
    return parts


def _claims_of(file: Delivered, mapping: dict[str, str]) -> _FileClaims:
    table = tabular.open_table(file.path)
    layout = lay_out(table, "claims", claim_records.WANTED, mapping)
    taken: list[pl.DataFrame] = []
    fallen_ids = [pl.Series(dtype=pl.String)]
    faults = [pl.DataFrame(schema=FAULTS)]
    records = 0
    for batch in tabular.read_batches(table, list(layout.columns.values())):
        claims = claim_records.read_claims(batch, layout, records + 1)
        taken.append(claims.taken)
        fallen_ids.append(claims.fallen_ids)
        faults.append(claims.faults)
        records += len(batch)
    _check_rows(file, records)
    return _FileClaims(
        records,
        layout,
        _of_file(pl.concat([pl.DataFrame(schema=claim_records.TAKEN), *taken]), file),
        pl.concat(fallen_ids),
        _of_file(pl.concat(faults), file),
    )


def _merge(files: list[_FileClaims]) -> _AllClaims:
    empty = pl.DataFrame(schema={**claim_records.TAKEN, "file": pl.Int32})
    kept, repeated = claim_records.drop_repeated(
        pl.concat([empty, *(file.taken for file in files)])
    )
    numbered = kept.with_row_index("claim").with_columns(pl.col("claim").cast(pl.Int32))
    fallen_ids = pl.concat(
        [pl.Series(dtype=pl.String), *(file.fallen_ids for file in files)]
    ).rename("settlement_id")
    return _AllClaims(numbered, repeated, fallen_ids.drop_nulls())


def _known(claims: _AllClaims) -> line_records.Claims:
    kept = claims.kept.select("settlement_id", "claim")
    fallen = claims.fallen_ids.unique().to_frame().join(kept, on="settlement_id", how="anti")
    position = pl.lit(line_records.FALLEN, dtype=pl.Int32)
    return line_records.Claims(
        by_id=pl.concat([kept, fallen.with_columns(claim=position)]),
        refund=claims.kept["refund"],
    )


def _lines_of(
    file: Delivered,
    mapping: dict[str, str],
    known: line_records.Claims,
    items: pl.DataFrame,
    work: Path,
) -> _FileLines:
    table = tabular.open_table(file.path)
    layout = lay_out(table, "lines", line_records.WANTED, mapping)
    fallen = [pl.Series(dtype=pl.Int32)]
    faults = [pl.DataFrame(schema=FAULTS)]
    records = 0
    with SpillWriter(work / f"spill-{file.index}.arrow", file.index) as spill:
        for batch in tabular.read_batches(table, list(layout.columns.values())):
            lines = line_records.read_lines(batch, layout, records + 1, known, items)
            spill.append(lines.read)
            fallen.append(lines.fallen)
            faults.append(lines.faults)
            records += len(batch)
        _check_rows(file, records)
    return _FileLines(
        records, layout, spill.done, pl.concat(fallen), _of_file(pl.concat(faults), file)
    )


def _gather(claims: _AllClaims, files: list[_FileLines], work: Path) -> pl.DataFrame:
    fallen = np.zeros(len(claims.kept), dtype=np.int64)
    for file in files:
        np.add.at(fallen, file.fallen.to_numpy(), 1)
    spills = [file.spill for file in files]
    repeated = gather_lines(spills, _copies(claims), fallen, work)
    for spill in spills:
        spill.path.unlink()
    return repeated


def _copies(claims: _AllClaims) -> NDArray[np.int64]:
    """Return how often each claim was sent, by position."""
    again = pl.concat([claims.repeated["settlement_id"], claims.fallen_ids])
    counts = again.value_counts(name="again")
    joined = claims.kept.select("settlement_id").join(
        counts, on="settlement_id", how="left", maintain_order="left"
    )
    return joined["again"].fill_null(0).cast(pl.Int64).to_numpy() + 1


def _check_rows(file: Delivered, records: int) -> None:
    if file.rows not in (None, records):
        detail = f"{records} / {file.rows}"
        raise tabular.refusal(Code.MANIFEST_MISMATCH, file.path, detail)


def _of_file(frame: pl.DataFrame, file: Delivered) -> pl.DataFrame:
    return frame.with_columns(file=pl.lit(file.index, dtype=pl.Int32))
