"""The lines of a night's settlement as they were delivered, read from what the night keeps."""

from datetime import date
from typing import Any

import polars as pl

from engine.errors import StorageError
from engine.settlement.billed_lines import BilledLine, lines_hash
from engine.storage.lake import Lake
from pipelines.findings.evidence import open_evidence

ARCHIVED = "no_evidence"


def lines_of_settlement(lake: Lake, night: date, settlement: str) -> str | None:
    """Return the hash of the lines of a settlement; None where the night's lines are archived.

    Raises:
        StorageError: `evidence_changed`, the lines are not those that the night had.
    """
    try:
        kept = open_evidence(lake, night).inputs
    except StorageError as error:
        if error.code == ARCHIVED:
            return None
        raise
    claim = pl.scan_parquet(kept.settled).filter(pl.col("settlement_id") == settlement)
    mine = (
        pl.scan_parquet(kept.lines)
        .join(claim.select("claim"), on="claim", how="semi")
        .join(pl.scan_parquet(kept.items), on="item", how="left")
        .collect()
    )
    return lines_hash(_billed(row) for row in mine.iter_rows(named=True))


def _billed(row: dict[str, Any]) -> BilledLine:
    return BilledLine(
        code=row["item_code"] or "",
        amount_fen=row["amount_fen"],
        quantity_e4=row["quantity_e4"],
        price_e6=row["price_e6"],
        day=row["day"],
        approved=row["approved"] == 1,
    )
