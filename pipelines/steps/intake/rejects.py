"""Faults as the rejects that are kept: the sender's own names, and no value in clear."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from engine.claims.codes import Code
from engine.storage.tables import REJECTS
from pipelines.staged.rejects import hashed
from pipelines.staged.staging import write_staged
from pipelines.steps.intake.faults import FILE_FAULTS
from pipelines.steps.intake.layout import Layout


def repeated_claims(dropped: pl.DataFrame) -> pl.DataFrame:
    """Return the FILE_FAULTS of claims whose settlement identifier is taken."""
    return dropped.select(
        "row",
        rank=pl.lit(0, dtype=pl.Int32),
        field=pl.lit("settlement_id"),
        code=pl.lit(Code.DUPLICATE_SETTLEMENT_ID.value),
        value="settlement_id",
        file="file",
    ).select(list(FILE_FAULTS))


def write_rejects(
    faults: Sequence[pl.DataFrame],
    layouts: Mapping[int, Layout],
    names: Mapping[int, str],
    path: Path,
) -> Path:
    """Write FILE_FAULTS as a file of REJECTS, by file and record, and return its path.

    Args:
        layouts: the layout of each file that was read, by its position.
        names: its name.
    """
    found = pl.concat([pl.DataFrame(schema=FILE_FAULTS), *faults])
    blamed = found.select("file", "field").unique()
    columns = [layouts[file].column(field) if field else "" for file, field in blamed.iter_rows()]
    blamed = blamed.with_columns(column=pl.Series(columns, dtype=pl.String))
    rejects = found.join(blamed, on=["file", "field"]).sort("file", "row", "rank")
    rejects = rejects.with_columns(
        file=pl.col("file").replace_strict(dict(names), return_dtype=pl.String),
        value_hash=hashed(_without_identity(rejects)),
    )
    return write_staged(rejects, REJECTS, path)


def _without_identity(rejects: pl.DataFrame) -> pl.Series:
    """Return the values, identity numbers blank: they are so few that a hash gives them away."""
    hidden = pl.when(pl.col("field") == "identity_no").then(pl.lit("")).otherwise("value")
    return rejects.select(value=hidden).to_series()
