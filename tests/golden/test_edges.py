"""Single rules at their edges, worked by hand: a fen, a day more or less, a cap that is used up."""

from pathlib import Path

import pytest

from engine.settlement.case import settle_case
from pipelines.policy.golden import differences
from tests.golden.golden_files import golden_paths, read_golden

EDGES = golden_paths("edges")


@pytest.mark.parametrize("path", EDGES, ids=lambda path: path.stem)
def test_a_rule_settles_at_its_edge_as_worked_by_hand(path: Path) -> None:
    golden = read_golden(path)
    settlements = {answer["event"]: answer for answer in settle_case(golden["case"])["settlements"]}
    assert [
        line
        for entry in golden["expected"]
        for line in differences(entry, settlements[entry["event"]])
    ] == []


@pytest.mark.parametrize("path", EDGES, ids=lambda path: path.stem)
def test_every_event_at_an_edge_has_its_working(path: Path) -> None:
    golden = read_golden(path)
    events = [event["id"] for event in golden["case"]["events"]]
    assert [entry["event"] for entry in golden["expected"] if entry["working"]] == events
