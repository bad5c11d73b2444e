"""Which claims bill a segment of a visit that is billed already."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

import polars as pl

from pipelines.steps.check.facts import ORIGINAL

_VISIT = ["institution_id", "visit_id", "segment"]


def repeated_visits(claims: pl.DataFrame, known: pl.DataFrame) -> list[int]:
    """Return the positions of claims whose visit has a live settlement when they are settled.

    A segment of a visit bears one live settlement. Its events are walked in the order of
    settlement: a claim makes it live, a refund of that claim frees it for the next.

    Args:
        claims: columns of gather_facts; those that stand so far. What the ledger has settled
            itself bills and frees nothing more.
        known: KNOWN.
    """
    claims = claims.filter(~pl.col("posted"))
    live = known.filter("live").select(*_VISIT, live="settlement_id").unique(_VISIT)
    billed = claims.filter(~pl.col("refund")).select(*_VISIT, *_ORDER, "claim", undoes=_NOTHING)
    contested = pl.concat(
        [
            billed.filter(pl.struct(_VISIT).is_duplicated()).select(_VISIT),
            billed.join(live, on=_VISIT, how="semi").select(_VISIT),
        ]
    ).unique()
    undone = claims.filter("refund").select(
        *(pl.col(ORIGINAL + name).alias(name) for name in _VISIT),
        *_ORDER,
        "claim",
        undoes="original_settlement_id",
    )
    events = (
        pl.concat([billed, undone])
        .join(contested, on=_VISIT, how="semi")
        .join(live, on=_VISIT, how="left")
        .sort(*_VISIT, *_ORDER)
    )
    return list(_walk(events.select(*_VISIT, "settlement_id", "undoes", "live", "claim")))


_ORDER = ["settled_at", "message_id", "settlement_id"]
_NOTHING = pl.lit(None, dtype=pl.String)


def _walk(events: pl.DataFrame) -> Iterator[int]:
    rows: Iterator[tuple[Any, ...]] = events.iter_rows()
    for _, visit in groupby(rows, key=itemgetter(0, 1, 2)):
        live: str | None = None
        for number, (*_, settlement_id, undoes, live_before, claim) in enumerate(visit):
            if number == 0:
                live = live_before
            if undoes is not None:
                live = None if undoes == live else live
            elif live is None:
                live = settlement_id
            else:
                yield claim
