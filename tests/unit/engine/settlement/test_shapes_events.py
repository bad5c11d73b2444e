"""Shapes 30, 32 and 37, and what registrations gate: events beside single claims, by hand."""

from datetime import date
from typing import Any

import pytest

from engine.claims.columns import State
from engine.errors import ClaimError, PolicyError
from engine.settlement.case import settle_case
from tests.unit.engine.settlement.stories import (
    NONE,
    Record,
    annual,
    bands,
    benefit,
    burden,
    cancel,
    capped,
    claim,
    class_change,
    layer,
    per_stay,
    policy,
    tell,
    year_close,
)

HALF = layer((None, "50%"))


def segment(name: str, number: int, total: str, on: str, **more: Any) -> Record:
    """Return a bill of the stay `S`; the last one is not interim."""
    return claim(name, total, on, stay="S", segment=number) | {"interim": True} | more


LAST = {"interim": False}


def joined(*, rule: str = "one_stay", **changes: Any) -> Record:
    """Return a policy of stays by number: 800 then 400, 80 % to 10000 and 90 % above."""
    kept = {"deductible": per_stay(["800.00", "400.00"])} | changes
    stay = layer(("10000.00", "80%"), (None, "90%"), **kept)
    return policy(stay, counters="stays", ordinal="stays", segments=rule)


def test_shape_37_a_stay_across_the_year_end_counts_in_the_year_of_discharge() -> None:
    # 2023: stays 1. The stay from 27 December is the first of 2024: 800 again, then 400.
    rules = policy(
        layer((None, "80%"), deductible=per_stay(["800.00", "400.00"])),
        counters="stays", ordinal="stays",
    )  # fmt: skip
    across = {"begin": date(2023, 12, 27), "end": date(2024, 1, 6)}
    told = tell(
        rules, claim("a", "1800.00"), claim("b", "1800.00") | across,
        claim("c", "1400.00", "2024-02-01"),
    )  # fmt: skip
    assert told.fen("deductible_paid") == [80000, 80000, 40000]
    assert told.paid() == [80000, 80000, 80000]


def test_shape_37_a_stay_split_by_day_carries_its_number_and_deductible_on() -> None:
    # The second stay of 2023 asks 400: 300 of it in December, 100 in January. A later stay of
    # 2024 starts again as the first: 800.
    told = tell(
        joined(), claim("first", "800.00"),
        segment("december", 1, "300.00", "2023-12-31"),
        segment("january", 2, "1100.00", "2024-01-08", **LAST),
        claim("later", "1800.00", "2024-05-01"),
    )  # fmt: skip
    assert told.fen("deductible_paid") == [80000, 30000, 10000, 80000]
    assert told.paid() == [0, 0, 80000, 80000]
    assert [int(row[6]) for row in told.settled.results] == [0, 1, 1, 0]


def test_shape_37_a_forced_split_asks_no_deductible_again() -> None:
    told = tell(
        joined(rule="waived"),
        segment("december", 1, "500.00", "2023-12-31"),
        segment("january", 2, "1000.00", "2024-01-08", **LAST),
        claim("later", "1800.00", "2024-05-01"),
    )  # fmt: skip
    assert told.fen("deductible_paid") == [50000, 0, 80000]
    assert told.paid() == [0, 80000, 80000]


def test_shape_37_each_segment_may_be_a_stay_of_its_own() -> None:
    told = tell(
        joined(rule="own_stays"),
        segment("december", 1, "1800.00", "2023-06-30"),
        segment("january", 2, "1400.00", "2023-07-31", **LAST),
    )  # fmt: skip
    assert told.fen("deductible_paid") == [80000, 40000]
    assert told.counters()["stays"] == 2


def test_shape_37_the_cap_of_each_year_is_its_own() -> None:
    # 80 % of 1000 each; the year's cap is 700, and the new year has its own.
    rules = policy(
        layer((None, "80%"), caps=capped("700.00", counter="paid")),
        counters="paid stays", ordinal="stays", segments="one_stay",
    )  # fmt: skip
    told = tell(
        rules,
        segment("december", 1, "1000.00", "2023-12-31"),
        segment("january", 2, "1000.00", "2024-01-08", **LAST),
    )
    assert told.paid() == [70000, 70000]


