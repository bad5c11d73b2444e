"""Shapes 20, 22, 34, 35 and 36: final shares, separate payment, payer order, care elsewhere.

Each test states its figures from the shape's own text. Amounts are fen unless they are quoted.
"""

import datetime
from typing import Any

import pytest

from engine.claims.columns import Result
from tests.unit.engine.settlement.stories import (
    NONE,
    Record,
    annual,
    burden,
    cancel,
    capped,
    claim,
    credit,
    layer,
    per_stay,
    policy,
    tell,
)

DAYS = {"from": datetime.date(2023, 1, 1), "reviewed_until": datetime.date(2023, 12, 31)}
FINAL: Record = {
    "name": "implants",
    "fund": "pool",
    "base": ["final_share"],
    "takes": "final_share",
    "mode": "per_claim",
    "deductible": NONE,
    "rounding": "layer",
}


def priced(given: Record, *items: Record, **lines: Any) -> Record:
    return given | {"lines": [{**DAYS, "unknown_item": "self_pay", "items": list(items), **lines}]}


IMPLANTS: Record = {
    "of": {"group": ["implant"]},
    "first_share": "0%",
    "stream": "final_share",
    "last_share": "50%",
}
RELAXED: Record = {"of": {"group": ["relaxed"]}, "first_share": "30%"}


def test_shape_20_a_final_share_stands_beside_class_b_and_takes_no_further_copay() -> None:
    basic = layer((None, "88.8%"), deductible=per_stay("800.00"))
    given = priced(policy(basic, FINAL), IMPLANTS, RELAXED, class_b_first_share="10%")
    lines: list[Record] = [
        {"class": "A", "amount": "34800.00"},
        {"class": "B", "amount": "18200.00"},
        {"class": "B", "amount": "2000.00", "groups": ["relaxed"]},
        {"class": "B", "amount": "50000.00", "groups": ["implant"]},
        {"class": "C", "amount": "5000.00"},
    ]
    told = tell(given, claim("knee", lines=lines))
    # 0.888 x (34,000 + 16,380 + 1,400) + 0.5 x 50,000 = 70,980.64, and of 110,000 39,019.36 remain.
    assert told.paid() == [7_098_064]
    assert told.fen("person_total") == [3_901_936]
    assert told.fen("covered") == [34_800_00 + 16_380_00 + 1_400_00 + 50_000_00]
    assert told.fen("deductible_paid") == [80_000]
    assert told.step(0, "inpatient.implants.payment") == 2_500_000
    assert told.step(0, "inpatient.stream.final_share") == 5_000_000


def test_shape_20_each_line_keeps_its_own_final_share_and_the_sum_is_rounded_once() -> None:
    given = priced(policy(layer((None, "80%")), FINAL), class_b_first_share="0%")
    line = {"class": "B", "stream": "final_share"}
    lines = [
        line | {"amount": "0.01", "last_share": "50%"},
        line | {"amount": "0.01", "last_share": "70%"},
        line | {"amount": "0.01", "last_share": "40%"},
    ]
    # 0.005 + 0.003 + 0.006 = 0.014: 0.01; rounded line by line it would be 0.02.
    assert tell(given, claim("a", lines=lines)).paid() == [1]


@pytest.mark.parametrize(
    ("cap", "on", "paid", "over"),
    [
        # 100 at 60 % and 100 at 30 %: 90 in all. A cap of 45 is the payment of half the cost.
        ("45.00", "payment", 4_500, 10_000),
        ("90.00", "payment", 9_000, 0),
        ("200.00", "cost", 9_000, 0),
        ("50.00", "cost", 2_250, 15_000),
    ],
)
def test_shape_20_a_cap_on_final_shares_is_turned_back_into_cost_in_proportion(
    cap: str, on: str, paid: int, over: int
) -> None:
    rest = layer((None, "100%"), name="rest", fund="other", base=["over_cap.implants"])
    given = priced(policy(FINAL | {"caps": capped(cap, on)}, rest))
    line = {"class": "A", "stream": "final_share", "amount": "100.00"}
    lines = [line | {"last_share": "40%"}, line | {"last_share": "70%"}]
    told = tell(given, claim("a", lines=lines))
    assert (told.paid(), told.paid("other")) == ([paid], [over])


