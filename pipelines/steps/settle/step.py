"""The settle step: from checked files and earlier nights to settlements, state and differences."""

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from engine.claims.codes import Code, Kind, reasons
from engine.claims.columns import Status
from engine.policy.compiler import CompiledBook
from pipelines.staged.staging import write_staged
from pipelines.steps.settle.ahead import fold_compiled_beside
from pipelines.steps.settle.history import Past
from pipelines.steps.settle.output import settle_and_write
from pipelines.steps.settle.prepare import SettleInputs, prepare
from pipelines.steps.settle.tables import (
    BILLED_AGAIN,
    CODES,
    FALLEN,
    ORIGINAL_PENDING,
    SettledNight,
)
from pipelines.steps.settle.visits import billed_again


def settle_night(
    inputs: SettleInputs, past: Past, book: CompiledBook, work: Path, buckets: int | None = None
) -> SettledNight:
    """Settle every checked claim in each person's order, from the state of earlier nights.

    A claim settled online is settled anew only to be compared: where an amount differs there is
    a difference row, and never a second settlement.

    Args:
        inputs: the files to read.
        past: earlier nights.
        book: the policies.
        work: an empty folder.
        buckets: into how many parts the persons are put, which changes the order of rows alone.

    Raises:
        InvariantError: an identity does not hold on some row.

    Source: 经办条例 art. 20, 22
    """
    files = SettledNight.into(work)
    with fold_compiled_beside(pq.read_metadata(inputs.claims).num_rows):
        night = prepare(inputs, past, book, buckets)
        while True:
            status = settle_and_write(night, inputs.claims, files)
            again = billed_again(night.table, status == Status.SETTLED, past.known)
            if not len(again):
                break
            night.status[again] = BILLED_AGAIN
    write_staged(_fallen(_with_originals(status, night.original)), FALLEN, files.fallen)
    return files


def _with_originals(status: NDArray[np.int8], original: NDArray[np.int32]) -> NDArray[np.int8]:
    """Return the status of each claim; a refund goes the way of its original of tonight."""
    undoes = (status == Status.REVERSAL_UNKNOWN) & (original >= 0)
    waits = np.isin(status[np.maximum(original, 0)], _waiting())
    return np.where(undoes & waits, ORIGINAL_PENDING, status).astype(np.int8)


def _fallen(status: NDArray[np.int8]) -> pl.DataFrame:
    """Return the claims that were not settled."""
    fell = np.flatnonzero(status)
    code = pl.Series(status[fell]).replace_strict(CODES, return_dtype=pl.String)
    pending = np.isin(status[fell], [ORIGINAL_PENDING, *_waiting()])
    columns = {"claim": fell.astype(np.int32), "code": code, "pending": pending}
    return pl.DataFrame(columns, schema=FALLEN.schema)


def _waiting() -> list[int]:
    """Return the statuses that make a claim wait rather than be rejected."""
    told = reasons()
    fell = (status for status in Status if status != Status.SETTLED)
    return [int(one) for one in fell if told[Code(one.name.lower())].kind == Kind.PENDING]
