"""The names under which a result's amounts leave the engine, all in fen."""

from engine.claims.columns import Ints, Result
from engine.codes.enums import Fund

AMOUNT_COLUMNS: dict[str, int] = {
    "total_fen": Result.TOTAL,
    "self_pay_off_list_fen": Result.OFF_LIST,
    "self_pay_over_price_fen": Result.OVER_PRICE,
    "self_pay_first_share_fen": Result.FIRST_SHARE,
    "covered_fen": Result.COVERED,
    "deductible_paid_fen": Result.DEDUCTIBLE,
    **{f"{fund.name.lower()}_paid_fen": Result.FUND + fund for fund in Fund},
    "fund_total_fen": Result.FUND_TOTAL,
    "account_paid_fen": Result.ACCOUNT,
    "cash_paid_fen": Result.CASH,
    "person_total_fen": Result.PERSON_TOTAL,
    "hospital_part_fen": Result.HOSPITAL_PART,
}
"""Amount key -> column of a result."""


def amounts_of(result: Ints) -> dict[str, int]:
    """Return a result row's amounts by key, in fen."""
    return {key: int(result[column]) for key, column in AMOUNT_COLUMNS.items()}
