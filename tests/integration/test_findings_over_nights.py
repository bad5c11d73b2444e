"""Rules with a window see earlier nights: what is split over two nights costs what one night tells.

The employee scheme of Xi'an pays nothing at the out-patient desk of a tertiary hospital below its
deductible, so that the scheme with an amount is a stay.
"""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.rules.knowledge.points import Parameters, Point
from engine.storage.beside_tables import ITEM_TERMS, RECORDS
from engine.storage.knowledge import add_version
from engine.storage.lake import Lake
from pipelines.findings.again import replay
from pipelines.findings.loss import loss
from tests.integration.night_world import (
    CATALOGUE,
    NEXT,
    Bill,
    World,
    a_bill,
    a_refund,
    a_stay,
    next_day,
    write_reference,
)

WEEKLY = Point(
    "period_quantity", "一", 2, 1, "项目W", ("W",), Parameters(high=20_000, window=7), "", ""
)
ITEMS = [
    *CATALOGUE,
    CATALOGUE[0] | {"item_code": "W"},
    CATALOGUE[0] | {"item_code": "EXAM", "category": "03"},
    CATALOGUE[0] | {"item_code": "PILL", "category": "11"},
    CATALOGUE[0] | {"item_code": "SECOND", "category": "11"},
]


def on(bill: Bill, day: str) -> Bill:
    """Return a bill of one day."""
    lines = [line | {"fee_ocur_time": f"{day} 08:00:00"} for line in bill.lines]
    return Bill(bill.claim | {"begndate": day, "enddate": day}, lines)


def term(kind: str, item: str, **changes: str) -> dict[str, str]:
    fixed = {"region": "*", "valid_from": "2024-01-01", "source": "n"}
    return dict.fromkeys(ITEM_TERMS.names, "") | fixed | {"kind": kind, "item_code": item} | changes


UNDONE = a_stay(10, "P6", ("W", "1000.00", 2))
FIRST = [
    a_stay(1, "P1", ("W", "1000.00", 2), ("A", "2000.00")),
    a_bill(2, "P2", ("EXAM", "200.00")),
    a_bill(3, "P3", ("PILL", "10.00", 60)),
    a_bill(4, "P4", ("PILL", "10.00")),
    a_stay(5, "P7", ("A", "5000.00")),
    a_stay(6, "P8", ("A", "5000.00"), dise_codg="J18.900"),
    a_bill(7, "P9", ("A", "50.00")),
    UNDONE,
]
SECOND = [
    next_day(bill)
    for bill in (
        a_stay(11, "P1", ("W", "1000.00", 1), ("A", "2000.00"), begndate="2024-03-01"),
        on(a_bill(12, "P2", ("EXAM", "200.00"), fixmedins_code="H2"), "2024-03-08"),
        on(a_bill(22, "P2", ("EXAM", "200.00"), fixmedins_code="H3"), "2024-03-20"),
        on(a_bill(13, "P3", ("PILL", "10.00", 60)), "2024-03-03"),
        on(a_bill(14, "P4", ("SECOND", "10.00")), "2024-03-20"),
        on(a_bill(24, "P5", ("SECOND", "10.00")), "2024-03-20"),
        a_stay(15, "P7", ("A", "5000.00"), fixmedins_code="H2", begndate="2024-03-03",
               enddate="2024-03-09"),
        a_stay(16, "P8", ("A", "5000.00"), begndate="2024-03-10", enddate="2024-03-15",
               dise_codg="J18.900"),
        on(a_bill(17, "P10", ("A", "50.00")), "2024-03-20"),
        a_refund(19, UNDONE),
        on(a_bill(20, "P6", ("W", "1000.00", 2)), "2024-03-03"),
    )
]  # fmt: skip
FOUND = {
    ("item_past_period_limit", "S11", "S1"),
    ("examination_again_elsewhere", "S12", "S2"),
    ("drug_past_supply", "S13", "S3"),
    ("drug_refilled_early", "S13", "S3"),
    ("second_line_without_first", "S24", None),
    ("overlapping_stays", "S15", "S5"),
    ("stay_split_in_two", "S16", "S6"),
    ("trace_code_again", "S17", "S7"),
}
"""Nothing of the third examination, twelve days on, of who had the first line before, nor of the
week of which a refund took half."""


def world(folder: Path) -> World:
    write_reference(
        folder / "reference",
        catalogue=ITEMS,
        item_terms=[
            term("supply", "PILL", low="1"),
            term("second_line", "SECOND", others="PILL"),
        ],
        records=[
            dict.fromkeys(RECORDS.names, "")
            | {"record": "trace_code", "settlement_id": name, "value": "8123"}
            for name in ("S7", "S17")
        ],
    )
    made = World(folder)
    add_version(made.lake, "每周", [WEEKLY])
    return made


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = world(tmp_path_factory.mktemp("split"))
    made.night(*FIRST)
    made.night(*SECOND, night=NEXT)
    return made


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = world(tmp_path_factory.mktemp("together"))
    made.night(*FIRST, *SECOND, night=NEXT)
    return made


def findings(made: World) -> pl.DataFrame:
    rules = {rule for rule, *_ in FOUND}
    return made.table("findings").filter(pl.col("rule_id").is_in(sorted(rules)))


def told(made: World) -> set[tuple[Any, ...]]:
    return set(findings(made).select("rule_id", "settlement_id", "other_settlement_id").rows())


def test_a_scheme_split_over_two_nights_is_found_in_the_night_that_completes_it(
    split: World,
) -> None:
    assert told(split) == FOUND
    assert set(findings(split)["night"]) == {"2024-04-01"}


def test_the_same_delivered_in_one_night_gives_the_same_findings_and_losses(
    split: World, together: World
) -> None:
    kept = ["rule_id", "settlement_id", "other_settlement_id", "amount_fen", "pool_fen", "cash_fen"]
    both = [findings(made).select(kept).sort(kept).rows() for made in (split, together)]
    assert both[0] == both[1]


def test_what_lies_past_a_limit_of_two_nights_is_priced_by_the_second_stay(split: World) -> None:
    # The second stay of the year, 3,000.00 with 1,000.00 past the limit: what is paid of the
    # last 1,000.00 above the deductible goes back, 88 % from the pool and 12 % to the patient.
    answer = loss(Lake(split.lake), "S11")
    assert (answer["funds"], answer["cash_fen"]) == ({"POOL": 88_000}, 12_000)


def test_a_finding_over_two_nights_comes_again_from_the_evidence_of_the_second(
    split: World,
) -> None:
    lake = Lake(split.lake)
    for rule, settlement, _ in sorted(FOUND):
        again = replay(lake, f"{rule}:{settlement}")
        assert again["identical"], again
    again = replay(lake, "item_past_period_limit:S11")
    assert again["beside"] == [{"settlement_id": "S1", "row": 1}]
    assert len(again["row"]["lines"]) == 1
