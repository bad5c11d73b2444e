"""A claim on the injury fund waits until a recognition of its injury is on record."""

from datetime import date

import polars as pl
import pytest

from engine.codes.enums import Insurance
from pipelines.steps.check import Nights
from pipelines.steps.check.verdicts import judge, pending_verdicts


@pytest.mark.parametrize(
    ("insurance", "recognised", "refund", "codes"),
    [
        (Insurance.WORK_INJURY, False, False, ["not_recognised"]),
        (Insurance.WORK_INJURY, True, False, []),
        (Insurance.WORK_INJURY, False, True, []),
        (Insurance.EMPLOYEE, False, False, []),
    ],
)
def test_only_an_unrecognised_injury_waits(
    insurance: Insurance, recognised: bool, refund: bool, codes: list[str]
) -> None:
    claim = pl.DataFrame(
        {"claim": [0], "insurance": [int(insurance)], "recognised": [recognised]}
        | {"refund": [refund], "settled_at": [0]},
        schema_overrides={"claim": pl.Int32},
    )
    found = judge(claim, pending_verdicts(Nights(run=date(2024, 3, 31))))
    assert found["code"].to_list() == codes