@pytest.mark.parametrize("inside", [True, False])
def test_interim_bills_pay_together_what_one_bill_would(inside: bool) -> None:
    # 15000 in one bill with 800 inside the bands: 9200 x 80 % + 5000 x 90 % = 11860; outside
    # them: 10000 x 80 % + 4200 x 90 % = 11780. Bills of 500, 6000 and 8500 come to the same.
    table = bands(("10000.00", "80%"), (None, "90%"), inside=inside)
    rules = joined(bands=table)
    whole = tell(rules, claim("whole", "15000.00"))
    parts = tell(
        rules,
        segment("a", 1, "500.00", "2023-03-10"),
        segment("b", 2, "6000.00", "2023-04-10"),
        segment("c", 3, "8500.00", "2023-05-10", **LAST),
    )
    assert whole.paid() == [1186000 if inside else 1178000]
    assert sum(parts.paid()) == whole.paid()[0]
    assert parts.fen("deductible_paid") == [50000, 30000, 0]
    assert parts.counters()["stays"] == 1


def test_two_stays_with_segments_are_kept_apart() -> None:
    told = tell(
        joined(),
        segment("a1", 1, "500.00", "2023-03-10"),
        segment("b1", 1, "300.00", "2023-03-11", stay="T"),
        segment("a2", 2, "1300.00", "2023-04-10", **LAST),
        segment("b2", 2, "1100.00", "2023-04-11", stay="T", **LAST),
    )
    assert told.fen("deductible_paid") == [50000, 30000, 30000, 10000]


def test_a_stay_billed_once_leaves_nothing_to_a_later_one() -> None:
    told = tell(joined(), claim("a", "500.00"), claim("b", "5400.00"))
    assert told.fen("deductible_paid") == [50000, 40000]


@pytest.mark.parametrize("rule", [{}, {"segments": "one_stay"}])
def test_a_segment_out_of_turn_or_without_terms_is_not_settled(rule: Record) -> None:
    rules = policy(HALF, counters="stays", ordinal="stays", **rule)
    told = tell(rules, segment("second", 2, "100.00", "2023-03-10"))
    assert told.statuses() == ["segment_out_of_order" if rule else "not_supported"]


def test_the_same_segment_is_not_settled_twice() -> None:
    told = tell(
        joined(),
        segment("a", 1, "500.00", "2023-03-10"),
        segment("again", 1, "500.00", "2023-03-10"),
    )
    assert told.statuses() == ["settled", "segment_out_of_order"]


def test_a_segment_is_cancelled_only_after_those_that_follow_even_of_another_year() -> None:
    told = tell(
        joined(),
        segment("december", 1, "500.00", "2023-12-31"),
        segment("january", 2, "1000.00", "2024-01-08", **LAST),
        cancel("december", "too early"),
        cancel("january", "undo january"),
        cancel("december", "undo december"),
    )
    assert told.statuses()[2:] == ["reversal_not_last", "settled", "settled"]
    assert set(told.settled.closing[:, State.VALUE].tolist()) == {0}


def test_a_cancelled_segment_can_be_billed_again() -> None:
    told = tell(
        joined(),
        segment("a", 1, "500.00", "2023-03-10"),
        segment("b", 2, "1000.00", "2023-04-10", **LAST),
        cancel("b"),
        segment("c", 2, "2300.00", "2023-04-10", **LAST),
    )
    assert told.fen("deductible_paid") == [50000, 30000, -30000, 30000]
    assert told.paid()[-1] == 160000


@pytest.mark.parametrize(
    "clash",
    [
        {"deductible": per_stay(["1.00", "2.00"], ordinal="stays_own")},
        {"deductible": per_stay("1.00", every_days=90)},
        {"price": "8000.00"},
    ],
)
def test_segments_of_one_stay_do_not_go_with_terms_that_count_stays_otherwise(
    clash: Record,
) -> None:
    rules = policy(
        layer((None, "50%"), **clash), counters="stays stays_own", ordinal="stays",
        segments="one_stay",
    )  # fmt: skip
    with pytest.raises(PolicyError, match="segments_shape"):
        tell(rules, claim("a", "1.00"))


