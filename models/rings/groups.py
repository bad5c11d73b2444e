"""Groups of persons linked by their meetings, and figures of what they did together."""

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from models.features.refused import refuse

GROUP_FEATURES = (
    "members_log",
    "days_per_member",
    "together_share",
    "alike_share",
    "physician_share",
    "near_limit_share",
    "planned_share",
    "institutions",
    "codes_per_member",
)
"""What is counted of a group.

members_log: log2 of the persons; days_per_member: days on which a member met another, a month;
together_share: part of the members' fund money that was settled in meetings; alike_share: part of
the claims in meetings whose charge is within 1 % of another's of that day; physician_share: part of
the claims in meetings with their commonest physician; near_limit_share: part of the claims in
meetings at 90 to 100 % of the dearest that is common; planned_share: part of the claims in meetings
for treatment that goes by a plan; institutions: where they met; codes_per_member: packs settled
again, a member.
"""

PLANNED = ("N18", "Z49", "Z51")
"""Beginnings of the ICD-10 codes of dialysis, chemotherapy and radiotherapy, given in cycles."""

MEMBERS_MIN = 3
"""Two who keep company are a couple, not a ring."""

ALIKE = 0.01
NEAR_LIMIT = 0.9
_MONTH_DAYS = 30.0
_DECIMALS = 6


def linked_groups(met: pl.DataFrame) -> pl.DataFrame:
    """Return `person` and `group` for components of MEMBERS_MIN persons or more, by person.

    A group is numbered by its least person, whatever the order of the rows.
    """
    if met.is_empty():
        return pl.DataFrame(schema={"person": pl.Int64, "group": pl.Int64})
    people = np.unique(np.concatenate([met["left"].to_numpy(), met["right"].to_numpy()]))
    left = np.searchsorted(people, met["left"].to_numpy())
    right = np.searchsorted(people, met["right"].to_numpy())
    size = len(people)
    graph = coo_array((np.ones(len(met), dtype=np.int8), (left, right)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    frame = pl.DataFrame({"person": people, "label": label.astype(np.int64)})
    enough = frame.filter(pl.len().over("label") >= MEMBERS_MIN)
    return enough.select("person", group=pl.col("person").min().over("label"))


def shared_claims(met: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """Return `group`, `claim`, `day` for each claim that was part of a meeting, once a day."""
    of = met.join(groups, left_on="left", right_on="person")
    sides = [of.select("group", "day", claim=f"{side}_claim") for side in ("left", "right")]
    return pl.concat(sides).unique().sort("group", "day", "claim")


def group_features(
    met: pl.DataFrame, groups: pl.DataFrame, claims: pl.DataFrame, codes: pl.DataFrame
) -> pl.DataFrame:
    """Return one row a group in order: `group`, `members`, `fund_fen`, GROUP_FEATURES.

    `fund_fen` is what the funds paid for the claims of the meetings.

    Args:
        met: as `meetings` gives them.
        groups: as `linked_groups` gives them.
        claims: `meetings.CLAIM_COLUMNS`.
        codes: `claim` and `code`.
    """
    refuse(GROUP_FEATURES)
    shared = shared_claims(met, groups).join(claims, on="claim")
    months = max(1.0, _span_days(claims) / _MONTH_DAYS)
    sizes = groups.group_by("group").agg(members=pl.len())
    whole = claims.join(groups, on="person").group_by("group")
    everything = whole.agg(all_fen=pl.col("fund_fen").sum())
    again = codes.unique().join(shared.select("claim", "group").unique(), on="claim")
    twice = again.group_by("group", "code").len().filter(pl.col("len") > 1)
    recycled = twice.group_by("group").agg(codes=pl.len())
    told = (
        sizes.join(everything, on="group")
        .join(_acts(shared), on="group")
        .join(recycled, on="group", how="left")
        .with_columns(pl.col("codes").fill_null(0))
        .sort("group")
    )
    return told.select("group", "members", "fund_fen", **_figures(months))


def _figures(months: float) -> dict[str, pl.Expr]:
    members = pl.col("members")
    figures = {
        "members_log": members.log(2),
        "days_per_member": pl.col("person_days") / members / months,
        "together_share": pl.col("fund_fen") / pl.col("all_fen").clip(1),
        "alike_share": pl.col("alike"),
        "physician_share": pl.col("commonest") / pl.col("claims"),
        "near_limit_share": pl.col("near_limit"),
        "planned_share": pl.col("planned"),
        "institutions": pl.col("places").cast(pl.Float64),
        "codes_per_member": pl.col("codes") / members,
    }
    return {name: value.round(_DECIMALS) for name, value in figures.items()}


def _acts(shared: pl.DataFrame) -> pl.DataFrame:
    """What a group's claims in meetings have in common; one row a group."""
    ordered = shared.sort("group", "day", "total_fen", "claim")
    same_day = ["group", "day"]
    below = pl.col("total_fen") - pl.col("total_fen").shift(1).over(same_day)
    above = pl.col("total_fen").shift(-1).over(same_day) - pl.col("total_fen")
    near = pl.min_horizontal(below, above) <= ALIKE * pl.col("total_fen")
    dear = pl.col("total_fen").quantile(0.95, "lower").over("group")
    planned = pl.any_horizontal(
        pl.lit(value=False),
        *(pl.col("disease_code").str.starts_with(start) for start in PLANNED),
    )
    doctors = shared.group_by("group", "physician").len().group_by("group")
    return (
        ordered.with_columns(
            alike=near.fill_null(value=False),
            near_limit=pl.col("total_fen").is_between(NEAR_LIMIT * dear, dear),
            planned=planned.fill_null(value=False),
        )
        .unique(["group", "claim"], keep="first", maintain_order=True)
        .group_by("group")
        .agg(
            claims=pl.len(),
            fund_fen=pl.col("fund_fen").sum(),
            person_days=pl.struct("person", "day").n_unique(),
            places=pl.col("institution").n_unique(),
            alike=pl.col("alike").mean(),
            near_limit=pl.col("near_limit").mean(),
            planned=pl.col("planned").mean(),
        )
        .join(doctors.agg(commonest=pl.col("len").max()), on="group")
    )


def _span_days(claims: pl.DataFrame) -> float:
    if claims.is_empty():
        return 0.0
    days = claims.select(first=pl.col("begin_day").min(), last=pl.col("end_day").max()).row(0)
    return float(days[1] - days[0] + 1)
