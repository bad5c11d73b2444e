"""Whole person-years worked by hand: each event's working stands beside the figures it reaches."""

from pathlib import Path

import pytest

from engine.settlement.case import settle_case
from pipelines.policy.golden import differences
from tests.golden.golden_files import golden_paths, read_golden

PERSON_YEARS = golden_paths("person_years")


def by_name(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", PERSON_YEARS, ids=by_name)
def test_a_person_year_settles_as_worked_by_hand(path: Path) -> None:
    golden = read_golden(path)
    settlements = {answer["event"]: answer for answer in settle_case(golden["case"])["settlements"]}
    compared = [entry for entry in golden["expected"] if "status" in entry]
    assert [
        line for entry in compared for line in differences(entry, settlements[entry["event"]])
    ] == []


@pytest.mark.parametrize("path", PERSON_YEARS, ids=by_name)
def test_every_event_of_a_person_year_has_its_working(path: Path) -> None:
    golden = read_golden(path)
    events = [event["id"] for event in golden["case"]["events"]]
    assert [entry["event"] for entry in golden["expected"] if entry["working"]] == events


@pytest.mark.parametrize("path", PERSON_YEARS, ids=by_name)
def test_every_claim_and_cancellation_of_a_person_year_states_its_outcome(path: Path) -> None:
    golden = read_golden(path)
    silent = {entry["event"] for entry in golden["expected"] if "status" not in entry}
    moving = {
        event["id"]
        for event in golden["case"]["events"]
        if event.get("kind", "claim") in {"claim", "cancel"}
    }
    assert silent & moving == set()


@pytest.mark.parametrize("path", PERSON_YEARS, ids=by_name)
def test_a_person_year_has_at_least_six_events(path: Path) -> None:
    assert len(read_golden(path)["case"]["events"]) >= 6


def test_at_least_twelve_person_years_are_worked() -> None:
    assert len(PERSON_YEARS) >= 12
