"""Nights with care outside the region and lines of other streams, amounts worked by hand."""

from datetime import date
from pathlib import Path

from engine.claims.columns import Filing
from tests.unit.engine.settlement.stories import book_of, layer, policy
from tests.unit.pipelines.flag_nights import ANYONE, FOR_WOMEN_B, REGION, Night

BOOK = book_of(
    policy(
        layer((None, "80%")),
        {
            "name": "implants",
            "fund": "other",
            "base": ["final_share"],
            "takes": "final_share",
            "mode": "per_claim",
            "deductible": {"method": "none"},
            "rounding": "layer",
        },
        home_first_share={"share": {"at_home": "0%", "away": "10%", "unfiled": "40%"}},
    )
    | {
        "region": REGION,
        "filings": {"at_home": ["local"], "away": ["transfer"], "unfiled": ["not_filed"]},
        "lines": [
            {
                "from": date(2023, 1, 1),
                "reviewed_until": date(2024, 12, 31),
                "unknown_item": "self_pay",
                "class_b_first_share": "10%",
                "items": [
                    {"of": {"group": ["implant"]}, "stream": "final_share", "last_share": "50%"}
                ],
            }
        ],
    }
)
AWAY = "110000"


def test_a_filing_that_comes_along_settles_care_elsewhere(tmp_path: Path) -> None:
    night = Night(book=BOOK)
    night.bill("home", (ANYONE, 100_000))
    night.bill("filed", (ANYONE, 100_000), care_region=AWAY, filing=int(Filing.TRANSFER))
    night.bill("unfiled", (ANYONE, 100_000), care_region=AWAY, filing=int(Filing.NOT_FILED))
    # 80 % of 1,000, of 900 and of 600.
    assert night.settle(tmp_path / "tonight").paid() == {
        "home": 80_000,
        "filed": 72_000,
        "unfiled": 48_000,
    }


def test_a_filing_says_nothing_of_care_within_the_region(tmp_path: Path) -> None:
    night = Night(book=BOOK)
    night.bill("home", (ANYONE, 100_000), filing=int(Filing.NOT_FILED))
    assert night.settle(tmp_path / "tonight").paid() == {"home": 80_000}


def test_groups_of_the_catalogue_send_lines_to_their_stream(tmp_path: Path) -> None:
    night = Night(book=BOOK)
    night.bill("a", (ANYONE, 100_000), (FOR_WOMEN_B, 50_000))
    settled = night.settle(tmp_path / "tonight")
    # 80 % of 1,000; of the implant 50 first, and half of the other 450.
    assert (settled.paid(), settled.paid("other")) == ({"a": 80_000}, {"a": 22_500})


def test_a_flagged_line_of_another_stream_costs_what_its_fund_paid(tmp_path: Path) -> None:
    night = Night(book=BOOK)
    lines = ((ANYONE, 100_000), (FOR_WOMEN_B, 50_000))
    night.bill("a", *lines, care_region=AWAY, filing=int(Filing.TRANSFER))
    findings = night.settle(tmp_path / "tonight").flag()
    assert findings.select("settlement_id", "amount_fen").rows() == [("a", 22_500)]
