"""Shapes 19, 21 and 23 of what counts: first shares, unit prices, ceilings, limits, refund lines.

Each test states its figures from the shape's own text. Amounts are fen.
"""

import datetime
from typing import Any

import pytest

from engine.claims.columns import Result
from tests.unit.engine.settlement.stories import Record, claim, layer, policy, tell

DAYS = {"from": datetime.date(2023, 1, 1), "reviewed_until": datetime.date(2023, 12, 31)}
IMPLANT = {"class": "B", "groups": ["implant"], "category": "consumables"}


def priced(*items: Record, **lines: Any) -> Record:
    terms: Record = {**DAYS, "unknown_item": "self_pay"} | ({"items": list(items)} if items else {})
    given = policy(layer((None, "50%"))) | {"lines": [terms | lines]}
    tumour = {"tumour": ["C"], "other": []}
    return given | {"diseases": tumour, "ages": {"child": [0, 18], "adult": [18, None]}}


def parts(given: Record, *lines: Record, **more: Any) -> list[int]:
    """Return off list, over price, first share and covered of a claim of these lines."""
    person = {"class": more.pop("person_class", "active"), "birth_date": datetime.date(1980, 1, 1)}
    told = tell(given, claim("a", lines=list(lines), **more), person=person)
    assert told.statuses() == ["settled"]
    return [int(amount) for amount in told.result(0)[Result.OFF_LIST : Result.COVERED + 1]]


@pytest.mark.parametrize(("person_class", "first"), [("active", 40_000), ("retired", 50_000)])
def test_shape_19_one_first_share_per_scheme_may_differ_by_class(
    person_class: str, first: int
) -> None:
    # 10,000.00 of class B at 4 %, at 5 % for the retired.
    given = priced(class_b_first_share={"active": "4%", "retired": "5%"})
    line = {"class": "B", "amount": "10000.00"}
    assert parts(given, line, person_class=person_class) == [0, 0, first, 1_000_000 - first]


def test_shape_19_relaxed_items_blood_and_rescue_drugs_have_shares_of_their_own() -> None:
    given = priced(
        {"of": {"class": ["C"], "group": ["rescue"]}, "first_share": "30%"},
        {"of": {"group": ["blood"]}, "first_share": "10%"},
        {"of": {"category": ["examination"], "class": ["B"]}, "first_share": "20%"},
        class_b_first_share="3%",
    )
    lines: list[Record] = [
        {"class": "B", "amount": "1000.00"},
        {"class": "B", "amount": "1000.00", "category": "examination"},
        {"class": "A", "amount": "1000.00", "category": "examination"},
        {"class": "A", "amount": "1000.00", "groups": ["blood", "other"]},
        {"class": "C", "amount": "1000.00", "groups": ["rescue"]},
        {"class": "C", "amount": "1000.00"},
    ]
    # 30 + 200 + 0 + 100 + 300, and a class C item that nothing names.
    assert parts(given, *lines) == [100_000, 0, 63_000, 437_000]


def test_shape_19_a_share_of_the_catalogue_row_stands_before_those_of_the_scheme() -> None:
    given = priced({"of": {"class": ["B"]}, "first_share": "20%"}, class_b_first_share="3%")
    assert parts(given, {"class": "B", "amount": "100.00", "first_share": "5%"}) == [
        0,
        0,
        500,
        9_500,
    ]


SLICES: list[Record] = [
    {"to": "5000.00", "share": "0%"},
    {"to": "20000.00", "share": "30%"},
    {"to": None, "share": "50%"},
]
WHOLE: list[Record] = [
    {"to": "100.00", "share": "5%"},
    {"to": "1000.00", "share": "15%"},
    {"to": "2000.00", "share": "30%"},
    {"to": "3000.00", "share": "40%"},
    {"to": None, "share": "50%"},
]


def by_unit_price(method: str, table: list[Record]) -> Record:
    terms = {"method": method, "table": table}
    return priced({"of": {"category": ["consumables"]}, "unit_price": terms})


@pytest.mark.parametrize(
    ("price", "quantity", "first"),
    [
        ("5000.00", "1", 0),
        ("20000.00", "1", 450_000),  # 15,000 x 30 %
        ("30000.00", "1", 950_000),  # 4,500 + 10,000 x 50 %
        ("30000.00", "2", 1_900_000),  # each of the two by itself
        ("5000.03", "1", 1),  # 0.03 x 30 % = 0.009: 0.01
    ],
)
def test_shape_21_materials_by_unit_price_slice_by_slice(
    price: str, quantity: str, first: int
) -> None:
    line = {"class": "A", "category": "consumables", "price": price, "quantity": quantity}
    found = parts(by_unit_price("slices", SLICES), line)
    assert found[:3] == [0, 0, first]


