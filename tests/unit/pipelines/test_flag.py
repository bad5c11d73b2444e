"""The flag step on nights made by hand, its amounts worked by hand."""

from pathlib import Path

import polars as pl
import pytest

from engine.errors import InvariantError
from pipelines.steps.flag import FINDINGS_OF_A_NIGHT
from tests.unit.pipelines.flag_nights import (
    ABSENT,
    ANYONE,
    FOR_WOMEN_B,
    FOR_WOMEN_BED,
    FOR_WOMEN_C,
    MARCH_10,
    Night,
    SettledFiles,
    point,
)

AMOUNTS = ["rule_id", "settlement_id", "other_settlement_id", "lines", "amount_fen"]


@pytest.fixture
def night() -> Night:
    return Night()


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "tonight"


def earlier_night(folder: Path, *names: str) -> SettledFiles:
    """A night before, which settled the same bill of 600.00 for each name."""
    before = Night()
    for name in names:
        before.bill(name, (ANYONE, 60_000))
    return before.settle(folder / "before")


def test_a_duplicate_costs_the_funds_all_they_paid_for_it(night: Night, work: Path) -> None:
    night.bill("a", (ANYONE, 60_000))
    night.bill("b", (ANYONE, 60_000))
    settled = night.settle(work)
    # (600 - 100) x 80 % = 400, and with the second stay's deductible (600 - 50) x 80 % = 440.
    assert settled.paid() == {"a": 40_000, "b": 44_000}
    findings = settled.flag()
    assert findings.select(AMOUNTS).rows() == [("duplicate_settlement", "b", "a", [], 44_000)]
    assert findings["level"].to_list() == ["definite"]


def test_an_overlapping_stay_costs_the_funds_all_they_paid_for_it(night: Night, work: Path) -> None:
    night.bill("a", (ANYONE, 60_000), end_day=MARCH_10 + 9)
    night.bill("b", (ANYONE, 110_000), institution_id="H2", day=MARCH_10 + 2)
    # 950 x 80 % + 100 x 90 % = 850.
    assert night.settle(work).flag().select(AMOUNTS).rows() == [
        ("overlapping_stays", "b", "a", [], 85_000)
    ]


def test_a_line_for_the_other_sex_costs_the_funds_what_they_paid_on_it(
    night: Night, work: Path
) -> None:
    night.bill("a", (ANYONE, 150_000), (FOR_WOMEN_B, 40_000))
    # Of 400, 40 are the first share; the other 360 lie above 1,000: 360 x 90 % = 324.
    assert night.settle(work).flag().select(AMOUNTS).rows() == [
        ("item_limited_by_sex", "a", None, [2], 32_400)
    ]


def test_a_line_of_refund_lessens_what_the_wrong_lines_cost(night: Night, work: Path) -> None:
    wrong = (FOR_WOMEN_B, 40_000), (FOR_WOMEN_B, 40_000), (FOR_WOMEN_B, -40_000)
    night.bill("a", (ANYONE, 150_000), *wrong)
    # One of the two was taken back: what one alone costs, 360 x 90 % = 324.
    assert night.settle(work).flag().select(AMOUNTS).rows() == [
        ("item_limited_by_sex", "a", None, [2, 3, 4], 32_400)
    ]


def test_what_the_funds_paid_nothing_on_is_flagged_and_costs_nothing(
    night: Night, work: Path
) -> None:
    night.bill("a", (ANYONE, 150_000), (FOR_WOMEN_C, 40_000), (ABSENT, 9_900))
    assert night.settle(work).flag().select(AMOUNTS).rows() == [
        ("item_limited_by_sex", "a", None, [2], 0)
    ]


def test_the_ceiling_price_of_the_hospital_s_level_bounds_the_amount(
    night: Night, work: Path
) -> None:
    night.bill("a", (ANYONE, 150_000), (FOR_WOMEN_BED, 50_000))
    # 300 of the 500 are below the ceiling: 300 x 90 % = 270.
    assert night.settle(work).flag()["amount_fen"].to_list() == [27_000]


def test_flagged_lines_of_one_claim_are_priced_together(night: Night, work: Path) -> None:
    night.bill("z", (ANYONE, 100))
    night.bill("a", (FOR_WOMEN_BED, 30_000), (ANYONE, 90_000), (FOR_WOMEN_BED, 30_000))
    # 1,500 less 600: 950 x 80 % + 500 x 90 % = 1,210, less 850 x 80 % = 680.
    assert night.settle(work).flag().select(AMOUNTS).rows() == [
        ("item_limited_by_sex", "a", None, [2, 4], 53_000)
    ]


def test_what_the_account_paid_is_no_part_of_the_amount(night: Night, work: Path) -> None:
    night.bill("a", (ANYONE, 60_000), account_used=True)
    night.bill("b", (ANYONE, 60_000), account_used=True)
    settled = night.settle(work, balance_fen=30_000)
    rows = pl.read_parquet(settled.settled).sort("settlement_id")
    # Of the 200 left of the first the account pays all, of the 160 of the second the last 100.
    assert rows["account_paid_fen"].to_list() == [20_000, 10_000]
    assert settled.flag()["amount_fen"].to_list() == [44_000]


