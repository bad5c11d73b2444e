"""Claims made from other claims: overlapping stays, settlements billed twice, refunds."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.errors import ensure
from pipelines.synthetic.figures import STAY
from pipelines.synthetic.institutions import Institutions
from pipelines.synthetic.plan import CityPlan
from pipelines.synthetic.truth import BAD_ROWS, Plant
from pipelines.synthetic.visits import DAY_SECONDS

Ints = NDArray[np.int64]

LONG_STAY_DAYS = 3
DUPLICATE_DELAY_S = (120, 7200)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many claims of a chunk are what; all but `bad_each` and `sex_items` are added rows."""

    base: int
    overlaps: int
    duplicates: int
    sex_items: int
    refunds: int
    refused_refunds: int
    bad_each: int

    @classmethod
    def of(cls, plan: CityPlan, claims: int) -> "Counts":
        """Return the counts that make a chunk of so many claims."""
        overlaps = _part(claims, plan.finding_share * 0.2)
        duplicates = _part(claims, plan.finding_share * 0.5)
        refunds = _part(claims, plan.refund_share)
        bad_each = _part(claims, plan.bad_share / len(BAD_ROWS))
        return cls(
            base=claims - overlaps - duplicates - refunds - bad_each,
            overlaps=overlaps,
            duplicates=duplicates,
            sex_items=_part(claims, plan.finding_share * 0.3),
            refunds=refunds,
            refused_refunds=_part(refunds, plan.refused_refund_share),
            bad_each=bad_each,
        )


class Draw:
    """Draws claims that no plant has used yet, so that no two plants meet in a claim."""

    def __init__(self, rng: np.random.Generator, rows: int) -> None:
        self.rng = rng
        self.free = np.ones(rows, dtype=bool)

    def take(self, candidates: Ints, count: int) -> Ints:
        """Return `count` of the candidate rows that are still free, and use them up."""
        free = candidates[self.free[candidates]]
        ensure(len(free) >= count, "too few claims to plant in", free=len(free), count=count)
        rows = np.sort(self.rng.choice(free, count, replace=False))
        self.use(rows)
        return rows

    def use(self, rows: Ints) -> None:
        """Keep the rows from being drawn."""
        self.free[rows] = False


def as_claims(visits: pl.DataFrame) -> pl.DataFrame:
    """Return visits as claims of their own.

    Columns added: `row` the key of the claim, `source` the claim that has its lines, `pair` the
    earlier claim that it was made from, `plant`, `sign` of its amounts, whether it is a `refund`.
    """
    return visits.with_row_index("row").select(
        pl.col("row").cast(pl.Int64),
        pl.exclude("row"),
        source=pl.col("row").cast(pl.Int64),
        pair=pl.lit(None, dtype=pl.Int64),
        plant=pl.lit(None, dtype=pl.String),
        sign=pl.lit(1, dtype=pl.Int64),
        refund=pl.lit(value=False),
    )


def with_overlaps(
    claims: pl.DataFrame, draw: Draw, places: Institutions, count: int
) -> pl.DataFrame:
    """Return claims with `count` stays added that lie within another stay, at another hospital."""
    long = (pl.col("end_day") - pl.col("begin_day") >= LONG_STAY_DAYS) & (pl.col("visit") == STAY)
    rows = draw.take(_rows(claims, long), count)
    first = claims[rows]
    hospitals = [np.flatnonzero(np.diff(share, prepend=0.0)) for share in places.open_to[STAY]]
    others = [_other(draw.rng, hospitals[places.region[own]], own) for own in first["institution"]]
    added = first.with_columns(
        pl.col("begin_day") + 1,
        pl.col("end_day") - 1,
        pl.col("settled_at") - DAY_SECONDS,
        institution=pl.Series(others, dtype=pl.Int64),
    )
    return _added(claims, added, Plant.OVERLAPPING_STAYS, own_lines=True)


