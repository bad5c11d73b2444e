"""Checks the oracle against figures worked by hand, before anything leans on it."""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from tests.oracle import settle_story
from tests.oracle_terms import load_yaml

Record = dict[str, Any]

FILE = """
region: "000000"
scheme: employee
claim_date: end
insurance_year: "01-01"
levels: [L1, L3]
person_classes: {active: [active], retired: [retired]}
counters: {}
benefits:
  inpatient:
    visits: [inpatient]
    history:
    - {from: 2023-01-01, reviewed_until: 2024-12-31, layers: []}
"""
BASIC = """
name: basic
fund: pool
base: [covered]
takes: cost
mode: per_claim
deductible: {method: per_stay, amount: "800.00"}
bands:
  position: claim
  deductible_inside: true
  table: [{to: null, rate: 85%}]
rounding: layer
"""
SERIOUS = """
name: serious
fund: serious_illness
base: [deductible.basic, copay.basic]
takes: burden
mode: per_claim
deductible: {method: per_stay, amount: "7500.00"}
bands:
  position: claim
  deductible_inside: true
  table: [{to: null, rate: 65%}]
rounding: layer
pays_off: [copay.basic, deductible.basic]
"""
NO_DEDUCTIBLE = {"deductible": {"method": "none"}}


def layer(text: str, **changes: Any) -> Record:
    raw: Record = load_yaml(text)
    return raw | changes


def bands(table: str, **changes: Any) -> Record:
    return {"position": "claim", "deductible_inside": True, "table": load_yaml(table)} | changes


def capped(amount: str, on: str = "payment", **more: str) -> list[Record]:
    return [{"on": on, "amount": amount, **more}]


def policy(*layers: Record, counters: str = "{}", **entry: Any) -> Record:
    found: Record = load_yaml(FILE)
    found["counters"] = load_yaml(counters)
    found["benefits"]["inpatient"]["history"][0] |= {"layers": list(layers), **entry}
    return found


def claim(name: str, total: str = "0.00", day: date = date(2023, 3, 10), **more: Any) -> Record:
    stay = {"id": name, "visit": "inpatient", "level": "L3", "begin": day, "end": day}
    return stay | ({} if "lines" in more else {"total": total}) | more


def settle(terms: Record, *events: Record, state: Record | None = None) -> list[Record]:
    return settle_story(terms, {"class": "active"}, state or {}, list(events))


def cancel(name: str, of: str) -> Record:
    return {"id": name, "kind": "cancel", "of": of}


def pool(results: list[Record]) -> list[int]:
    return [result["pool_paid_fen"] for result in results]


def test_a_bill_with_ceiling_and_classes_is_split_paid_and_drawn_from_the_account() -> None:
    account = {"pays": ["first_share", "deductible.basic", "copay.basic"]}
    lines = [
        {"amount": "1000.00", "class": "A"},
        {"amount": "2000.00", "class": "B", "first_share": "10%"},
        {"amount": "5000.00", "class": "B", "first_share": "20%", "ceiling_price": "3000.00"},
        {"amount": "500.00", "class": "C"},
    ]
    [result] = settle(
        policy(layer(BASIC), account=account),
        claim("A", lines=lines, account_used=True),
        state={"account_balance": "300.00"},
    )
    expected = {
        "total_fen": 850000,
        "self_pay_off_list_fen": 50000,
        "self_pay_over_price_fen": 200000,
        "self_pay_first_share_fen": 80000,
        "covered_fen": 520000,
        "deductible_paid_fen": 80000,
        "pool_paid_fen": 374000,
        "fund_total_fen": 374000,
        "person_total_fen": 476000,
        "account_paid_fen": 30000,
        "cash_paid_fen": 446000,
    }
    assert {key: result[key] for key in expected} == expected
    assert result["counters"] == {}


def test_three_layers_pay_one_after_the_other() -> None:
    basic = layer(
        BASIC,
        deductible={"method": "per_stay", "amount": "1000.00"},
        bands=bands("[{to: null, rate: 60%}]"),
    )
    assistance = layer(SERIOUS, name="assistance", fund="assistance", **NO_DEDUCTIBLE)
    assistance["bands"] = bands("[{to: null, rate: 70%}]")
    [result] = settle(
        policy(basic, layer(SERIOUS), assistance),
        claim("B", "150000.00", self_pay_off_list="20000.00", self_pay_first_share="10000.00"),
    )
    assert result["pool_paid_fen"] == 7140000
    assert result["serious_illness_paid_fen"] == 2671500
    assert result["assistance_paid_fen"] == 1531950
    assert result["fund_total_fen"] == 11343450
    assert result["person_total_fen"] == 3656550