def test_two_rules_price_one_claim_each_by_itself(night: Night, work: Path) -> None:
    night.bill("a", (ANYONE, 60_000), (FOR_WOMEN_B, 40_000))
    night.bill("b", (ANYONE, 60_000), (FOR_WOMEN_B, 40_000))
    # Whole: (960 - 50) x 80 % = 728; without 360: 288 less.
    assert night.settle(work).flag().select(AMOUNTS).rows() == [
        ("duplicate_settlement", "b", "a", [], 72_800),
        ("item_limited_by_sex", "a", None, [2], 28_800),
        ("item_limited_by_sex", "b", None, [4], 28_800),
    ]


def test_refunded_settlements_and_their_refunds_are_not_flagged(night: Night, work: Path) -> None:
    night.bill("a", (ANYONE, 60_000))
    night.bill("b", (ANYONE, 60_000), (FOR_WOMEN_B, 40_000))
    undo = {"refund": True, "original_settlement_id": "b"}
    night.bill("undo", (ANYONE, 60_000), (FOR_WOMEN_B, 40_000), **undo)
    night.bill("c", (ANYONE, 60_000))
    # The original that stands is repeated by c alone.
    assert night.settle(work).flag().select(AMOUNTS).rows() == [
        ("duplicate_settlement", "c", "a", [], 44_000)
    ]


def test_a_duplicate_of_an_earlier_night_is_flagged_and_priced(
    night: Night, work: Path, tmp_path: Path
) -> None:
    night.bill("new", (ANYONE, 60_000))
    found = night.settle(work).flag(earlier_night(tmp_path, "old").as_earlier())
    assert found.select(AMOUNTS).rows() == [("duplicate_settlement", "new", "old", [], 40_000)]


def test_what_earlier_nights_found_is_not_told_again(
    night: Night, work: Path, tmp_path: Path
) -> None:
    night.bill("new", (ANYONE, 70_000))
    earlier = earlier_night(tmp_path, "old", "older").as_earlier()
    assert night.settle(work).flag(earlier).is_empty()


def test_a_duplicate_of_a_settlement_cancelled_on_an_earlier_night_is_none(
    night: Night, work: Path, tmp_path: Path
) -> None:
    before = Night()
    before.bill("old", (ANYONE, 60_000))
    before.bill("undo", (ANYONE, 60_000), refund=True, original_settlement_id="old")
    earlier = before.settle(tmp_path / "before").as_earlier()
    night.bill("new", (ANYONE, 60_000))
    assert night.settle(work).flag(earlier).is_empty()


def test_a_night_without_findings_leaves_an_empty_table(night: Night, work: Path) -> None:
    night.bill("a", (ANYONE, 60_000))
    findings = night.settle(work).flag()
    assert findings.schema == FINDINGS_OF_A_NIGHT.schema
    assert findings.is_empty()


def test_a_settlement_that_does_not_give_its_own_amounts_is_no_ground_for_a_finding(
    night: Night, work: Path
) -> None:
    night.bill("a", (ANYONE, 60_000))
    night.bill("b", (ANYONE, 60_000))
    settled = night.settle(work)
    rows = pl.read_parquet(settled.settled)
    rows.with_columns(pl.col("pool_paid_fen") + 1).write_parquet(settled.settled)
    with pytest.raises(InvariantError, match="differs from what was paid"):
        settled.flag()


def test_a_knowledge_point_flags_and_prices_the_lines_that_break_it(
    night: Night, work: Path
) -> None:
    night.bill("a", (ANYONE, 150_000))
    children = point("age", ["I0", "I9"], low=0, high=12 * 12, unit="month")
    # Born in 1970. (1,000 - 100) x 80 % + 500 x 90 % = 1,170 is what the funds paid on it.
    assert night.settle(work).flag(points=children).select(AMOUNTS).rows() == [
        ("item_limited_by_age", "a", None, [1], 117_000)
    ]


def test_of_a_line_past_its_daily_limit_only_the_excess_is_priced(night: Night, work: Path) -> None:
    night.bill("a", (ANYONE, 150_000))
    half = point("daily_quantity", ["I0"], high=5_000, window=1)
    # Half of one unit for 1,500 is too much: 750 fall, 500 of them paid at 90 %, 250 at 80 %.
    assert night.settle(work).flag(points=half).select(AMOUNTS).rows() == [
        ("item_past_daily_limit", "a", None, [1], 45_000 + 20_000)
    ]


def test_a_point_on_an_item_that_nobody_charges_finds_nothing(night: Night, work: Path) -> None:
    night.bill("a", (ANYONE, 150_000))
    assert night.settle(work).flag(points=point("injury_only", ["I9"])).is_empty()


def test_funds_account_and_cash_are_told_apart_and_never_summed(night: Night, work: Path) -> None:
    night.bill("a", (ANYONE, 60_000), account_used=True)
    night.bill("b", (ANYONE, 60_000), account_used=True)
    # The second stay: 440 of the pool, 110 are the person's own; 50 are left in the account.
    found = night.settle(work, balance_fen=25_000).flag()
    told = ["amount_fen", "pool_fen", "assistance_fen", "account_fen", "cash_fen"]
    assert found.select(told).rows() == [(44_000, 44_000, 0, 5_000, 11_000)]