def test_a_bill_of_a_part_names_its_stay() -> None:
    with pytest.raises(ClaimError, match="stay"):
        tell(joined(), claim("a", "1.00", segment=2))


def changing(**terms: Any) -> Record:
    """Return a policy whose second layer pays 50 % above 1000 for active, 60 % for retired."""
    rate = {"active": "50%", "retired": "60%"}
    serious = burden(
        (None, rate), deductible=annual("1000.00"), mode="incremental", total="burdens", **terms
    )
    basic = layer((None, "0%"))
    return policy(basic, serious, counters="burdens paid")


def test_shape_30_a_class_change_is_prospective_where_the_file_says_so() -> None:
    # Active: (3000 - 1000) x 50 % = 1000. Retired, for 2000 more:
    # (5000 - 1000) x 60 % - (3000 - 1000) x 60 % = 1200.
    rules = changing(on_class_change="prospective")
    told = tell(rules, claim("a", "3000.00"), class_change("retired"), claim("b", "2000.00"))
    assert told.paid("serious_illness") == [100000, 0, 120000]


def test_shape_30_a_class_change_is_retroactive_where_the_file_says_so() -> None:
    # (5000 - 1000) x 60 % - 1000 paid = 1400: the first claim is made up for.
    rules = changing(on_class_change="retroactive", paid="paid")
    told = tell(rules, claim("a", "3000.00"), class_change("retired"), claim("b", "2000.00"))
    assert told.paid("serious_illness") == [100000, 0, 140000]
    assert told.counters()["paid"] == 240000


def test_a_retroactive_change_to_worse_terms_takes_nothing_back() -> None:
    # Retired first: (6000 - 1000) x 60 % = 3000. Active: (6500 - 1000) x 50 % = 2750 < 3000.
    rules = changing(on_class_change="retroactive", paid="paid")
    told = tell(
        rules, class_change("retired"), claim("a", "6000.00"),
        class_change("active") | {"id": "back"}, claim("b", "500.00"), claim("c", "1000.00"),
    )  # fmt: skip
    # With 1000 more: (7500 - 1000) x 50 % = 3250, less 3000 paid.
    assert told.paid("serious_illness") == [0, 300000, 0, 0, 25000]


def test_a_retroactive_payment_never_passes_the_claims_own_burden() -> None:
    # Due (11100 - 1000) x 60 % = 6060, paid 5000, so 1060; the claim's burden is 100. The rest
    # waits: the next claim of 2000 is due (13100 - 1000) x 60 % - 5100 = 2160, and gets 2000.
    rules = changing(on_class_change="retroactive", paid="paid")
    told = tell(
        rules, claim("a", "11000.00"), class_change("retired"), claim("b", "100.00"),
        claim("c", "2000.00"),
    )  # fmt: skip
    assert told.paid("serious_illness") == [500000, 0, 10000, 200000]


def test_a_retroactive_layer_without_a_change_pays_as_an_incremental_one() -> None:
    claims = [claim("a", "3000.01"), claim("b", "0.01"), claim("c", "2000.55")]
    plain = tell(changing(), *claims).paid("serious_illness")
    assert (
        tell(changing(on_class_change="retroactive", paid="paid"), *claims).paid("serious_illness")
        == plain
    )


@pytest.mark.parametrize(
    "terms",
    [{"on_class_change": "retroactive"}, {"paid": "paid"}, {"on_class_change": "prospective",
     "paid": "paid"}],
)  # fmt: skip
def test_what_was_paid_is_kept_where_a_layer_is_retroactive_and_only_there(terms: Record) -> None:
    with pytest.raises(PolicyError, match="layer_shape"):
        tell(changing(**terms), claim("a", "1.00"))


def cover_change(on: str = "2023-07-01", **more: Any) -> Record:
    return {"id": "cover", "kind": "cover_change", "on": date.fromisoformat(on)} | more


def covered(**rules: Any) -> Record:
    """Return a policy of stays by number with a yearly cap of 1000, its counters as told."""
    given = policy(
        layer((None, "50%"), deductible=per_stay(["400.00", "0.00"]),
              caps=capped("1000.00", counter="paid")),
        counters="stays paid", ordinal="stays",
    )  # fmt: skip
    for name, rule in rules.items():
        given["counters"][name]["on_cover_change"] = rule
    return given


