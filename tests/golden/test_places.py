"""Stories of the shipped places, worked by hand from their policy files' figures."""

from pathlib import Path

import pytest

from engine.policy.book import load_book
from engine.settlement.case import settle_case
from pipelines.policy.coverage import Coverage, coverage
from pipelines.policy.golden import differences
from tests.golden.golden_files import GOLDEN, golden_paths, read_golden

PLACES = golden_paths("places")


def by_place(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", PLACES, ids=by_place)
def test_a_place_settles_as_worked_by_hand(path: Path) -> None:
    golden = read_golden(path)
    settlements = {answer["event"]: answer for answer in settle_case(golden["case"])["settlements"]}
    assert [
        line
        for entry in golden["expected"]
        for line in differences(entry, settlements[entry["event"]])
    ] == []


@pytest.mark.parametrize("path", PLACES, ids=by_place)
def test_every_event_of_a_place_has_its_working_and_outcome(path: Path) -> None:
    golden = read_golden(path)
    events = [event["id"] for event in golden["case"]["events"]]
    expected = golden["expected"]
    assert [entry["event"] for entry in expected if entry["working"]] == events
    assert [entry["event"] for entry in expected if "status" in entry] == events


@pytest.mark.parametrize("path", PLACES, ids=by_place)
def test_a_story_of_a_place_lies_in_its_regions_folder(path: Path) -> None:
    assert read_golden(path)["case"]["region"] == path.parent.name


@pytest.fixture(scope="module")
def covered() -> Coverage:
    return coverage(load_book(), [GOLDEN])


def test_every_figure_of_every_shipped_place_is_held_by_a_golden_file(covered: Coverage) -> None:
    assert covered.failing == ()
    assert [
        f"{scheme.region} {scheme.scheme} {row.benefit} {row.begins} {row.cell}: {row.figures}"
        for scheme in covered.schemes
        for row in scheme.uncovered
    ] == []
    assert [scheme for scheme in covered.schemes if not scheme.figures] == []
