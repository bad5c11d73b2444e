"""Links between providers, persons and physicians, from in-patient claims; no label is used.

Each is a share or a count that a provider can check against its own claims.
"""

import polars as pl

from models.features.aggregates import DIAGNOSES, PERSON, PHYSICIANS
from models.features.matrix import PROVIDER

HUB = 50
"""A person seen by more providers than this links none of them: it would link everyone."""

READMISSION_DAYS = 30


def graph_features(stays: pl.DataFrame) -> pl.DataFrame:
    """Return one row a provider, ordered by id.

    Columns: `shared_person_share`, persons whom another provider has too; `neighbours`, providers
    that share a person; `shared_physician_share`, attending physicians who also attend elsewhere;
    `readmission_share`, stays that begin within 30 days of the person's last discharge from the
    same provider; `repeated_stay_share`, stays with the person, admission and diagnoses of
    another stay of the same provider.
    """
    parts = [
        _shared_persons(stays),
        _shared_physicians(stays),
        _readmissions(stays),
        _repeats(stays),
    ]
    result = stays.select(PROVIDER).unique()
    for part in (*parts, _neighbours(stays)):
        result = result.join(part, on=PROVIDER, how="left")
    return result.fill_null(0).sort(PROVIDER)


def _shared_persons(stays: pl.DataFrame) -> pl.DataFrame:
    seen = stays.select(PROVIDER, PERSON).unique()
    shared = pl.len().over(PERSON) > 1
    return _share(seen.with_columns(hit=shared), "shared_person_share")


def _shared_physicians(stays: pl.DataFrame) -> pl.DataFrame:
    attending = PHYSICIANS[0]
    seen = stays.select(PROVIDER, attending).drop_nulls().unique()
    shared = pl.len().over(attending) > 1
    return _share(seen.with_columns(hit=shared), "shared_physician_share")


def _readmissions(stays: pl.DataFrame) -> pl.DataFrame:
    before = pl.col("DischargeDt").shift(1).over([PROVIDER, PERSON])
    gap = (pl.col("AdmissionDt") - before).dt.total_days()
    ordered = stays.sort(PROVIDER, PERSON, "AdmissionDt", "DischargeDt")
    hit = gap.is_between(0, READMISSION_DAYS).fill_null(value=False)
    return _share(ordered.with_columns(hit=hit), "readmission_share")


def _repeats(stays: pl.DataFrame) -> pl.DataFrame:
    hit = pl.len().over([PROVIDER, PERSON, "AdmissionDt", *DIAGNOSES]) > 1
    return _share(stays.with_columns(hit=hit), "repeated_stay_share")


def _neighbours(stays: pl.DataFrame) -> pl.DataFrame:
    seen = stays.select(PROVIDER, PERSON).unique()
    linking = seen.filter(pl.len().over(PERSON).is_between(2, HUB))
    pairs = linking.join(linking, on=PERSON, suffix="_other")
    other = pl.col(f"{PROVIDER}_other")
    return (
        pairs.filter(pl.col(PROVIDER) != other).group_by(PROVIDER).agg(neighbours=other.n_unique())
    )


def _share(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    return rows.group_by(PROVIDER).agg(pl.col("hit").mean().alias(name))
