"""Repricing, with figures worked by hand."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from engine.claims.columns import FUNDS_COUNT, STEP_LAYER, STEP_WIDTH, Bucket, Result, Step
from engine.codes.enums import Fund
from engine.errors import InvariantError
from engine.periods import day_number
from engine.settlement.reprice import Correction, reprice
from tests.repricing import as_table, moving, paid_of, void
from tests.unit.engine.settlement.stories import (
    Record,
    Told,
    capped,
    claim,
    credit,
    layer,
    per_stay,
    policy,
    tell,
)

pytestmark = pytest.mark.kernel

CITY = policy(
    layer(
        ("1000.00", "80%"),
        (None, "90%"),
        deductible=per_stay(["100.00", "50.00"]),
        caps=capped("2000.00", counter="pool_paid"),
    ),
    layer((None, "50%"), name="large", fund="large_amount", base=["over_cap.basic"]),
    counters="stays pool_paid",
    ordinal="stays",
    account={"pays": ["deductible.basic", "copay.basic"]},
)
SPENT = claim("before", "1860.00")
"""Pays 720.00 + 774.00 = 1,494.00 and leaves 506.00 of the cap."""


def differences(told: Told, event: int, correction: Correction, *, account: bool = False) -> Record:
    """Return what the correction of an event changes, in fen, by payer; zeros left out."""
    paid = paid_of(told.settled, np.array([event]), np.array([account]))
    row = as_table(reprice(told.book, paid, correction))[0]
    names = [*(fund.name.lower() for fund in Fund), "account", "cash"]
    return {name: int(fen) for name, fen in zip(names, row, strict=True) if fen}


def from_bucket(bucket: Bucket, fen: int) -> Correction:
    moved = np.zeros((1, len(Bucket)), dtype=np.int64)
    moved[0, bucket] = fen
    return moving(moved)


def test_a_voided_claim_gives_back_every_payer_s_part() -> None:
    told = tell(CITY, SPENT, claim("again", "1000.00"))
    # 506.00 is the cap left; 50 + 506 / 0.8 = 682.50 consumed; 317.50 above pays 158.75.
    assert told.paid() == [149_400, 50_600]
    assert differences(told, 1, void(1)) == {
        "pool": -50_600,
        "large_amount": -15_875,
        "cash": -33_525,
    }


def test_a_voided_claim_gives_the_account_its_part_back() -> None:
    told = tell(CITY, credit("100.00"), claim("a", "600.00", account_used=True))
    # (600 - 100) x 80 % = 400; of the 200 left the account pays 100.
    assert differences(told, 1, void(1), account=True) == {
        "pool": -40_000,
        "account": -10_000,
        "cash": -10_000,
    }


def test_a_line_moved_off_the_list_costs_the_fund_the_rate_of_its_band() -> None:
    told = tell(CITY, claim("a", "1860.00"))
    # 360 of the covered cost lie above 1,000: 360 x 90 % = 324.
    changed = differences(told, 0, from_bucket(Bucket.COVERED, 36_000))
    assert changed == {"pool": -32_400, "cash": 32_400}


def test_a_line_moved_across_a_band_takes_from_both() -> None:
    told = tell(CITY, claim("a", "1300.00"))
    # 300 x 90 % + 300 x 80 % = 510.
    changed = differences(told, 0, from_bucket(Bucket.COVERED, 60_000))
    assert changed == {"pool": -51_000, "cash": 51_000}


def test_a_line_moved_under_a_cap_takes_less_than_its_rate() -> None:
    told = tell(CITY, SPENT, claim("b", "1000.00"))
    # Of 600 the pool pays 550 x 80 % = 440 instead of 506, and nothing passes its cap.
    changed = differences(told, 1, from_bucket(Bucket.COVERED, 40_000))
    assert changed == {"pool": -6_600, "large_amount": -15_875, "cash": 22_475}


def test_the_account_pays_as_much_while_its_balance_is_short_either_way() -> None:
    told = tell(CITY, credit("100.00"), claim("a", "600.00", account_used=True))
    # Of 300 the pool pays 160 instead of 400; the account pays 100 of the 140 left.
    changed = differences(told, 1, from_bucket(Bucket.COVERED, 30_000), account=True)
    assert changed == {"pool": -24_000, "cash": 24_000}


def test_what_a_patient_bore_already_moves_for_nothing() -> None:
    told = tell(CITY, claim("a", "1000.00", self_pay_first_share="40.00"))
    assert differences(told, 0, from_bucket(Bucket.FIRST_SHARE, 4_000)) == {}
    assert differences(told, 0, from_bucket(Bucket.OFF_LIST, 0)) == {}


def test_claims_are_priced_each_by_itself_however_often_they_stand() -> None:
    told = tell(CITY, SPENT, claim("b", "1000.00"))
    rows = np.array([1, 0, 1])
    paid = paid_of(told.settled, rows, np.full(3, False))
    priced = reprice(told.book, paid, void(3))
    funds = told.settled.results[rows, Result.FUND : Result.FUND + FUNDS_COUNT]
    assert (priced.funds == -funds).all()


def test_no_claims_have_no_differences() -> None:
    told = tell(CITY, SPENT)
    paid = paid_of(told.settled, np.zeros(0, np.int64), np.full(0, False))
    assert as_table(reprice(told.book, paid, void(0))).shape == (0, FUNDS_COUNT + 2)


@pytest.mark.parametrize("scope", ["level", "disease", "institution"])
@pytest.mark.parametrize("time", ["year", "month", "life"])
def test_the_state_before_is_found_whatever_the_scope_of_its_counter(time: str, scope: str) -> None:
    given = policy(
        layer((None, "80%"), caps=capped("500.00", counter="paid")),
        counters=f"paid:{time}+{scope}",
    )
    named = {"disease": "E11", "institution": "H1"}
    told = tell(given, claim("a", "400.00", **named), claim("b", "400.00", **named))
    # 320 paid before, so 180 are left of the cap; 200 more would have been paid below it.
    assert told.paid() == [32_000, 18_000]
    changed = differences(told, 1, from_bucket(Bucket.COVERED, 20_000))
    assert changed == {"pool": -2_000, "cash": 2_000}


# --- what is not restored exactly is refused


@pytest.mark.parametrize("slot", ["stays", "pool_paid"])
def test_a_state_that_does_not_give_what_was_paid_is_refused(slot: str) -> None:
    told = tell(CITY, SPENT, claim("b", "1000.00"))
    paid = paid_of(told.settled, np.array([1]), np.array([False]))
    feeds = np.flatnonzero(paid.trace[::STEP_WIDTH] % STEP_LAYER == Step.FEED)
    at = feeds[told.book.infos[0].slots.index(slot)]
    paid.trace[at * STEP_WIDTH + 1] += 1
    with pytest.raises(InvariantError, match="differs from what was paid"):
        reprice(told.book, paid, void(1))


def test_a_step_that_is_not_taken_again_is_refused() -> None:
    told = tell(CITY, SPENT)
    paid = paid_of(told.settled, np.array([0]), np.array([False]))
    shorter = replace(
        paid, trace=paid.trace[STEP_WIDTH:], trace_first=np.array([0, len(paid.trace) - STEP_WIDTH])
    )
    with pytest.raises(InvariantError, match="takes other steps"):
        reprice(told.book, shorter, void(1))


def test_a_claim_of_another_account_rule_is_refused() -> None:
    told = tell(CITY, credit("100.00"), claim("a", "600.00", account_used=True))
    with pytest.raises(InvariantError, match="differs from what was paid"):
        differences(told, 1, void(1), account=False)


@pytest.mark.parametrize("fen", [-1, 100_001])
def test_no_more_than_a_bucket_holds_can_be_moved(fen: int) -> None:
    told = tell(CITY, claim("a", "1000.00"))
    with pytest.raises(InvariantError, match="more than a bucket holds"):
        differences(told, 0, from_bucket(Bucket.COVERED, fen))


def test_a_claim_whose_terms_ask_for_its_days_and_its_age_is_priced_again_with_them() -> None:
    given = policy(
        layer(
            (None, "70%"),
            deductible={"method": "per_stay", "amount": "100.00", "every_days": 90},
            adjust=[{"points": "1%", "per": "age", "from": 50}],
        )
    )
    born = {"class": "active", "birth_date": date(1963, 1, 1)}
    stay = claim("a", "1200.00", begin=date(2023, 1, 1), end=date(2023, 4, 11))
    told = tell(given, stay, person=born)
    # A hundred days are two periods; sixty years are ten points: (1,200 - 200) x 80 %.
    assert told.paid() == [80_000]
    facts = np.array([[day_number(stay["begin"]), day_number(stay["end"]), 60, 0, 0]])
    paid = paid_of(told.settled, np.array([0]), np.array([False]), facts)
    assert reprice(told.book, paid, void(1)).funds.sum() == -80_000


def test_a_segment_is_priced_again_with_what_the_stay_had_borne() -> None:
    # The stay asks 100, of which its first bill bore 60. The second lies at 60 to 1060 of the stay:
    # 40 are deductible, 900 are paid at 80 % and 60 at 90 %.
    stay = layer(("1000.00", "80%"), (None, "90%"), deductible=per_stay(["100.00", "50.00"]))
    joined = policy(stay, counters="stays", ordinal="stays", segments="one_stay")
    told = tell(
        joined,
        claim("first", "60.00", stay="S", interim=True),
        claim("second", "1000.00", stay="S", segment=2),
    )
    assert told.paid() == [0, 77_400]
    assert differences(told, 1, void(1)) == {"pool": -77_400, "cash": -22_600}
    # 100 off the list: the 60 at 90 % and 40 at 80 % are 86 less.
    assert differences(told, 1, from_bucket(Bucket.COVERED, 10_000)) == {
        "pool": -8_600,
        "cash": 8_600,
    }


def test_a_claim_of_a_registered_person_is_priced_again_as_one() -> None:
    gated = policy(layer((None, "50%")), requires="chronic")
    gated |= {"registrations": {"chronic": {"kind": "registration", "per": "disease"}}}
    record = {"id": "card", "kind": "registration", "registration": "chronic", "disease": "E11"}
    told = tell(gated, record | {"from": date(2023, 1, 1)}, claim("a", "100.00", disease="E11"))
    assert differences(told, 1, void(1)) == {"pool": -5_000, "cash": -5_000}