def test_shape_22_drugs_paid_separately_have_no_deductible_an_own_rate_and_an_own_cap() -> None:
    basic = layer((None, "80%"), deductible=per_stay("1000.00"))
    drugs = layer(
        (None, "70%"),
        name="drugs",
        base=["separate"],
        caps=capped("100000.00", counter="drugs_paid"),
    )
    serious = burden(
        (None, "60%"),
        deductible=annual("1500.00", "serious_filled"),
        base=["deductible.basic", "copay.basic"],
    )
    given = policy(basic, drugs, serious, counters="drugs_paid serious_filled")
    given = priced(given, {"of": {"group": ["negotiated"]}, "stream": "separate"})
    lines: list[Record] = [
        {"class": "A", "amount": "11000.00"},
        {"class": "B", "amount": "150000.00", "groups": ["negotiated"]},
    ]
    told = tell(given, claim("a", lines=lines), claim("b", lines=lines[1:]))
    # 80 % of 10,000; 70 % of 150,000 is 105,000, capped at 100,000, and then nothing.
    # Serious illness: 60 % of (1,000 + 2,000 - 1,500): what the drugs leave is kept out of it.
    assert told.paid() == [800_000 + 10_000_000, 0]
    assert told.paid("serious_illness") == [90_000, 0]


def test_shape_22_the_file_may_let_the_personal_part_count_toward_serious_illness() -> None:
    drugs = layer((None, "70%"), name="basic", base=["separate"])
    serious = burden(
        (None, "60%"),
        deductible=annual("100.00", "filled"),
        base=["copay.basic"],
        pays_off=["copay.basic"],
    )
    given = policy(drugs, serious, counters="filled")
    given = priced(given, {"of": {"group": ["negotiated"]}, "stream": "separate"})
    line: Record = {"class": "A", "amount": "1000.00", "groups": ["negotiated"]}
    told = tell(given, claim("a", lines=[line]))
    # 300 are left; 60 % of what passes 100.
    assert (told.paid(), told.paid("serious_illness")) == ([70_000], [12_000])


def test_excluded_cost_is_paid_by_no_fund_and_counts_as_off_the_list() -> None:
    given = priced(
        policy(layer((None, "80%"))), {"of": {"group": ["injury"]}, "stream": "excluded"}
    )
    lines: list[Record] = [
        {"class": "A", "amount": "100.00"},
        {"class": "A", "amount": "60.00", "groups": ["injury"]},
    ]
    told = tell(given, claim("a", lines=lines))
    assert (told.paid(), told.fen("self_pay_off_list"), told.fen("covered")) == (
        [8_000], [6_000], [10_000]
    )  # fmt: skip


def test_a_stream_may_depend_on_the_disease() -> None:
    stream = {"tumour": "separate", "other": "ordinary"}
    given = policy(layer((None, "50%")), layer((None, "90%"), name="drugs", base=["separate"]))
    given = priced(given, {"of": {"group": ["drug"]}, "stream": stream})
    given |= {"diseases": {"tumour": ["C"], "other": []}}
    line: Record = {"class": "A", "amount": "100.00", "groups": ["drug"]}
    told = tell(
        given,
        claim("a", lines=[line], disease="C50"),
        claim("b", lines=[line]) | {"disease": "E11"},
    )
    assert told.paid() == [9_000, 5_000]


def account(given: Record, **said: Any) -> Record:
    given["benefits"]["inpatient"]["history"][0]["account"] = said
    return given


def test_shape_34_the_account_pays_before_the_deductible_of_the_self_pay_segment() -> None:
    # Out-patient care in Shanghai: this year's account, then 1,500 of one's own, then the fund.
    basic = layer((None, "70%"), deductible=annual("1500.00", "filled"))
    given = account(policy(basic, counters="filled"), before={"basic": ["covered"]})
    told = tell(
        given,
        credit("1000.00"),
        claim("a", "2000.00", account_used=True),
        claim("b", "2000.00", account_used=True),
    )
    # 1,000 from the account; the other 1,000 and 500 of the next 2,000 fill the deductible.
    assert told.fen("account_paid") == [0, 100_000, 0]
    assert told.fen("deductible_paid") == [0, 100_000, 50_000]
    assert told.paid() == [0, 0, 105_000]
    assert told.step(1, "inpatient.basic.account") == 100_000