def test_shape_21_a_slice_and_its_end_may_depend_on_the_level() -> None:
    table: list[Record] = [
        {"to": {"L1": "100.00", "L3": "200.00"}, "share": "0%"},
        {"to": None, "share": {"L1": "50%", "L3": "10%"}},
    ]
    line = {"class": "A", "category": "consumables", "price": "300.00", "quantity": "1"}
    given = by_unit_price("slices", table)
    # (300 - 200) x 10 % in a tertiary hospital, (300 - 100) x 50 % in a primary one.
    assert parts(given, line)[2] == 1_000
    assert parts(given, line, level="L1")[2] == 10_000


@pytest.mark.parametrize(
    ("price", "quantity", "first"),
    [
        ("100.00", "1", 500),
        ("100.01", "1", 1_500),  # 15 % on all of it: 15.0015
        ("2000.00", "3", 180_000),  # 30 % of 6,000
        ("2000.01", "1", 80_000),  # 40 %: 800.004
        ("5000.00", "1", 250_000),
    ],
)
def test_shape_21_materials_whose_whole_price_falls_in_one_band(
    price: str, quantity: str, first: int
) -> None:
    line = {"class": "B", "category": "consumables", "price": price, "quantity": quantity}
    assert parts(by_unit_price("whole", WHOLE), line)[:3] == [0, 0, first]


@pytest.mark.parametrize(
    ("way", "buckets"),
    [
        # 5,000 against a ceiling of 3,000, first share 20 %.
        ("excess", [0, 200_000, 60_000, 240_000]),
        ("whole_item", [500_000, 0, 0, 0]),
        # 20 % of 5,000 first; 4,000 are left, 1,000 above the ceiling.
        ("after_share", [0, 100_000, 100_000, 300_000]),
    ],
)
def test_shape_21_each_way_of_treating_what_passes_a_ceiling(way: str, buckets: list[int]) -> None:
    given = priced(
        {"of": {"group": ["implant"]}, "ceiling": "3000.00", "over_ceiling": way},
        class_b_first_share="20%",
    )
    assert parts(given, IMPLANT | {"price": "5000.00", "quantity": "1"}) == buckets


@pytest.mark.parametrize("way", ["excess", "whole_item", "after_share"])
def test_a_price_at_its_ceiling_passes_nothing(way: str) -> None:
    given = priced({"of": {"group": ["implant"]}, "ceiling": "3000.00", "over_ceiling": way})
    assert parts(given, IMPLANT | {"price": "3000.00", "quantity": "2"}) == [0, 0, 0, 600_000]


def test_shape_21_a_daily_fee_by_level_holds_what_a_day_costs_together() -> None:
    bed = {"class": "A", "category": "bed"}
    given = priced({"of": {"category": ["bed"]}, "day_limit": {"L1": "18.00", "L3": "32.00"}})
    days: list[Record] = [
        bed | {"amount": "20.00", "day": datetime.date(2023, 3, 9)},
        bed | {"amount": "20.00", "day": datetime.date(2023, 3, 9)},
        bed | {"amount": "31.00", "day": datetime.date(2023, 3, 10)},
    ]
    # 40 on a day of which 32 count, and 31.
    assert parts(given, *days) == [0, 800, 0, 6_300]
    assert parts(given, *days, level="L1") == [0, 3_500, 0, 3_600]


def test_a_day_limit_holds_for_each_claim_by_itself() -> None:
    bed = {"class": "A", "category": "bed", "amount": "30.00"}
    given = priced({"of": {"category": ["bed"]}, "day_limit": "32.00"})
    told = tell(given, claim("a", lines=[bed]), claim("b", lines=[bed]))
    assert told.fen("covered") == [3_000, 3_000]


LIMITS: list[tuple[Record, Record, bool]] = [
    ({"levels": ["L3"]}, {"level": "L3"}, True),
    ({"levels": ["L3"]}, {"level": "L1"}, False),
    ({"visits": ["inpatient"]}, {}, True),
    ({"visits": ["pharmacy"]}, {}, False),
    ({"ages": [18, None]}, {}, True),
    ({"ages": [0, 43]}, {}, False),  # born 1980-01-01, 43 on the day
    ({"ages": [0, 44]}, {}, True),
    ({"diseases": ["tumour"]}, {"disease": "C50"}, True),
    ({"diseases": ["tumour"]}, {"disease": "E11"}, False),
]


@pytest.mark.parametrize(("only", "facts", "listed"), LIMITS)
def test_use_outside_its_limits_is_off_the_list(only: Record, facts: Record, listed: bool) -> None:
    given = priced({"of": {"group": ["limited"]}, "only": only}, class_b_first_share="10%")
    line = {"class": "B", "groups": ["limited"], "amount": "100.00"}
    expected = [0, 0, 1_000, 9_000] if listed else [10_000, 0, 0, 0]
    assert parts(given, line, **facts) == expected