def test_bands_of_the_persons_share_hold_the_deductible_in_the_first() -> None:
    basic = layer(
        BASIC,
        deductible={"method": "per_stay", "amount": "900.00"},
        bands=bands(
            '[{to: "20000.00", personal: 32%}, {to: "40000.00", personal: 27%},'
            " {to: null, personal: 22%}]",
            position="spent",
        ),
    )
    serious = layer(SERIOUS, bands=bands("[{to: null, rate: 50%}]"))
    serious["deductible"]["amount"] = "20000.00"
    bill = claim("wang", "100000.00", self_pay_off_list="10000.00", self_pay_first_share="600.00")
    [result] = settle(
        policy(basic, serious, counters="spent: {counts: money, scope: [year]}"), bill
    )
    assert result["pool_paid_fen"] == 6612000
    assert result["serious_illness_paid_fen"] == 164000
    assert result["person_total_fen"] == 3224000
    assert result["counters"] == {("spent", 2023, ""): 89400 * 10**8}


def test_a_cap_on_payment_turns_back_into_cost_through_the_bands() -> None:
    table = '[{to: "40000.00", rate: 90%}, {to: null, rate: 80%}]'
    basic = layer(BASIC, bands=bands(table), caps=capped("40000.00"))
    large = layer(BASIC, name="large", fund="large_amount", base=["over_cap.basic"])
    large |= {**NO_DEDUCTIBLE, "bands": bands("[{to: null, rate: 100%}]")}
    [result] = settle(policy(basic, large), claim("c", "60000.00"))
    assert result["pool_paid_fen"] == 4000000
    assert result["layers"][0]["consumed"] == 4590000
    assert result["layers"][0]["cap_left"] == 4000000
    assert result["large_amount_paid_fen"] == 1410000


def test_a_cap_turned_into_cost_is_kept_to_a_millionth_of_a_fen() -> None:
    basic = layer(BASIC, bands=bands("[{to: null, rate: 70%}]"), caps=capped("100.00"))
    large = layer(BASIC, name="large", fund="large_amount", base=["over_cap.basic"])
    large |= {**NO_DEDUCTIBLE, "bands": bands("[{to: null, rate: 90%}]")}
    [result] = settle(policy(basic | NO_DEDUCTIBLE, large), claim("c", "200.00"))
    assert result["layers"][0]["consumed"] == Fraction(14285_714286, 10**6)
    assert result["large_amount_paid_fen"] == 5143  # 90 % of 5714.285714 is 5142.857…
    assert result["cash_paid_fen"] == 20000 - 10000 - 5143


def test_an_exhausted_cap_still_consumes_the_deductible_and_slices_that_pay_nothing() -> None:
    table = '[{to: "1000.00", rate: 0%}, {to: null, rate: 85%}]'
    basic = layer(BASIC, bands=bands(table), caps=capped("500.00", counter="paid"))
    terms = policy(basic, counters="paid: {counts: money, scope: [year]}")
    [result] = settle(terms, claim("c", "3000.00"), state={"counters": {"paid": "500.00"}})
    assert result["pool_paid_fen"] == 0
    assert result["layers"][0]["consumed"] == 100000
    assert result["deductible_paid_fen"] == 80000


def test_a_cap_on_cost_above_the_deductible_leaves_the_deductible_out() -> None:
    caps = capped("1000.00", on="cost_above_deductible", counter="spent")
    terms = policy(layer(BASIC, caps=caps), counters="spent: {counts: money, scope: [year]}")
    results = settle(terms, claim("one", "1500.00"), claim("two", "1500.00"))
    assert [result["layers"][0]["consumed"] for result in results] == [150000, 110000]
    assert pool(results) == [59500, 25500]


def test_a_last_bound_ends_the_cost_of_the_year() -> None:
    cut = bands('[{to: "2000.00", rate: 50%}]', position="spent", deductible_inside=False)
    terms = policy(layer(BASIC, bands=cut), counters="spent: {counts: money, scope: [year]}")
    results = settle(terms, claim("one", "2300.00"), claim("two", "2300.00"))
    # 1500 above the deductible, then the 500 that are left to 2000.
    assert pool(results) == [75000, 25000]
    assert [result["layers"][0]["consumed"] for result in results] == [230000, 130000]