def test_shape_34_the_account_may_pay_between_layers_and_leaves_less_to_the_next() -> None:
    serious = burden(
        (None, "50%"),
        deductible=annual("100.00", "filled"),
        base=["copay.basic"],
        pays_off=["copay.basic"],
    )
    given = policy(layer((None, "60%")), serious, counters="filled")
    account(given, before={"serious": ["copay.basic"]})
    told = tell(given, credit("100.00"), claim("a", "1000.00", account_used=True))
    # 400 are left, 100 of the account, 50 % of what passes 100 of the other 300.
    assert told.fen("account_paid") == [0, 10_000]
    assert told.paid("serious_illness") == [0, 10_000]
    assert told.fen("cash_paid") == [0, 20_000]


def test_shape_34_elsewhere_the_fund_pays_first_and_the_account_even_what_is_off_the_list() -> None:
    given = policy(layer((None, "80%"), deductible=per_stay("100.00")))
    account(given, pays=["deductible.basic", "copay.basic", "off_list"])
    told = tell(
        given, credit("500.00"), claim("a", "1100.00", self_pay_off_list="500.00",
                                       account_used=True),
    )  # fmt: skip
    # (600 - 100) x 80 %; of 100 + 100 + 500 the account reaches 500.
    assert (told.paid()[1], told.fen("account_paid")[1], told.fen("cash_paid")[1]) == (
        40_000, 50_000, 20_000
    )  # fmt: skip


def link(number: int, amount: str, name: str = "") -> Record:
    return {"id": name or f"link {number}", "kind": "family_link", "account": number,
            "amount": amount}  # fmt: skip


FAMILY = account(policy(layer((None, "50%"))), pays=["copay.basic"], family=2)


def test_shape_34_family_aid_draws_on_linked_accounts_in_order_after_the_own_one() -> None:
    told = tell(
        FAMILY,
        credit("100.00"),
        link(2, "300.00"),
        link(1, "150.00"),
        claim("a", "1000.00", account_used=True),
    )
    # Of 500: 100 of one's own, 150 of the first, 250 of the second linked account.
    result = told.result(3)
    assert (result[Result.ACCOUNT], result[Result.FAMILY], result[Result.CASH]) == (
        50_000,
        40_000,
        0,
    )
    assert told.step(3, "inpatient.account.family_1") == 15_000
    assert told.step(3, "inpatient.account.family_2") == 25_000
    held = told.counters()
    assert (held["account_balance"], held["family_1"], held["family_2"]) == (0, 0, 5_000)


def test_family_aid_is_given_back_when_the_claim_is_cancelled() -> None:
    told = tell(FAMILY, link(1, "150.00"), claim("a", "1000.00", account_used=True), cancel("a"))
    assert told.result(2)[Result.FAMILY] == -15_000
    assert told.counters()["family_1"] == 15_000


def test_an_account_that_is_not_linked_by_the_file_pays_nothing() -> None:
    told = tell(FAMILY, link(3, "150.00"), claim("a", "1000.00", account_used=True))
    assert told.fen("account_paid") == [0, 0]


def test_what_was_set_aside_before_the_story_is_opening_state() -> None:
    state = {"family_balances": ["70.00"]}
    told = tell(FAMILY, claim("a", "1000.00", account_used=True), state=state)
    assert told.fen("account_paid") == [7_000]


FILINGS = {
    "local": ["local", "long_term"],
    "filed": ["transfer", "emergency", "temporary"],
    "not_filed": ["not_filed"],
    "not_networked": ["not_networked"],
}


def elsewhere(given: Record, share: Any = None, counter: str = "") -> Record:
    entry = given["benefits"]["inpatient"]["history"][0]
    if share is not None:
        entry["home_first_share"] = {"share": share} | ({"counter": counter} if counter else {})
    return given | {"filings": FILINGS}


def paid_elsewhere(given: Record, filing: str, total: str = "10000.00") -> int:
    return tell(given, claim("a", total, filing=filing)).paid()[0]