def with_duplicates(claims: pl.DataFrame, draw: Draw, count: int) -> pl.DataFrame:
    """Return claims with `count` of them billed again, later on the same day."""
    rows = draw.take(_rows(claims, pl.col("plant").is_null()), count)
    delay = draw.rng.integers(*DUPLICATE_DELAY_S, count)
    added = claims[rows].with_columns(pl.col("settled_at") + pl.Series(delay))
    return _added(claims, added, Plant.DUPLICATE_SETTLEMENT)


def with_refunds(claims: pl.DataFrame, draw: Draw, plan: CityPlan, counts: Counts) -> pl.DataFrame:
    """Return claims with refunds added: exact negatives that name their original.

    A refund comes before the person's next settlement, so that its original is the last that
    stands; a refused one comes after one more settlement of the same year.
    """
    time = _timeline(claims, plan)
    pairs = time.filter(
        (pl.col("rank") % 2 == 0)  # every other claim begins a pair, so that pairs are disjoint
        & (pl.col("next_year") == pl.col("year"))
        & (pl.col("next_until") - pl.col("until") > 1)
        & pl.col("row").is_in(np.flatnonzero(draw.free))
        & pl.col("next_row").is_in(np.flatnonzero(draw.free))
    )
    chosen = draw.take(pairs["row"].to_numpy(), counts.refused_refunds)
    refused = time.filter(pl.col("row").is_in(chosen)).sort("row")
    draw.use(refused["next_row"].to_numpy())
    open_rows = time.filter(
        (pl.col("until") - pl.col("settled_at") > 1) & (pl.col("row") < counts.base)
    )
    chosen = draw.take(open_rows["row"].to_numpy(), counts.refunds - counts.refused_refunds)
    lasting = time.filter(pl.col("row").is_in(chosen)).sort("row")
    windows = (
        (refused["row"], refused["until"], refused["next_until"], Plant.REFUND_NOT_LAST),
        (lasting["row"], lasting["settled_at"], lasting["until"], None),
    )
    for rows, begin, until, plant in windows:
        wait = (draw.rng.random(len(rows)) * (until - begin - 1).to_numpy()).astype(np.int64)
        added = claims[rows.to_numpy()].with_columns(
            settled_at=begin + 1 + pl.Series(wait),
            sign=pl.lit(-1, dtype=pl.Int64),
            refund=pl.lit(value=True),
        )
        claims = _added(claims, added, plant)
    return claims


def _timeline(claims: pl.DataFrame, plan: CityPlan) -> pl.DataFrame:
    """Each claim with its place among its person's, and what the person's next claim is."""
    night_end = (plan.night_day + 1) * DAY_SECONDS
    year = pl.col("end_day").cast(pl.Int32).cast(pl.Date).dt.year()
    following = pl.col("row").shift(-1).over("person").alias("next_row")
    until = pl.col("settled_at").shift(-1).over("person").fill_null(night_end).alias("until")
    return (
        claims.sort("person", "settled_at", "row")
        .select(
            "row", "person", "settled_at", following, until, year.alias("year"),
            rank=pl.int_range(pl.len()).over("person"),
        )
        .with_columns(
            next_year=pl.col("year").shift(-1).over("person"),
            next_until=pl.col("until").shift(-1).over("person"),
        )
    )  # fmt: skip


def _added(
    claims: pl.DataFrame, added: pl.DataFrame, plant: Plant | None, *, own_lines: bool = False
) -> pl.DataFrame:
    row = pl.int_range(len(claims), len(claims) + pl.len(), dtype=pl.Int64)
    return pl.concat(
        [
            claims,
            added.with_columns(
                row=row,
                pair=pl.col("row"),
                source=row if own_lines else pl.col("source"),
                plant=pl.lit(plant and str(plant), dtype=pl.String),
            ),
        ]
    )


def _other(rng: np.random.Generator, institutions: Ints, own: int) -> int:
    return int(rng.choice(institutions[institutions != own]))


def _rows(claims: pl.DataFrame, condition: pl.Expr) -> Ints:
    return claims.filter(condition)["row"].to_numpy()


def _part(count: int, share: float) -> int:
    return max(round(count * share), 1) if count > 0 and share > 0 else 0
