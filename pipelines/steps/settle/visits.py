"""Which settled claims bill a visit that a refund should have freed and did not."""

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from engine.claims.columns import Ints
from pipelines.steps.settle.claims import frame_of

VISIT = ["institution_id", "visit_id", "segment"]
_ORDER = ["settled_at", "message_id", "settlement_id"]
_TOLD = ["claim", "refund", "original_settlement_id", "person_id", *_ORDER, *VISIT]
_BEFORE_TONIGHT = -1


def billed_again(claims: pa.Table, settled: NDArray[np.bool_], earlier: pl.LazyFrame) -> Ints:
    """Return the positions of settled claims whose visit is billed by a live settlement already.

    A claim may bill a visit anew once a refund has undone its first settlement. Whether the refund
    holds is known only when the person's claims are settled in turn; where it falls, the first
    settlement lives on, and the second may not stand beside it.

    One settlement that falls may let a later refund hold. So of claims that hang together by a
    person only the first is returned: without it, the rest is to be settled and asked about again.

    Args:
        claims: CLAIMS_CHECKED.
        settled: whether each was settled.
        earlier: KNOWN.
    """
    fell = (
        frame_of(claims, ("refund", "original_settlement_id"))
        .with_columns(settled=pl.Series(settled))
        .filter("refund", ~pl.col("settled"))
        .select(settlement_id="original_settlement_id")
        .unique()
    )
    if fell.is_empty():
        return np.zeros(0, dtype=np.int64)
    told = frame_of(claims, _TOLD).with_columns(
        rank=pl.struct(_ORDER).rank("ordinal").cast(pl.Int64), settled=pl.Series(settled)
    )
    standing = _standing(told, fell, earlier)
    bills = told.filter(~pl.col("refund"), "settled").select("claim", "person_id", "rank", *VISIT)
    again = (
        bills.join(standing, on=VISIT, suffix="_first")
        .filter(pl.col("rank") > pl.col("rank_first"), pl.col("rank") < pl.col("freed"))
        .sort("rank", "rank_first")
    )
    return _firsts(again)


def _standing(told: pl.DataFrame, fell: pl.DataFrame, earlier: pl.LazyFrame) -> pl.DataFrame:
    """Return the live settlements whose refunds fell, each with its rank and that of its end."""
    columns = ["settlement_id", "person_id", "rank", *VISIT]
    tonight = told.filter(~pl.col("refund"), "settled").join(fell, on="settlement_id", how="semi")
    before = (
        earlier.filter("live")
        .join(fell.lazy(), on="settlement_id", how="semi")
        .with_columns(rank=pl.lit(_BEFORE_TONIGHT, dtype=pl.Int64))
        .select(columns)
        .collect()
    )
    freed = told.filter("refund", "settled").select(
        settlement_id="original_settlement_id", freed="rank"
    )
    return (
        pl.concat([tonight.select(columns), before])
        .join(freed, on="settlement_id", how="left")
        .with_columns(pl.col("freed").fill_null(len(told) + 1))
    )


def _firsts(again: pl.DataFrame) -> Ints:
    taken: list[int] = []
    touched: set[str] = set()
    for claim, *persons in again.select("claim", "person_id", "person_id_first").iter_rows():
        if touched.isdisjoint(persons):
            taken.append(claim)
        touched.update(persons)
    return np.array(taken, dtype=np.int64)
