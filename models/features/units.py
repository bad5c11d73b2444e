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
    "busiest_day_share",
    "days_mean",
)
"""More of any of them is worth a look. A counterpart is a person, or for persons an institution.

total_fen_mean, fund_fen_mean: fen a settlement; claims_per_counterpart: settlements;
counterparts_per_day: counterparts a day with settlements; same_day_share: part of the settlements
whose person has another on the same day; busiest_day_share: part that falls on the day with most;
days_mean: days from begin to end.
"""


def unit_features(settlements: pl.DataFrame, kind: UnitKind) -> pl.DataFrame:
    """Return one row a unit, ordered by id: `unit`, `claims`, `fund_fen`, stays, UNIT_FEATURES.

    Args:
        settlements: settlements that stand, with `person_id`, `institution_id`, for physicians
            `physician_id`, and `end_day`, `begin_day`, `total_fen`, `fund_total_fen`, `stay`.
    """
    refuse(UNIT_FEATURES)
    unit = UNIT_COLUMN[kind]
    counterpart = pl.col("institution_id" if kind == "person" else "person_id")
    on_day = pl.len().over([unit, "end_day"])
    rows = settlements.drop_nulls(unit).with_columns(
        repeated=pl.len().over(["person_id", "end_day"]) > 1, on_day=on_day
    )
    return (
        rows.group_by(pl.col(unit).alias("unit"))
        .agg(
            claims=pl.len(),
            fund_fen=pl.col("fund_total_fen").sum(),
            with_stays=pl.col("stay").any(),
            total_fen_mean=pl.col("total_fen").mean(),
            fund_fen_mean=pl.col("fund_total_fen").mean(),
            claims_per_counterpart=pl.len() / counterpart.n_unique(),
            counterparts_per_day=counterpart.n_unique() / pl.col("end_day").n_unique(),
            same_day_share=pl.col("repeated").mean(),
            busiest_day_share=pl.col("on_day").max() / pl.len(),
            days_mean=(pl.col("end_day") - pl.col("begin_day")).mean() + 1.0,
        )
        .sort("unit")
    )