@pytest.mark.parametrize(("approved", "off_list"), [(True, 0), (False, 10_000)])
def test_use_that_needs_approval_is_off_the_list_without_it(approved: bool, off_list: int) -> None:
    given = priced({"of": {"group": ["limited"]}, "only": {"approved": True}})
    line = {"class": "A", "groups": ["limited"], "amount": "100.00", "approved": approved}
    assert parts(given, line)[0] == off_list


def test_a_limit_that_asks_for_what_the_claim_does_not_tell_leaves_no_terms() -> None:
    given = priced({"of": {"class": ["A"]}, "only": {"sexes": ["female"]}})
    told = tell(given, claim("a", lines=[{"class": "A", "amount": "1.00"}]))
    assert told.statuses() == ["no_terms"]


def test_a_refund_line_takes_its_line_back_with_all_its_parts() -> None:
    given = priced(class_b_first_share="4%")
    odd = {"class": "B", "price": "12.37", "quantity": "3", "ceiling_price": "11.99"}
    rest: Record = {"class": "B", "amount": "1.13"}
    assert parts(given, odd, rest, {"refunds": 1}) == parts(given, rest)


def test_a_refund_line_gives_its_share_of_the_day_limit_back() -> None:
    given = priced({"of": {"category": ["bed"]}, "day_limit": "32.00"})
    bed: Record = {"class": "A", "category": "bed", "amount": "30.00"}
    assert parts(given, bed, bed, {"refunds": 1}) == [0, 0, 0, 3_000]


def test_a_refund_under_a_day_limit_leaves_the_other_stream_what_it_had_kept_from_it() -> None:
    given = priced(
        {"of": {"group": ["implant"]}, "stream": "separate"},
        {"of": {"category": ["bed"]}, "day_limit": "60.00"},
    )
    implant: Record = {"class": "A", "category": "bed", "groups": ["implant"], "amount": "100.00"}
    bed: Record = {"class": "A", "category": "bed", "amount": "10.00"}
    # The first line has used the limit up; without it the bed's 10.00 lie below.
    assert parts(given, implant, bed, {"refunds": 1}) == parts(given, bed) == [0, 0, 0, 1_000]
    # Of two equal lines one is left, and the limit is as if the other had not been billed.
    assert parts(given, implant, implant, bed, {"refunds": 2}) == parts(given, implant, bed)


def test_shape_23_emergency_care_of_the_days_before_joins_the_stay_by_its_own_day() -> None:
    given = priced(class_b_first_share="10%")
    stay = claim(
        "a",
        on="2023-03-10",
        lines=[
            {"class": "A", "amount": "800.00", "day": datetime.date(2023, 3, 8)},
            {"class": "B", "amount": "200.00"},
        ],
    )
    told = tell(given, stay)
    # (800 + 180) x 50 %, in one settlement.
    assert told.fen("covered") == [98_000]
    assert told.paid() == [49_000]


def test_every_way_of_a_line_in_one_bill() -> None:
    given = priced(
        {
            "of": {"group": ["implant"]},
            "stream": "final_share",
            "last_share": {"active": "50%", "retired": "40%"},
            "ceiling": "20000.00",
        },
        {"of": {"group": ["special"]}, "stream": "separate"},
        {"of": {"group": ["cosmetic"]}, "stream": "excluded"},
        {
            "of": {"category": ["consumables"], "class": ["A", "B"]},
            "unit_price": {"method": "whole", "table": WHOLE},
        },
        class_b_first_share="10%",
        ceilings={"bed": "25.00"},
    )
    lines: list[Record] = [
        {"amount": "20000.00", "class": "A"},
        {"amount": "10000.00", "class": "B"},
        {"price": "30.00", "quantity": "4", "class": "A", "category": "bed"},
        {"price": "25000.00", "quantity": "1", "class": "B", "groups": ["implant"]},
        {"amount": "1000.00", "class": "A", "groups": ["special"]},
        {"amount": "300.00", "class": "A", "groups": ["cosmetic"]},
        {"price": "99.99", "quantity": "3", "class": "A", "category": "consumables"},
        {"price": "2000", "quantity": "1", "class": "B", "category": "consumables"},
        {"amount": "77.77", "class": "C"},
        {"refunds": 2},
        {"amount": "4000.00", "class": "B", "first_share": "5%"},
    ]
    # Off the list 300 + 77.77. Over price 4 x 5 of the bed and 5,000 of the implant. First shares:
    # 10 % of 20,000; 5 % of 299.97 (14.9985: 15.00); 30 % of 2,000; 5 % of 4,000.
    # Covered: 20,000 + 100 + 18,000 + 1,000 + 284.97 + 1,400 + 3,800.
    assert parts(given, *lines) == [377_77, 5_020_00, 2_815_00, 44_584_97]
