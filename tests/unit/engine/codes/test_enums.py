"""The stored integers of the enumerations, and how their members map to each other."""

import pytest

from engine.claims.columns import FUNDS_COUNT
from engine.codes.enums import Fund, HospitalLevel, Insurance, LevelGroup, PaymentSource


def test_funds_keep_the_order_of_the_result_columns() -> None:
    assert [fund.name for fund in Fund] == [
        "POOL",
        "LARGE_AMOUNT",
        "SERIOUS_ILLNESS",
        "CIVIL_SERVANT",
        "ENTERPRISE",
        "ASSISTANCE",
        "INJURY",
        "MATERNITY",
        "OTHER",
    ]
    assert [int(fund) for fund in Fund] == list(range(FUNDS_COUNT))


@pytest.mark.parametrize(
    ("levels", "group"),
    [((1, 2, 3, 4), LevelGroup.L3), ((5, 6, 7), LevelGroup.L2), ((8, 9, 10), LevelGroup.L1)],
)
def test_accredited_levels_fall_into_three_groups(
    levels: tuple[int, ...], group: LevelGroup
) -> None:
    assert {HospitalLevel(level).group for level in levels} == {group}


def test_an_institution_without_level_is_in_group_zero() -> None:
    assert HospitalLevel(11).group is LevelGroup.L0


@pytest.mark.parametrize("fund", Fund)
@pytest.mark.parametrize("insurance", [Insurance.EMPLOYEE, Insurance.RESIDENT])
def test_a_payment_is_itemised_under_a_source_of_its_own_fund(
    fund: Fund, insurance: Insurance
) -> None:
    assert PaymentSource.of_fund(fund, insurance).fund is fund


def test_the_pool_is_itemised_by_insurance() -> None:
    assert PaymentSource.of_fund(Fund.POOL, Insurance.RESIDENT) is PaymentSource.RESIDENT_POOL
    assert PaymentSource.of_fund(Fund.POOL, Insurance.EMPLOYEE) is PaymentSource.EMPLOYEE_POOL


@pytest.mark.parametrize(
    "source",
    [
        PaymentSource.ACCOUNT,
        PaymentSource.FAMILY_ACCOUNT,
        PaymentSource.HOSPITAL_ADVANCED,
        PaymentSource.HOSPITAL_WAIVER,
    ],
)
def test_account_and_hospital_money_belongs_to_no_fund(source: PaymentSource) -> None:
    assert source.fund is None
