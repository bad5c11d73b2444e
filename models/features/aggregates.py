"""Builds the given aggregates of a provider from raw claims and the register of persons.

It serves providers that come as claims; for those that come as aggregates it is the check that
both mean the same.
"""

import polars as pl

from models.features.matrix import PROVIDER
from models.features.refused import refuse

PERSON, CLAIM, PAID, DEDUCTIBLE = "BeneID", "ClaimID", "InscClaimAmtReimbursed", "DeductibleAmtPaid"
PHYSICIANS = ("AttendingPhysician", "OperatingPhysician", "OtherPhysician")
CONDITIONS = (
    "Alzheimer", "Heartfailure", "KidneyDisease", "Cancer", "ObstrPulmonary", "Depression",
    "Diabetes", "IschemicHeart", "Osteoporasis", "rheumatoidarthritis", "stroke",
)  # fmt: skip
CONDITION_COLUMNS = tuple(f"ChronicCond_{name}" for name in CONDITIONS)
DIAGNOSES = tuple(f"ClmDiagnosisCode_{number}" for number in range(1, 11))
PROCEDURES = tuple(f"ClmProcedureCode_{number}" for number in range(1, 7))
PERSON_COLUMNS = (
    PERSON, "DOB", "Gender", "RenalDiseaseIndicator", "State", "County",
    "NoOfMonths_PartACov", "NoOfMonths_PartBCov", "IPAnnualReimbursementAmt",
    "OPAnnualReimbursementAmt", *CONDITION_COLUMNS,
)  # fmt: skip
"""What is read of a person; the set also carries ethnicity, which is never read."""

_YEAR = 2009
"""The year of the set's claims; ages are those at its end, of the dead too."""


def provider_aggregates(
    inpatient: pl.DataFrame, outpatient: pl.DataFrame, persons: pl.DataFrame
) -> pl.DataFrame:
    """Return one row a provider, ordered by id: its in-patient, out-patient and joint figures.

    Args:
        inpatient: claims of stays, with admission and discharge.
        outpatient: the other claims.
        persons: the register; of it only PERSON_COLUMNS are read.
    """
    refuse(PERSON_COLUMNS)
    register = persons.select(PERSON_COLUMNS)
    parts = {
        "Inpatient": _prepared(inpatient, register),
        "Outpatient": _prepared(outpatient, register),
    }
    parts["Inpatient"] = parts["Inpatient"].with_columns(
        stay_days=(pl.col("DischargeDt") - pl.col("AdmissionDt")).dt.total_days() + 1
    )
    both = pl.concat(parts.values(), how="diagonal")
    result = _joint(both)
    for name, claims in parts.items():
        result = result.join(_one_kind(claims, name), on=PROVIDER, how="left")
    counts = pl.col("Inpatient_ClaimID_count"), pl.col("Outpatient_ClaimID_count")
    return (
        result.fill_null(0)
        .with_columns(Inpatient_Outpatient_Ratio=counts[0] / (counts[1] + 1))
        .sort(PROVIDER)
    )


def _prepared(claims: pl.DataFrame, register: pl.DataFrame) -> pl.DataFrame:
    start, end = pl.col("ClaimStartDt"), pl.col("ClaimEndDt")
    # The set writes 1 for a condition that the person has and 2 for one that it has not.
    conditions = ((pl.col(name) == 1).cast(pl.Float64) for name in CONDITION_COLUMNS)
    return claims.join(register, on=PERSON, how="left").with_columns(
        *conditions,
        duration=(end - start).dt.total_days() + 1,
        age=_YEAR - pl.col("DOB").dt.year(),
        diagnoses=pl.sum_horizontal(pl.col(name).is_not_null() for name in DIAGNOSES),
        procedures=pl.sum_horizontal(pl.col(name).is_not_null() for name in PROCEDURES),
    )


