"""A claim by hand goes its closed way: papers, entry, check, settlement, another person, money."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from engine.cases.life_cycle import FIRST, CaseEvent, check_follows, life_cycles
from engine.cases.manual import CHECKS, KIND, LIFE, ManualClaim, follow, terms
from engine.errors import CaseError
from engine.workdays import published_calendar

MARCH_1, MARCH_4 = date(2024, 3, 1), date(2024, 3, 4)
FOUR = ["receipt", "itemised_list", "diagnosis", "records"]


def event(name: str, actor: str = "clerk", on: date = MARCH_4, **content: Any) -> CaseEvent:
    return CaseEvent(name, on, actor, content)


RECEIVED = event("received", on=MARCH_1, kind="medical", papers=FOUR)
ENTERED = event("entered", invoices=["1"])
CHECKED = event("checked", found=[])
SETTLED = event("settled", settlement="S1")
APPROVED = event("approved", "reviewer")
WAY = [RECEIVED, ENTERED, CHECKED, SETTLED, APPROVED, event("order_sent"), event("paid")]


def told(*events: CaseEvent) -> ManualClaim:
    return LIFE.fold(events)


def refusal(*events: CaseEvent) -> str:
    *before, last = events
    claim = LIFE.fold(before) if before else None
    with pytest.raises(CaseError) as caught:
        follow(claim, last)
    return caught.value.code


def test_a_claim_goes_from_papers_to_money() -> None:
    claim = told(*WAY)
    assert claim.last.event == "paid"
    assert claim.settlement == {"settlement": "S1"}
    assert claim.decided


@pytest.mark.parametrize("kind", life_cycles())
def test_every_event_of_a_life_cycle_can_be_reached(kind: str) -> None:
    cycle = life_cycles()[kind]
    reached, frontier = set(cycle[FIRST]), set(cycle[FIRST])
    while frontier:
        frontier = set().union(*(cycle[one] for one in frontier)) - reached
        reached |= frontier
    assert reached == set(cycle) - {FIRST}


@pytest.mark.parametrize("before", [None, *sorted(set(life_cycles()[KIND]) - {FIRST})])
@pytest.mark.parametrize("after", sorted(set(life_cycles()[KIND]) - {FIRST}))
def test_only_what_the_table_allows_may_follow(before: str | None, after: str) -> None:
    if after in life_cycles()[KIND][before or FIRST]:
        check_follows(KIND, before, after)
    else:
        with pytest.raises(CaseError) as caught:
            check_follows(KIND, before, after)
        assert caught.value.code == "event_order"


def test_every_check_is_of_an_event_of_the_life_cycle() -> None:
    assert set(CHECKS) <= set(life_cycles()[KIND])


def test_medical_claims_need_four_papers_and_allowances_the_records_alone() -> None:
    assert {kind: len(one.papers) for kind, one in terms().items()} == {
        "medical": 4,
        "allowance": 1,
        "work_injury": 4,
    }
    assert terms()["allowance"].papers == {"records"}


# After Friday 1 March 2024: four weeks to 29 March are twenty, 1 to 3 April three more,
# Sunday 7 to 12 April six more, Monday 15 April the thirtieth.
@pytest.mark.parametrize(
    ("kind", "due"),
    [
        ("allowance", date(2024, 3, 15)),
        ("work_injury", date(2024, 3, 29)),
        ("medical", date(2024, 4, 15)),
    ],
)
def test_a_claim_is_decided_within_its_working_days(kind: str, due: date) -> None:
    claim = told(event("received", on=MARCH_1, kind=kind, papers=["records"]))
    assert claim.deadline(published_calendar()).due == due


def test_no_paper_is_taken_that_the_law_does_not_ask_for() -> None:
    more = [*FOUR, "certificate_of_residence"]
    assert refusal(event("received", kind="medical", papers=more)) == "paper_not_asked_for"
    assert refusal(event("received", kind="allowance", papers=FOUR)) == "paper_not_asked_for"


def test_a_claim_is_of_a_known_kind() -> None:
    assert refusal(event("received", kind="funeral", papers=[])) == "claim_kind"


def test_a_claim_is_entered_when_its_papers_are_complete() -> None:
    some = event("received", on=MARCH_1, kind="medical", papers=FOUR[:3])
    assert told(some).missing == ["records"]
    assert refusal(some, ENTERED) == "papers_missing"
    more = event("papers_added", papers=["records"])
    assert told(some, more, ENTERED).entry == {"invoices": ["1"]}


def test_a_later_paper_does_not_move_the_deadline() -> None:
    some = event("received", on=MARCH_1, kind="allowance", papers=[])
    later = told(some, event("papers_added", on=date(2024, 3, 11), papers=["records"]))
    assert later.deadline(published_calendar()).due == date(2024, 3, 15)


def test_a_claim_with_a_finding_is_not_settled_but_refused_by_another_person() -> None:
    found = replace(CHECKED, content={"found": ["invoice 1 is of claim M7"]})
    before = (RECEIVED, ENTERED, found)
    assert refusal(*before, SETTLED) == "not_clear"
    refused = event("refused", "reviewer", reason="invoice used before")
    assert told(*before, refused).decided


@pytest.mark.parametrize("name", ["approved", "sent_back"])
def test_who_has_worked_on_a_claim_does_not_decide_it(name: str) -> None:
    before = (RECEIVED, ENTERED, CHECKED, event("settled", "second clerk", settlement="S1"))
    assert refusal(*before, event(name, "clerk", reason="r")) == "same_person"
    assert refusal(*before, event(name, "second clerk", reason="r")) == "same_person"
    assert told(*before, event(name, "reviewer", reason="r")).last.event == name


@pytest.mark.parametrize("name", ["sent_back", "refused"])
def test_sending_back_and_refusing_need_a_reason(name: str) -> None:
    before = (RECEIVED, ENTERED, CHECKED) + ((SETTLED,) if name == "sent_back" else ())
    assert refusal(*before, event(name, "reviewer", reason=" ")) == "no_reason"


def test_a_claim_that_is_sent_back_has_no_settlement_any_more() -> None:
    back = event("sent_back", "reviewer", reason="wrong total")
    claim = told(RECEIVED, ENTERED, CHECKED, SETTLED, back)
    assert claim.settlement == {}
    again = told(RECEIVED, ENTERED, CHECKED, SETTLED, back, ENTERED, CHECKED, SETTLED, APPROVED)
    assert again.last == APPROVED


def test_an_event_does_not_lie_before_the_last() -> None:
    assert refusal(RECEIVED, replace(ENTERED, on=date(2024, 2, 29))) == "event_day"
