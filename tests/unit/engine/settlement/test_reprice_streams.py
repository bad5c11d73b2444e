"""Claims whose cost takes ways of its own are settled again from their traces alone."""

import datetime

import numpy as np
import pytest

from engine.claims.columns import STREAMS_COUNT, UFEN, Bucket, Stream
from engine.settlement.reprice import SPLIT_WIDTH, Correction, reprice
from tests.repricing import paid_of, void
from tests.unit.engine.settlement.stories import Record, claim, credit, layer, policy, tell

DAYS = {"from": datetime.date(2023, 1, 1), "reviewed_until": datetime.date(2023, 12, 31)}
FINAL: Record = {
    "name": "implants",
    "fund": "other",
    "base": ["final_share"],
    "takes": "final_share",
    "mode": "per_claim",
    "deductible": {"method": "none"},
    "rounding": "layer",
}
CITY = policy(
    layer((None, "80%")),
    FINAL,
    layer((None, "70%"), name="drugs", fund="large_amount", base=["separate"]),
    home_first_share={"share": {"local": "0%", "away": "10%"}},
    account={"before": {"basic": ["covered"]}, "pays": ["copay.drugs", "excluded"]},
) | {
    "filings": {"local": ["local"], "away": ["transfer"]},
    "lines": [{**DAYS, "unknown_item": "self_pay", "class_b_first_share": "20%"}],
}
BILL: list[Record] = [
    {"class": "A", "amount": "1000.00"},
    {"class": "B", "amount": "500.00", "stream": "final_share", "last_share": "40%"},
    {"class": "B", "amount": "100.00", "stream": "separate"},
    {"class": "A", "amount": "30.00", "stream": "excluded"},
    {"class": "C", "amount": "7.00"},
]
AWAY = claim("a", lines=BILL, filing="transfer", account_used=True)


@pytest.mark.parametrize("balance", ["0.00", "50.00", "5000.00"])
def test_a_voided_claim_gives_back_what_each_fund_paid(balance: str) -> None:
    told = tell(CITY, credit(balance), AWAY)
    paid = paid_of(told.settled, np.array([1]), np.array([True]))
    back = reprice(told.book, paid, void(1))
    names = ("pool", "other", "large_amount")
    assert [-int(fen) for fen in back.funds[0][[0, 8, 1]]] == [told.paid(name)[1] for name in names]
    assert -back.account[0] == told.fen("account_paid")[1]
    assert -back.cash[0] == told.fen("cash_paid")[1]


def test_a_line_of_another_stream_moved_off_the_list_costs_its_own_fund() -> None:
    told = tell(CITY, AWAY)
    paid = paid_of(told.settled, np.array([0]), np.array([True]))
    split = np.zeros((1, SPLIT_WIDTH), dtype=np.int64)
    buckets = np.zeros((STREAMS_COUNT, len(Bucket)), dtype=np.int64)
    # The line of 500.00: 100.00 of first share, 400.00 in scope of which the fund bears 240.00.
    buckets[Stream.FINAL_SHARE, Bucket.FIRST_SHARE] = 10_000
    buckets[Stream.FINAL_SHARE, Bucket.COVERED] = 40_000
    split[0, 0], split[0, 1:] = 24_000 * UFEN, buckets.ravel()
    change = reprice(told.book, paid, Correction(np.array([False]), split))
    assert (change.funds[0, 8], change.funds[0].sum(), change.cash[0]) == (-24_000, -24_000, 24_000)