@pytest.mark.parametrize(
    ("rule", "paid"), [("carry", 20000), ("reset", 100000), ({"convert": "50%"}, 60000)]
)
def test_a_new_cover_carries_resets_or_converts_a_counter(rule: Any, paid: int) -> None:
    # 2000 - 400 = 1600 pay 800 of the cap of 1000. Then 3000 pay 1500, but 200 is left; or 1000
    # of a new cap; or, of 800 half being taken over, 600.
    told = tell(
        covered(stays="carry", paid=rule), claim("a", "2000.00"), cover_change(),
        claim("b", "3000.00", "2023-08-01"),
    )  # fmt: skip
    assert told.paid() == [80000, 0, paid]


def test_a_new_cover_that_resets_the_stays_begins_with_the_first_deductible() -> None:
    told = tell(
        covered(stays="reset", paid="carry"), claim("a", "400.00"), cover_change(),
        claim("b", "500.00", "2023-08-01"),
    )  # fmt: skip
    assert told.fen("deductible_paid") == [40000, 0, 40000]


def test_a_new_cover_may_change_the_class_as_well() -> None:
    given = policy(layer((None, {"active": "50%", "retired": "60%"})))
    told = tell(given, cover_change() | {"class": "retired"}, claim("a", "100.00", "2023-08-01"))
    assert told.paid() == [0, 6000]


def test_a_counter_of_another_year_is_left_by_a_new_cover() -> None:
    told = tell(
        covered(stays="carry", paid="reset"), claim("a", "2000.00"),
        cover_change("2024-02-01"), claim("late", "3000.00", "2023-12-01"),
    )  # fmt: skip
    assert told.paid() == [80000, 0, 20000]


def test_a_cover_change_that_a_counter_does_not_speak_of_has_no_terms() -> None:
    told = tell(covered(stays="carry"), claim("a", "2000.00"), cover_change(),
                claim("b", "3000.00", "2023-08-01"))  # fmt: skip
    assert told.statuses() == ["settled", "no_terms", "settled"]
    assert told.paid()[2] == 20000


def test_what_was_settled_before_a_cover_change_is_no_longer_cancelled() -> None:
    told = tell(covered(stays="carry", paid="reset"), claim("a", "2000.00"), cover_change(),
                cancel("a"), claim("b", "10.00", "2023-08-01"), cancel("b", "undo b"))  # fmt: skip
    assert told.statuses()[2:] == ["reversal_not_last", "settled", "settled"]


def test_only_money_can_be_converted() -> None:
    with pytest.raises(PolicyError, match="counter_converted"):
        tell(covered(stays={"convert": "50%"}, paid="carry"), claim("a", "1.00"))


def register(name: str = "chronic", **more: Any) -> Record:
    since = {"id": "record", "registration": name, "from": date(2023, 3, 1)}
    return {"kind": "registration", **since, **more}


def gated(kind: str = "registration", per: str = "disease") -> Record:
    given = policy(HALF, requires="chronic")
    return given | {"registrations": {"chronic": {"kind": kind, "per": per}}}


@pytest.mark.parametrize(
    ("on", "status"),
    [("2023-02-28", "not_registered"), ("2023-03-01", "settled"), ("2023-06-30", "settled"),
     ("2023-07-01", "not_registered")],
)  # fmt: skip
def test_a_benefit_is_taken_only_on_the_days_of_the_registration(on: str, status: str) -> None:
    told = tell(gated(), register(disease="E11", until=date(2023, 6, 30)),
                claim("a", "100.00", on, disease="E11"))  # fmt: skip
    assert told.statuses() == ["settled", status]


def test_a_registration_holds_for_its_disease_alone() -> None:
    told = tell(gated(), register(disease="E11"), claim("a", "100.00", disease="I10"))
    assert told.statuses()[1] == "not_registered"


def test_a_registration_holds_at_its_institution_alone() -> None:
    told = tell(
        gated(per="institution"),
        register(institution="H1"),
        claim("a", "1.00", institution="H2"),
        claim("b", "1.00", institution="H1"),
    )
    assert told.statuses()[1:] == ["not_registered", "settled"]


