"""Meetings: two claims of different persons that share a thing which few share."""

from typing import Literal, get_args

import polars as pl

RingKind = Literal["stays", "desk", "codes"]
RING_KINDS: tuple[RingKind, ...] = get_args(RingKind)
"""Stays that begin and end together; cards at one terminal within minutes; packs sold again."""

CLAIM_COLUMNS = (
    "claim", "person", "institution", "physician", "terminal", "begin_day", "end_day",
    "settled_at", "disease_code", "total_fen", "fund_fen", "stay",
)  # fmt: skip
"""What is read of a claim that stands. Ids are dense numbers; terminal and disease may be null."""

NEAR_SECONDS = 600
NEXT_CLAIMS = 16
"""A claim is compared with so many that follow it at its terminal: a busy desk is no meeting."""

TOGETHER_MAX = 60
"""More persons than this admitted and discharged together share a calendar, not a plan."""

BEGIN_APART, END_APART = 1, 2
"""Days by which stays may differ and still be together."""

HOLDERS_MAX = 30
"""A code with more holders than this is no smallest pack's."""

BOX_SPLIT_DAYS = 45
"""A pack opened at one counter is sold up within this time, to more persons than one."""

MEETINGS_MIN: dict[RingKind, int] = {"stays": 2, "desk": 3, "codes": 1}
"""Days on which a pair must have met to be linked; fewer is chance or a shared outing."""

_DAY_SECONDS = 86_400
_SIDES = ["begin_day", "claim", "person", "claim_other", "person_other"]
_SCHEMA = {
    "left": pl.Int64, "right": pl.Int64, "left_claim": pl.Int64, "right_claim": pl.Int64,
    "day": pl.Int64,
}  # fmt: skip


def meetings(kind: RingKind, claims: pl.DataFrame, codes: pl.DataFrame) -> pl.DataFrame:
    """Return the meetings of pairs that met on MEETINGS_MIN days or more.

    Columns: `left`, `right` the persons, the lesser first; `left_claim`, `right_claim`; `day`.

    Args:
        claims: CLAIM_COLUMNS of settlements that stand.
        codes: `claim` and `code` for each smallest pack that a claim settled.
    """
    if kind == "stays":
        found = _together(claims)
    elif kind == "desk":
        found = _at_one_desk(claims)
    else:
        found = _sold_again(claims, codes)
    pairs = found.group_by("left", "right").agg(days=pl.col("day").n_unique())
    often = pairs.filter(pl.col("days") >= MEETINGS_MIN[kind])
    return found.join(often.select("left", "right"), on=["left", "right"], how="semi")


def _together(claims: pl.DataFrame) -> pl.DataFrame:
    """Stays of the same days; give or take a day or two where few are admitted on a day."""
    rows = claims.filter("stay").select("institution", "begin_day", "end_day", "claim", "person")
    same = ["institution", "begin_day", "end_day"]
    exact = rows.filter(pl.len().over(same).is_between(2, TOGETHER_MAX))
    pairs = [exact.join(exact, on=same, suffix="_other").select(_SIDES)]
    few = rows.filter(pl.len().over("institution", "begin_day") <= TOGETHER_MAX)
    for later in range(BEGIN_APART + 1):
        moved = few.with_columns(pl.col("begin_day") - later)
        near = few.join(moved, on=["institution", "begin_day"], suffix="_other")
        ends = (pl.col("end_day") - pl.col("end_day_other")).abs()
        pairs.append(near.filter(ends <= END_APART).select(_SIDES))
    return _ordered(pl.concat(pairs).with_columns(day=pl.col("begin_day")))


def _at_one_desk(claims: pl.DataFrame) -> pl.DataFrame:
    """Pairs within NEAR_SECONDS; each claim looks at NEXT_CLAIMS that follow, so cost is linear."""
    desk = claims.filter(~pl.col("stay") & pl.col("terminal").is_not_null())
    rows = desk.sort("terminal", "settled_at", "claim").select(
        "terminal", "settled_at", "claim", "person"
    )
    parts = [pl.DataFrame(schema=_SCHEMA)]
    for step in range(1, NEXT_CLAIMS + 1):
        later = pl.all().shift(-step).name.suffix("_other")
        near = rows.select(pl.all(), later).filter(
            (pl.col("terminal") == pl.col("terminal_other"))
            & (pl.col("settled_at_other") - pl.col("settled_at") <= NEAR_SECONDS)
        )
        if near.is_empty():
            break
        parts.append(_ordered(near.with_columns(day=pl.col("settled_at") // _DAY_SECONDS)))
    return pl.concat(parts)


def _sold_again(claims: pl.DataFrame, codes: pl.DataFrame) -> pl.DataFrame:
    """One pack at two counters, or at one counter later than a split box explains."""
    told = claims.select("claim", "person", "institution", "settled_at")
    sales = codes.unique().join(told, on="claim")
    few = sales.filter(pl.col("person").n_unique().over("code").is_between(2, HOLDERS_MAX))
    joined = few.join(few, on="code", suffix="_other")
    gap = (pl.col("settled_at_other") - pl.col("settled_at")).abs()
    unexplained = (pl.col("institution") != pl.col("institution_other")) | (
        gap > BOX_SPLIT_DAYS * _DAY_SECONDS
    )
    latest = pl.max_horizontal("settled_at", "settled_at_other") // _DAY_SECONDS
    return _ordered(joined.filter(unexplained).with_columns(day=latest))


def _ordered(joined: pl.DataFrame) -> pl.DataFrame:
    """Each pair once, the lesser person first; a person does not meet themselves."""
    swap = pl.col("person") > pl.col("person_other")
    first, second = pl.col("claim"), pl.col("claim_other")
    return (
        joined.filter(pl.col("person") != pl.col("person_other"))
        .select(
            left=pl.min_horizontal("person", "person_other"),
            right=pl.max_horizontal("person", "person_other"),
            left_claim=pl.when(swap).then(second).otherwise(first),
            right_claim=pl.when(swap).then(first).otherwise(second),
            day=pl.col("day"),
        )
        .cast(pl.Int64)
        .unique()
    )