def test_increments_round_on_the_total_and_not_one_by_one() -> None:
    small = layer(BASIC, mode="incremental", total="all", **NO_DEDUCTIBLE)
    small["bands"] = bands("[{to: null, rate: 50%}]")
    terms = policy(small, counters="all: {counts: money, scope: [year]}")
    assert pool(settle(terms, *(claim(name, "0.01") for name in "abc"))) == [1, 0, 1]


def test_an_incremental_burden_layer_takes_its_deductible_once_a_year() -> None:
    serious = layer(SERIOUS, mode="incremental", total="burden")
    serious["deductible"] = {"method": "annual", "amount": "1000.00"}
    none = layer(BASIC, bands=bands("[{to: null, rate: 0%}]"))
    terms = policy(none, serious, counters="burden: {counts: money, scope: [year]}")
    results = settle(terms, claim("one", "900.00"), claim("two", "900.00"), claim("three", "10.00"))
    paid = [result["serious_illness_paid_fen"] for result in results]
    assert paid == [0, 52000, 650]


def test_rounding_by_band_sums_rounded_bands_and_never_passes_the_cost() -> None:
    table = '[{to: "0.01", rate: 50%}, {to: "0.02", rate: 50%}, {to: null, rate: 100%}]'
    by_layer = layer(BASIC, bands=bands(table), **NO_DEDUCTIBLE)
    assert pool(settle(policy(by_layer), claim("c", "0.02"))) == [1]
    assert pool(settle(policy(by_layer | {"rounding": "band"}), claim("c", "0.02"))) == [2]


def test_the_deductible_goes_by_ordinal_and_a_cancel_gives_the_ordinal_back() -> None:
    amount = {"L1": ["200.00", "100.00"], "L3": ["800.00", "400.00", "200.00"]}
    basic = layer(BASIC, deductible={"method": "per_stay", "amount": amount})
    terms = policy(basic, counters="stays: {counts: stays, scope: [year]}", ordinal="stays")
    results = settle(
        terms,
        *(claim(name, "1000.00") for name in ("1", "2", "3", "4")),
        cancel("undo", "4"),
        claim("low", "1000.00", level="L1"),
        claim("next year", "1000.00", day=date(2024, 1, 1)),
    )
    deductibles = [result["deductible_paid_fen"] for result in results]
    assert deductibles == [80000, 40000, 20000, 20000, -20000, 10000, 80000]
    assert results[-1]["counters"] == {("stays", 2023, ""): 4, ("stays", 2024, ""): 1}


def test_a_yearly_maximum_bounds_the_sum_of_the_deductibles() -> None:
    deductible = {
        "method": "per_stay",
        "amount": "800.00",
        "yearly_maximum": "2000.00",
        "counter": "borne",
    }
    terms = policy(
        layer(BASIC, deductible=deductible), counters="borne: {counts: money, scope: [year]}"
    )
    results = settle(terms, *(claim(name, "900.00") for name in "abcd"))
    assert [result["deductible_paid_fen"] for result in results] == [80000, 80000, 40000, 0]


def test_an_annual_deductible_is_filled_cost_by_cost() -> None:
    deductible = {"method": "annual", "amount": "600.00", "counter": "borne"}
    basic = layer(BASIC, deductible=deductible, bands=bands("[{to: null, rate: 65%}]"))
    terms = policy(basic, counters="borne: {counts: money, scope: [year]}")
    results = settle(terms, claim("one", "500.00"), claim("two", "1000.00"))
    assert pool(results) == [0, 58500]


@pytest.mark.parametrize(("person_class", "paid"), [("active", 42500), ("retired", 45500)], ids=str)
def test_an_adjustment_multiplies_the_share_of_those_it_is_for(
    person_class: str, paid: int
) -> None:
    adjust = [{"personal_times": "60%", "for": {"person_class": ["retired"]}}]
    terms = policy(layer(BASIC, adjust=adjust, **NO_DEDUCTIBLE))
    [result] = settle_story(terms, {"class": person_class}, {}, [claim("c", "500.00")])
    assert result["pool_paid_fen"] == paid


def test_points_leave_a_band_that_pays_nothing_and_end_at_the_whole() -> None:
    table = '[{to: "1000.00", rate: 0%}, {to: null, rate: 99%}]'
    basic = layer(BASIC, bands=bands(table), adjust=[{"points": "5%"}], **NO_DEDUCTIBLE)
    assert pool(settle(policy(basic), claim("c", "1500.00"))) == [50000]