def _one_kind(claims: pl.DataFrame, kind: str) -> pl.DataFrame:
    measures = [
        pl.col(CLAIM).count().alias("ClaimID_count"),
        pl.col(PERSON).n_unique().alias("BeneID_nunique"),
        *(
            getattr(pl.col(PAID), how)().alias(f"{PAID}_{how}")
            for how in ("sum", "mean", "std", "max")
        ),
        pl.col(DEDUCTIBLE).sum().alias(f"{DEDUCTIBLE}_sum"),
        pl.col(DEDUCTIBLE).mean().alias(f"{DEDUCTIBLE}_mean"),
        *_mean_and_max("duration", "ClaimDuration"),
        pl.col("age").mean().alias("Age_mean"),
        *_mean_and_max("diagnoses", "NumDiagnoses"),
        *_mean_and_max("procedures", "NumProcedures"),
        *(pl.col(name).drop_nulls().n_unique().alias(f"{name}_nunique") for name in PHYSICIANS),
        *(pl.col(name).mean().alias(f"{name}_mean") for name in CONDITION_COLUMNS),
    ]
    if kind == "Inpatient":
        measures += _mean_and_max("stay_days", "LengthOfStay")
    grouped = claims.group_by(PROVIDER).agg(measures)
    conditions = [pl.col(f"{name}_mean") for name in CONDITION_COLUMNS]
    return grouped.with_columns(
        pl.sum_horizontal(conditions).alias(f"Avg_Chronic_Conditions_{kind}")
    ).rename(lambda name: name if name == PROVIDER or name.startswith("Avg_") else f"{kind}_{name}")


def _joint(claims: pl.DataFrame) -> pl.DataFrame:
    grouped = claims.group_by(PROVIDER).agg(
        Total_Claims=pl.len(),
        Total_Reimbursement=pl.col(PAID).sum(),
        Avg_Reimbursement_Per_Claim=pl.col(PAID).mean(),
        Total_Unique_Beneficiaries=pl.col(PERSON).n_unique(),
        Claims_Per_Beneficiary=pl.len() / pl.col(PERSON).n_unique(),
        UniqueDiagnoses=pl.concat_list(DIAGNOSES).explode().drop_nulls().n_unique(),
        UniqueProcedures=pl.concat_list(PROCEDURES).explode().drop_nulls().n_unique(),
        UniqueStates=pl.col("State").n_unique(),
        UniqueCounties=pl.col("County").n_unique(),
        InscClaimAmtReimbursed_std=pl.col(PAID).std(),
        UniqueAttendingPhysicians=pl.col(PHYSICIANS[0]).drop_nulls().n_unique(),
        UniqueOperatingPhysicians=pl.col(PHYSICIANS[1]).drop_nulls().n_unique(),
        UniqueOtherPhysicians=pl.col(PHYSICIANS[2]).drop_nulls().n_unique(),
    )
    # A physician in two roles counts twice: so the given aggregates do it.
    roles = ("UniqueAttendingPhysicians", "UniqueOperatingPhysicians", "UniqueOtherPhysicians")
    return grouped.with_columns(TotalUniquePhysicians=pl.sum_horizontal(roles)).join(
        _patients(claims), on=PROVIDER, how="left"
    )


def _patients(claims: pl.DataFrame) -> pl.DataFrame:
    """Means over the persons of a provider, each counted once."""
    return (
        claims.unique([PROVIDER, PERSON], keep="any")
        .group_by(PROVIDER)
        .agg(
            AvgMaleRatio=(pl.col("Gender") == 1).mean(),
            AvgRenalDiseaseRate=(pl.col("RenalDiseaseIndicator") == "Y").mean(),
            AvgPartACoverage=pl.col("NoOfMonths_PartACov").mean(),
            AvgPartBCoverage=pl.col("NoOfMonths_PartBCov").mean(),
            AvgBeneIPReimbursement=pl.col("IPAnnualReimbursementAmt").mean(),
            AvgBeneOPReimbursement=pl.col("OPAnnualReimbursementAmt").mean(),
        )
    )


def _mean_and_max(source: str, name: str) -> list[pl.Expr]:
    return [pl.col(source).mean().alias(f"{name}_mean"), pl.col(source).max().alias(f"{name}_max")]
