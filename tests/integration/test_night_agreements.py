"""A night settles what an institution may bill, and the counter refuses for the same reasons."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import ClaimError
from engine.policy.book import load_book
from engine.policy.compiler import compile_book
from engine.storage.lake import Lake
from engine.storage.messages import read_message
from engine.storage.posting import post
from tests.integration.night_world import (
    NEXT,
    REGION,
    Bill,
    Record,
    a_bill,
    a_refund,
    a_stay,
    balanced,
    next_day,
)
from tests.integration.register_world import ELSEWHERE, POLICIES, RegisterWorld, covered, filed

PERSONS = [covered("ANNA", 1)]


def agreed(institution: str, care: str = "*", standing: str = "in_force", **days: str) -> Record:
    return {
        "institution_id": institution,
        "care": care,
        "standing": standing,
        "valid_from": "2024-01-01",
        "valid_to": "",
    } | days


AGREEMENTS = [
    agreed("H1", "outpatient"),
    agreed("H3"),
    agreed("H3", standing="suspended", valid_from="2024-03-03", valid_to="2024-03-20"),
]


OTHERS = [agreed("H9")]
"""A register that knows no agreement of the hospitals here."""


def a_world(folder: Path, agreements: list[Record]) -> RegisterWorld:
    return RegisterWorld(
        folder, PERSONS, agreements=agreements, filings=[filed("ANNA", "long_term")]
    )


BILLS: dict[str, tuple[Bill, str]] = {
    "agreed for this care": (a_bill(1, "ANNA", ("A", "100.00")), "settled"),
    "agreed for other care": (
        a_stay(2, "ANNA", ("A", "100.00"), fixmedins_code="H1"),
        "no_agreement",
    ),
    "no agreement": (a_bill(3, "ANNA", ("A", "100.00"), fixmedins_code="H2"), "no_agreement"),
    "suspended while the patient lies there": (
        a_stay(4, "ANNA", ("A", "900.00"), begndate="2024-03-02", enddate="2024-03-09"),
        "settled",
    ),
    "suspended on admission": (
        a_stay(5, "ANNA", ("A", "900.00"), begndate="2024-03-03", enddate="2024-03-09"),
        "agreement_suspended",
    ),
}
VISITS = {"11": "outpatient", "21": "inpatient"}


def at_the_counter(world: RegisterWorld, bill: Bill) -> str:
    """Return what the ledger answers to a bill sent by itself after the night."""
    claim = bill.claim
    request = {
        "sender_id": claim["fixmedins_code"],
        "message_id": f"again-{claim['msgid']}",
        "verb": "settle",
        "person_id": claim["psn_no"],
        "settled_at": "2024-04-02T10:00:00",
        "region": REGION,
        "scheme": "employee",
        "institution_id": claim["fixmedins_code"],
        "visit_id": f"again-{claim['mdtrt_id']}",
        "person": {
            "class": "active",
            "tier": "first",
            "enrolled_months": 50,
            "contribution_years": 30,
            "registered_diseases": 0,
        },
        "event": {
            "visit": VISITS[claim["med_type"]],
            "level": f"L{claim['fixmedins_code'][1]}",
            "begin": claim["begndate"],
            "end": claim["enddate"],
            "total": claim["medfee_sumamt"],
        },
    }
    book = compile_book(load_book(POLICIES))
    message = read_message(json.dumps(request).encode(), book)
    with closing(Lake(world.lake).database) as ledger:
        [answer] = post(ledger, book, [message], 0)
    return answer.code if isinstance(answer, ClaimError) else "settled"


def test_night_and_counter_refuse_what_no_agreement_is_for(tmp_path: Path) -> None:
    world = a_world(tmp_path, AGREEMENTS)
    bills = [bill for bill, _ in BILLS.values()]
    assert balanced(world.night(*bills))
    told = world.rejected()
    by_night = {
        bill.claim["setl_id"]: told.get(f"claims-0.csv:{row}", "settled")
        for row, bill in enumerate(bills, 1)
    }
    assert by_night == {bill.claim["setl_id"]: code for bill, code in BILLS.values()}
    assert set(world.settled()) == {name for name, code in by_night.items() if code == "settled"}
    assert {name: at_the_counter(world, bill) for name, (bill, _) in BILLS.items()} == {
        name: code for name, (_, code) in BILLS.items()
    }


@pytest.mark.parametrize(
    ("changes", "settled"),
    [
        ({"med_type": "13"}, True),
        ({"origin": "manual"}, True),
        ({"mdtrtarea_admvs": ELSEWHERE}, True),
        ({}, False),
    ],
    ids=["an emergency", "paid to the person", "in another region", "as usual"],
)
def test_what_is_asked_for_no_agreement(
    tmp_path: Path, changes: dict[str, str], *, settled: bool
) -> None:
    world = a_world(tmp_path, OTHERS)
    world.night(a_bill(1, "ANNA", ("A", "100.00"), **changes))
    assert ("no_agreement" not in world.rejected().values()) == settled


def test_a_refund_is_let_through_after_the_agreement_has_ended(tmp_path: Path) -> None:
    world = a_world(tmp_path, AGREEMENTS)
    paid = a_bill(1, "ANNA", ("A", "100.00"))
    world.night(paid)
    world.bring(PERSONS, agreements=OTHERS)
    world.night(next_day(a_refund(2, paid)), night=NEXT)
    assert world.amounts("S2") == {name: -fen for name, fen in world.amounts("S1").items()}


def test_an_agreement_that_overlaps_another_of_its_kind_stops_the_night(tmp_path: Path) -> None:
    world = a_world(tmp_path, [agreed("H1"), agreed("H1", valid_from="2024-02-01")])
    with pytest.raises(ClaimError, match="agreements"):
        world.night(a_bill(1, "ANNA", ("A", "100.00")))
