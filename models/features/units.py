"""Figures of institutions, physicians and persons from settlements: rates that ignore volume."""

from typing import Literal, get_args

import polars as pl

from models.features.refused import refuse

UnitKind = Literal["institution", "physician", "person"]
UNIT_KINDS: tuple[UnitKind, ...] = get_args(UnitKind)
UNIT_COLUMN = {kind: f"{kind}_id" for kind in UNIT_KINDS}

UNIT_FEATURES = (
    "total_fen_mean",
    "fund_fen_mean",
    "claims_per_counterpart",
    "counterparts_per_day",
    "same_day_share",
    "elsewhere_share",
    "busiest_day_share",
    "days_mean",
)
"""More of any of them is worth a look. A counterpart is a person, or for persons an institution.

total_fen_mean, fund_fen_mean: fen a settlement; claims_per_counterpart: settlements;
counterparts_per_day: counterparts a day with settlements; same_day_share: part of the settlements
whose person has another on the same day; elsewhere_share: part whose person was at another
institution on the same day, the links between institutions; busiest_day_share: part that falls on
the day with most; days_mean: days from begin to end.
"""

DECIMALS = 6
"""Kept of a figure, so that it compares alike whatever order it was summed in."""


def unit_features(settlements: pl.DataFrame, kind: UnitKind) -> pl.DataFrame:
    """Return one row a unit, ordered by id, with UNIT_FEATURES.

    Also `unit`, `home` (the institution of most of its settlements), `claims`, `fund_fen`, and
    `with_stays`.

    Args:
        settlements: settlements that stand, with `person_id`, `institution_id`, for physicians
            `physician_id`, and `end_day`, `begin_day`, `total_fen`, `fund_fen` (less aid), `stay`.
    """
    refuse(UNIT_FEATURES)
    name = UNIT_COLUMN[kind]
    counterpart = pl.col("institution_id" if kind == "person" else "person_id")
    visit = ["person_id", "end_day"]
    rows = settlements.with_columns(
        repeated=pl.len().over(visit) > 1,
        elsewhere=pl.col("institution_id").n_unique().over(visit) > 1,
    )
    rows = rows.drop_nulls(name).with_columns(on_day=pl.len().over([name, "end_day"]))
    sums = rows.group_by(pl.col(name).alias("unit")).agg(
        claims=pl.len().cast(pl.Int64),
        fund_fen=pl.col("fund_fen").sum(),
        total_fen=pl.col("total_fen").sum(),
        with_stays=pl.col("stay").any(),
        counterparts=counterpart.n_unique(),
        open_days=pl.col("end_day").n_unique(),
        repeated=pl.col("repeated").sum(),
        elsewhere=pl.col("elsewhere").sum(),
        on_day=pl.col("on_day").max(),
        days=(pl.col("end_day") - pl.col("begin_day") + 1).cast(pl.Int64).sum(),
    )
    return (
        sums.select("unit", "claims", "fund_fen", "with_stays", **_rates())
        .join(_homes(rows, name), on="unit")
        .sort("unit")
    )


def _rates() -> dict[str, pl.Expr]:
    """Quotients of whole numbers, which are the same in whatever order rows are summed."""
    claims = pl.col("claims")
    rates = {
        "total_fen_mean": pl.col("total_fen") / claims,
        "fund_fen_mean": pl.col("fund_fen") / claims,
        "claims_per_counterpart": claims / pl.col("counterparts"),
        "counterparts_per_day": pl.col("counterparts") / pl.col("open_days"),
        "same_day_share": pl.col("repeated") / claims,
        "elsewhere_share": pl.col("elsewhere") / claims,
        "busiest_day_share": pl.col("on_day") / claims,
        "days_mean": pl.col("days") / claims,
    }
    return {name: rate.round(DECIMALS) for name, rate in rates.items()}


def _homes(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    counted = rows.group_by(pl.col(name).alias("unit"), home="institution_id").len()
    ordered = counted.sort("unit", "len", "home", descending=[False, True, False])
    return ordered.unique("unit", keep="first").select("unit", "home")