def test_a_member_without_terms_is_refused_and_later_events_run() -> None:
    amount = {"L1": "unavailable", "L3": "800.00"}
    terms = policy(layer(BASIC, deductible={"method": "per_stay", "amount": amount}))
    results = settle(terms, claim("low", "1000.00", level="L1"), claim("high", "1000.00"))
    assert [result["status"] for result in results] == ["no_terms", "settled"]


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (claim("c", "1.00", day=date(2022, 12, 31)), "no_policy"),
        (claim("c", "1.00", day=date(2025, 1, 1)), "policy_not_reviewed"),
        (claim("c", "1.00", self_pay_off_list="1.01"), "buckets_do_not_sum"),
        (claim("c", "1.00", day=date(2023, 2, 1)), "year_closed"),
        (cancel("c", "first"), "reversal_not_last"),
        (cancel("c", "nobody"), "reversal_unknown"),
        (cancel("c", "third"), "reversed_twice"),
        (cancel("c", "second"), "settled"),
        (claim("c", "0.00", day=date(2024, 2, 1)), "settled"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_event_that_cannot_be_settled_names_its_code(event: Record, status: str) -> None:
    before = [claim(name, "900.00") for name in ("first", "second", "third")]
    close = {"id": "close", "kind": "year_close", "year": 2023}
    results = settle(policy(layer(BASIC)), *before, cancel("undo", "third"), close, event)
    assert results[-1]["status"] == status


def test_a_cancel_is_the_exact_negative_and_restores_account_and_counters() -> None:
    account = {"pays": ["deductible.basic", "copay.basic"]}
    terms = policy(
        layer(BASIC, caps=capped("500.00", counter="paid")),
        counters="paid: {counts: money, scope: [month]}",
        account=account,
    )
    opened = {"account_balance": "100.00", "counters": {"paid": "1.00"}, "month": 3}
    bill = claim("c", "2000.00", account_used=True)
    paid, undone = settle(terms, bill, cancel("undo", "c"), state=opened)
    assert paid["pool_paid_fen"] == 49900
    assert paid["account_paid_fen"] == 10000
    amounts = {key for key in paid if key.endswith("_fen")}
    assert {key: undone[key] for key in amounts} == {key: -paid[key] for key in amounts}
    assert undone["counters"] == {
        ("account_balance", 0, ""): 10000 * 10**6,
        ("paid", 202303, ""): 100 * 10**6,
    }


def test_age_is_full_years_on_the_claim_date() -> None:
    terms = policy(layer(BASIC))
    terms["ages"] = {"under_70": [0, 70], "from_70": [70, None]}
    amount = {"under_70": "800.00", "from_70": "0.00"}
    basic = layer(BASIC, deductible={"method": "per_stay", "amount": amount})
    terms["benefits"]["inpatient"]["history"][0]["layers"] = [basic]
    days = [date(2023, 3, 9), date(2023, 3, 10)]
    events = [claim(day.isoformat(), "1000.00", day=day) for day in days]
    person = {"class": "retired", "birth_date": date(1953, 3, 10)}
    results = settle_story(terms, person, {}, events)
    assert [result["deductible_paid_fen"] for result in results] == [80000, 0]


def test_a_class_change_holds_for_later_events() -> None:
    amount = {"active": "800.00", "retired": "400.00"}
    terms = policy(layer(BASIC, deductible={"method": "per_stay", "amount": amount}))
    change = {"id": "retires", "kind": "class_change", "class": "retired"}
    results = settle(terms, claim("one", "900.00"), change, claim("two", "900.00"))
    assert [result["deductible_paid_fen"] for result in results] == [80000, 0, 40000]


def test_a_scheme_ceiling_by_category_bounds_the_price_of_each_unit() -> None:
    terms = policy(layer(BASIC, **NO_DEDUCTIBLE))
    terms["lines"] = [
        {
            "from": date(2023, 1, 1),
            "reviewed_until": date(2024, 12, 31),
            "class_b_first_share": "4%",
            "ceilings": {"bed": {"L1": "18.00", "L3": "32.00"}},
        }
    ]
    lines = [
        {"price": "50.00", "quantity": "3", "class": "A", "category": "bed"},
        {"amount": "0.13", "class": "B"},
    ]
    [result] = settle(terms, claim("c", lines=lines))
    assert result["self_pay_over_price_fen"] == 5400
    assert result["self_pay_first_share_fen"] == 1  # 4 % of 13 fen is 0.52 fen.
    assert result["covered_fen"] == 9612