def test_a_later_record_replaces_the_earlier_one() -> None:
    again = register(disease="E11", id="again") | {"from": date(2024, 1, 1)}
    told = tell(gated(), register(disease="E11"), again, claim("a", "100.00", disease="E11"))
    assert told.statuses()[2] == "not_registered"


def test_shape_39_treatment_is_not_settled_before_the_injury_is_recognised() -> None:
    told = tell(gated("recognition", "person"), claim("a", "100.00"), register(),
                claim("b", "100.00"))  # fmt: skip
    assert told.statuses() == ["not_recognised", "settled", "settled"]


def test_shape_39_treatment_is_paid_in_full_within_the_catalogue() -> None:
    # 8765.43 of which 765.43 is off the list: the fund pays 8000.
    rules = policy(layer((None, "100%"), fund="injury"), requires="injury")
    rules |= {"registrations": {"injury": {"kind": "recognition", "per": "person"}}}
    told = tell(rules, register("injury"), claim("a", "8765.43", self_pay_off_list="765.43"))
    assert told.paid("injury")[1] == 800000
    assert told.fen("person_total")[1] == 76543


def test_a_benefit_may_not_require_what_is_not_declared() -> None:
    with pytest.raises(PolicyError, match="unknown_registration"):
        tell(policy(HALF, requires="chronic"), claim("a", "1.00"))


def apply(year: int = 2023, on: str = "2024-02-15", **more: Any) -> Record:
    day = date.fromisoformat(on)
    return {"id": "apply", "kind": "application", "benefit": "second", "year": year,
            "settled": day} | more  # fmt: skip


def assisted(when: str = "after_year", application: Record | None = None, **terms: Any) -> Record:
    """Return stays at 50 % and, on application, a second round of 40 % above 5000."""
    basic = layer((None, "50%"), feeds={"in_scope": "base"})
    own = burden(
        (None, "0%"), name="own", feeds={"own_burden": "base"}, base=["copay.basic"],
        pays_off=["copay.basic"],
    )  # fmt: skip
    given = policy(basic, own, counters="in_scope own_burden second_paid stays_second")
    second = layer((None, "40%"), name="second", fund="assistance") | {
        "deductible": per_stay("5000.00")
    } | terms  # fmt: skip
    asked = {"base": ["own_burden"], "when": when} | (application or {})
    given["benefits"]["second"] = {
        "application": asked,
        "history": [
            {"from": date(2023, 1, 1), "reviewed_until": date(2024, 12, 31),
             "ordinal": "stays_second", "layers": [second]}
        ],
    }  # fmt: skip
    return given


def test_shape_27_a_second_round_is_paid_on_the_years_burden_on_application() -> None:
    # 118500 at 50 % leaves 59250; (59250 - 5000) x 40 % = 21700.
    told = tell(assisted(), claim("a", "118500.00"), apply())
    assert told.paid("assistance") == [0, 2170000]
    assert told.fen("cash_paid")[1] == -2170000
    assert told.fen("deductible_paid")[1] == 500000
    assert told.fen("total")[1] == 0


def test_shape_32_what_own_payments_exceed_a_tenth_of_the_cost_by_is_topped_up() -> None:
    # 30000 in scope, 15000 borne: 15000 - 10 % x 30000 = 12000.
    top_up: Record = {
        "deductible": {"method": "share_of_counter", "share": "10%", "of": "in_scope"},
        "bands": bands((None, "100%")),
    }
    told = tell(assisted(**top_up), claim("a", "20000.00"), claim("b", "10000.00"), apply())
    assert told.paid("assistance")[2] == 1200000


def test_shape_32_what_other_counters_hold_is_taken_off_first() -> None:
    # 15000 borne less 9000 assisted leaves 6000: (6000 - 5000) x 40 % = 400.
    told = tell(
        assisted(application={"less": ["second_paid"]}), claim("a", "30000.00"), apply(),
        state={"year": 2023, "counters": {"second_paid": "9000.00"}},
    )  # fmt: skip
    assert told.paid("assistance")[1] == 40000


def test_shape_32_an_application_has_its_own_yearly_cap() -> None:
    caps = capped("1000.00", counter="second_paid")
    told = tell(assisted(caps=caps), claim("a", "60000.00"), apply())
    assert told.paid("assistance")[1] == 100000
    assert told.counters()["second_paid"] == 100000


