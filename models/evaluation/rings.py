"""How well leads meet planted rings, and how many innocent groups they disturb."""

from dataclasses import dataclass

import polars as pl
from sklearn.metrics import average_precision_score

FIRST_CASES = 50
FLAGGED_PPM = 500_000
HALF = 0.5


@dataclass(frozen=True, slots=True)
class RingFigures:
    """What an evaluation says.

    Attributes:
        rings: planted.
        found: rings of which a lead holds half or more of the members it is about.
        ap: average precision of the leads, a ring that no lead is about counted as missed.
        money_share: of what the funds paid to rings, the part that FIRST_CASES leads are about.
        decoys: innocent groups planted, of two members or more.
        disturbed: innocent groups that a lead of FLAGGED_PPM or more is about.
        disturbed_per_10_000: the same in 10,000 innocent groups.
    """

    rings: int
    found: int
    ap: float
    money_share: float
    decoys: int
    disturbed: int
    disturbed_per_10_000: float


def about(members: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """Return `kind`, `group`, `unit`, `ring` of the planted group that most members belong to.

    A lead most of whose members belong to no planted group has none and is left out.

    Args:
        members: `kind`, `group`, `person`.
        truth: `unit`, `person`, `ring`.
    """
    size = members.group_by("kind", "group").agg(size=pl.len())
    shares = members.join(truth.select("person", "unit", "ring"), on="person")
    counted = shares.group_by("kind", "group", "unit", "ring").agg(inside=pl.len())
    ordered = counted.sort("inside", "unit", descending=[True, False])
    best = ordered.unique(["kind", "group"], keep="first", maintain_order=True)
    most = best.join(size, on=["kind", "group"]).filter(pl.col("inside") >= HALF * pl.col("size"))
    return most.select("kind", "group", "unit", "ring")


def ring_figures(
    leads: pl.DataFrame, members: pl.DataFrame, truth: pl.DataFrame, ring_money: pl.DataFrame
) -> RingFigures:
    """Return the figures of leads, the likeliest first, against what was planted.

    Args:
        leads: as `models.rings.score.ring_leads` gives them.
        members: of the leads.
        truth: `unit`, `kind`, `person`, `ring`.
        ring_money: `unit` and `fund_fen`, what the funds paid to each ring.
    """
    told = leads.join(
        about(members, truth), on=["kind", "group"], how="left", maintain_order="left"
    )
    told = told.with_columns(pl.col("ring").fill_null(value=False))
    on_rings = told.filter("ring")
    rings = truth.filter("ring")["unit"].n_unique()
    again = pl.col("ring") & ~pl.col("unit").is_first_distinct()
    judged = told.filter(~again.fill_null(value=False))
    missed = rings - on_rings["unit"].n_unique()
    label = [*judged["ring"].to_list(), *[True] * missed]
    score = [*judged["probability_ppm"].to_list(), *[-1] * missed]
    innocent = truth.filter(~pl.col("ring"))["unit"].n_unique()
    flagged = told.filter(~pl.col("ring") & (pl.col("probability_ppm") >= FLAGGED_PPM))
    disturbed = flagged["unit"].drop_nulls().n_unique() + flagged["unit"].null_count()
    seen = told.head(FIRST_CASES).filter("ring")["unit"].unique()
    first = int(ring_money.filter(pl.col("unit").is_in(seen.implode()))["fund_fen"].sum())
    return RingFigures(
        rings=rings,
        found=rings - missed,
        ap=float(average_precision_score(label, score)) if any(label) else 0.0,
        money_share=first / max(1, int(ring_money["fund_fen"].sum())),
        decoys=innocent,
        disturbed=disturbed,
        disturbed_per_10_000=10_000 * disturbed / max(1, innocent),
    )