@pytest.mark.parametrize(
    ("filing", "paid"),
    [
        ("local", 720_000),  # (10,000 - 1,000) x 80 %
        ("long_term", 720_000),
        ("emergency", 640_000),  # (9,000 - 1,000) x 80 %
        ("not_filed", 400_000),  # (6,000 - 1,000) x 80 %
        ("not_networked", 0),
    ],
)
def test_shape_35_a_first_share_and_then_the_local_rules(filing: str, paid: int) -> None:
    share = {"local": "0%", "filed": "10%", "not_filed": "40%", "not_networked": "100%"}
    basic = layer((None, "80%"), deductible=per_stay("1000.00"))
    assert paid_elsewhere(elsewhere(policy(basic), share), filing) == paid


def test_shape_35_the_first_share_belongs_to_the_first_share_and_to_no_fund() -> None:
    share = {"local": "0%", "filed": "10%", "not_filed": "20%", "not_networked": "100%"}
    given = elsewhere(policy(layer((None, "80%"))), share)
    told = tell(given, claim("a", "10000.00", self_pay_first_share="1000.00", filing="transfer"))
    # 900 of the 9,000 covered, beside 1,000 of class B.
    assert told.fen("self_pay_first_share") == [190_000]
    assert told.fen("covered") == [810_000]
    assert told.step(0, "inpatient.home_first_share") == 90_000


def test_shape_35_rising_by_count_to_nothing() -> None:
    share = {
        "local": "0%",
        "filed": "10%",
        "not_filed": ["20%", "30%", "100%"],
        "not_networked": "100%",
    }
    given = elsewhere(
        policy(layer((None, "100%")), counters="stays_outside"), share, "stays_outside"
    )
    kinds = ["not_filed", "transfer", "local", "not_filed", "not_filed", "not_filed"]
    told = tell(given, *(claim(str(k), "100.00", filing=kind) for k, kind in enumerate(kinds)))
    # Filed and local care does not count: 20 %, 30 %, then nothing and nothing again.
    assert told.paid() == [8_000, 9_000, 10_000, 7_000, 0, 0]
    assert told.counters()["stays_outside"] == 4


@pytest.mark.parametrize(
    ("filing", "paid"),
    [("local", 720_000), ("emergency", 598_400), ("not_filed", 510_400), ("not_networked", 0)],
)
def test_shape_35_own_deductibles_points_and_rates_by_class(filing: str, paid: int) -> None:
    # Elsewhere the deductible is 1,200 and the rate 12 points less, unfiled 22.
    amount = {"local": "1000.00", "filed": "1200.00", "not_filed": "1200.00",
              "not_networked": "0.00"}  # fmt: skip
    rate = {"local": "80%", "filed": "80%", "not_filed": "80%", "not_networked": "0%"}
    basic = layer(
        (None, rate),
        deductible=per_stay(amount),
        adjust=[
            {"points": "-12%", "for": {"filing": ["filed"]}},
            {"points": "-22%", "for": {"filing": ["not_filed"]}},
        ],
    )
    assert paid_elsewhere(elsewhere(policy(basic)), filing) == paid


def test_shape_36_scope_comes_from_the_place_of_care_and_the_rates_from_the_pool() -> None:
    # The place of care splits the bill; not referred to it the pool takes 20 points off.
    basic = layer((None, "80%"), adjust=[{"points": "-20%", "for": {"filing": ["not_filed"]}}])
    given = elsewhere(policy(basic))
    away: dict[str, Any] = {"self_pay_off_list": "500.00", "filing": "not_filed"}
    told = tell(given, claim("a", "10000.00", **away))
    assert told.paid() == [570_000]


def test_a_filing_that_the_file_does_not_name_has_no_terms() -> None:
    given = policy(layer((None, "80%")))
    assert tell(given, claim("a", "1.00", filing="transfer")).statuses() == ["no_terms"]


def test_a_first_share_by_the_benefits_own_number_of_the_stay_begins_with_the_first() -> None:
    share = {name: ["20%", "30%", "100%"] for name in FILINGS}
    given = elsewhere(
        policy(layer((None, "100%")), counters="stays", ordinal="stays"), share, "stays"
    )
    told = tell(given, *(claim(name, "100.00") for name in "abcd"))
    assert told.paid() == [8_000, 7_000, 0, 0]
    assert told.counters()["stays"] == 4