def test_an_application_is_paid_by_the_year_that_it_names() -> None:
    told = tell(assisted(), claim("a", "118500.00"), claim("b", "60000.00", "2024-01-10"),
                apply())  # fmt: skip
    assert told.paid("assistance")[2] == 2170000


@pytest.mark.parametrize(
    ("when", "on", "status"),
    [("after_year", "2023-12-31", "application_too_early"), ("after_year", "2024-01-01", "settled"),
     ("any_time", "2023-06-01", "settled")],
)  # fmt: skip
def test_an_application_may_have_to_wait_for_the_end_of_the_year(
    when: str, on: str, status: str
) -> None:
    told = tell(assisted(when), claim("a", "118500.00"), apply(on=on))
    assert told.statuses()[1] == status


def test_a_benefit_is_applied_for_once_a_year() -> None:
    told = tell(assisted(), claim("a", "118500.00"), apply(), apply(id="again"))
    assert told.statuses()[2] == "applied_already"


def test_a_closed_year_does_not_refuse_an_application() -> None:
    told = tell(assisted(), claim("a", "118500.00"), year_close(2023), apply())
    assert told.paid("assistance")[2] == 2170000


def test_a_claim_under_a_paid_application_is_cancelled_only_after_it() -> None:
    told = tell(assisted(), claim("a", "118500.00"), apply(), cancel("a", "too early"),
                cancel("apply", "undo the application"), cancel("a"))  # fmt: skip
    assert told.statuses()[2:] == ["reversal_not_last", "settled", "settled"]
    assert told.paid("assistance")[3] == -2170000
    assert told.fen("cash_paid")[3] == 2170000


def test_an_application_cancelled_can_be_made_again() -> None:
    told = tell(assisted(), claim("a", "118500.00"), apply(), cancel("apply"),
                claim("late", "2000.00", "2023-12-01"), apply(id="again"))  # fmt: skip
    # 1000 more burden: (60250 - 5000) x 40 % = 22100.
    assert told.paid("assistance")[4] == 2210000


def test_nothing_borne_is_paid_nothing() -> None:
    assert tell(assisted(), apply()).paid("assistance") == [0]


@pytest.mark.parametrize(("year", "status"), [(2022, "no_policy"), (2025, "policy_not_reviewed")])
def test_an_application_has_the_terms_of_the_end_of_its_year(year: int, status: str) -> None:
    assert tell(assisted(), apply(year, "2026-02-01")).statuses() == [status]


def test_an_application_knows_no_level() -> None:
    by_level: Record = {"deductible": per_stay({"L1": "1.00", "L3": "2.00"})}
    assert tell(assisted(**by_level), apply()).statuses() == ["no_terms"]


def test_the_list_of_allowances_names_an_application_with_both_years() -> None:
    case = {"policy": assisted(), "person": {"class": "active"},
            "events": [claim("a", "118500.00"), apply()]}  # fmt: skip
    answer = settle_case(case)
    years = {"benefit_year": 2023, "fund_year": 2024}
    assert answer["allowances"] == [
        {"event": "apply", "kind": "second", "payer": "assistance", "amount_fen": 2170000} | years
    ]
    assert years.items() <= answer["settlements"][1].items()


@pytest.mark.parametrize(
    "wrong",
    [
        {"application": {"base": ["nobody"]}},
        {"application": {"base": ["stays_second"]}},
        {"mode": "incremental", "total": "second_paid", "deductible": NONE, "takes": "burden",
         "pays_off": ["covered"]},
    ],
)  # fmt: skip
def test_an_application_that_does_not_hold_together_is_refused(wrong: Record) -> None:
    with pytest.raises(PolicyError):
        tell(assisted(**wrong), apply())


def test_a_benefit_has_visits_or_is_applied_for() -> None:
    given = policy(HALF)
    given["benefits"]["inpatient"] = benefit(HALF) | {
        "application": {"base": ["paid"], "when": "any_time"}
    }
    with pytest.raises(PolicyError, match="benefit_taken"):
        tell(given, claim("a", "1.00"))


def test_an_application_for_an_unknown_benefit_is_refused() -> None:
    with pytest.raises(ClaimError, match="second"):
        tell(assisted(), apply(benefit="third"))
