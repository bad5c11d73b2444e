"""Who joins anew waits: figures of a policy that lets employees of one tier wait three months."""

from datetime import date
from typing import Any

import pytest

from engine.errors import PolicyError
from engine.policy.book import parse_scheme
from engine.settlement.case import settle_case
from tests.strategies import dump_yaml
from tests.unit.engine.settlement.stories import layer, policy

Record = dict[str, Any]
SOURCE = {"title": "made up for the tests", "url": "https://example.invalid/"}
NOTHING_DUE = {"method": "none"}


def waiting(**changes: Any) -> Record:
    """Return terms by which the self-employed wait three months, emergencies apart."""
    return {"tiers": ["own"], "months": 3, "bridged_days": 30, "excepted": ["emergency"]} | changes


def terms(*said: Record, **changes: Any) -> Record:
    """Return a policy that pays 80% of stays and emergencies, and lets people wait."""
    given = policy(layer((None, "80%"), deductible=NOTHING_DUE))
    benefit = next(iter(given["benefits"].values()))
    last = max(entry["reviewed_until"] for entry in benefit["history"])
    first = min(entry["from"] for entry in benefit["history"])
    entry = {"from": first, "reviewed_until": last, "waiting": list(said), "source": SOURCE}
    benefit["visits"] = ["inpatient", "emergency"]
    return given | {"tiers": ["employed", "own"], "entitlement": [entry | changes]}


def told(given: Record, begin: date, **facts: Any) -> str | int:
    """Return what becomes of 1,000.00 yuan of care begun on a day: a code, or what is paid."""
    visit = facts.pop("visit", "inpatient")
    person = {"class": next(iter(given["person_classes"])), "tier": "own"} | facts
    claim = {"visit": visit, "level": given["levels"][0], "begin": begin, "end": begin}
    case = {"policy": given, "person": person, "events": [claim | {"total": "1000.00"}]}
    [one] = settle_case(case)["settlements"]
    return str(one["code"]) if one["status"] == "rejected" else int(one["pool_paid_fen"])


JOINED = date(2023, 3, 31)


# Three months from 31 March end on 30 June, for there is no 31 June.
@pytest.mark.parametrize(
    ("begin", "outcome"),
    [(date(2023, 6, 29), "waiting_period"), (date(2023, 6, 30), 800_00)],
)
def test_care_begun_in_the_wait_is_refused(begin: date, outcome: str | int) -> None:
    assert told(terms(waiting()), begin, insured_from=JOINED) == outcome


# Ninety days from 31 March: one of March, 30 of April, 31 of May, 28 of June; 29 June is the first.
@pytest.mark.parametrize(
    ("begin", "outcome"),
    [(date(2023, 6, 28), "waiting_period"), (date(2023, 6, 29), 800_00)],
)
def test_a_wait_may_be_counted_in_days(begin: date, outcome: str | int) -> None:
    said = waiting(days=90)
    del said["months"]
    assert told(terms(said), begin, insured_from=JOINED) == outcome


def test_who_is_of_another_tier_does_not_wait() -> None:
    given = terms(waiting())
    assert told(given, date(2023, 4, 2), insured_from=JOINED, tier="employed") == 800_00


def test_an_excepted_kind_of_visit_is_paid_for_in_the_wait() -> None:
    given = terms(waiting())
    assert told(given, date(2023, 4, 2), insured_from=JOINED, visit="emergency") == 800_00


def test_where_nothing_says_when_cover_began_the_claim_waits_to_be_told() -> None:
    assert told(terms(waiting()), date(2023, 6, 30)) == "cover_start_unknown"


def test_the_first_waiting_period_that_fits_holds() -> None:
    given = terms(waiting(months=1), waiting(months=6, tiers=[]))
    on = date(2023, 5, 2)
    assert told(given, on, insured_from=JOINED) == 800_00
    assert told(given, on, insured_from=JOINED, tier="employed") == "waiting_period"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"waiting": [waiting(tiers=["nobody"])]}, "unknown_member"),
        ({"waiting": [waiting(excepted=["nothing"])]}, "unknown_visit"),
        ({"waiting": [waiting(days=90)]}, "shape"),
        ({"reviewed_until": date(2023, 6, 30)}, "dates"),
        ({"agreement": {"asked_on": "noon"}}, "shape"),
    ],
    ids=["tier", "visit", "months and days", "reviewed for less", "day"],
)
def test_terms_that_cannot_hold_are_refused(changes: Record, code: str) -> None:
    given = terms(waiting(), **changes)
    with pytest.raises(PolicyError) as refused:
        parse_scheme(dump_yaml(given), "policy")
    assert refused.value.code == code
