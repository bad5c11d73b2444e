"""Examples that bureaux, newspapers and exercises published: the engine reaches their figures."""

from pathlib import Path

import pytest

from engine.policy.reader import read_document
from engine.settlement.case import settle_case
from pipelines.policy.golden import differences
from tests.golden.golden_files import FUNDS, GOLDEN, POLICIES, Record, golden_paths, read_golden

WORKED = golden_paths("worked")
WITH_POLICY = [*WORKED, *golden_paths("person_years"), *golden_paths("edges")]
ALL = [*WITH_POLICY, *golden_paths("places")]


def by_name(path: Path) -> str:
    return path.stem


def settled(golden: Record) -> list[Record]:
    return [entry for entry in golden["expected"] if entry.get("status") == "settled"]


@pytest.mark.parametrize("path", WORKED, ids=by_name)
def test_a_published_example_settles_to_its_printed_figures(path: Path) -> None:
    golden = read_golden(path)
    settlements = {answer["event"]: answer for answer in settle_case(golden["case"])["settlements"]}
    expected = golden["expected"]
    assert [
        line for entry in expected for line in differences(entry, settlements[entry["event"]])
    ] == []


@pytest.mark.parametrize("path", ALL, ids=by_name)
def test_a_golden_file_is_named_by_its_id(path: Path) -> None:
    assert read_golden(path)["id"] == path.stem


@pytest.mark.parametrize("path", ALL, ids=by_name)
def test_every_settlement_asserts_a_fund_and_the_persons_part(path: Path) -> None:
    entries = settled(read_golden(path))
    assert entries
    assert [e["event"] for e in entries if not (e.keys() & FUNDS and "person_total" in e)] == []


@pytest.mark.parametrize("path", WORKED, ids=by_name)
def test_a_worked_example_expects_every_event_and_cites_its_page(path: Path) -> None:
    golden = read_golden(path)
    events = [event["id"] for event in golden["case"]["events"]]
    assert [entry["event"] for entry in golden["expected"]] == events
    assert golden["source"].keys() == {"title", "url", "kind"}
    assert golden["confidence"] in {"high", "medium", "low"}


def test_at_least_twenty_examples_are_worked() -> None:
    assert len(WORKED) >= 20


def test_every_golden_file_is_picked_up() -> None:
    others = {*POLICIES.glob("*.yaml"), *ALL}
    assert set(GOLDEN.rglob("*.y*ml")) == others


def test_every_golden_policy_serves_a_case() -> None:
    named = {read_document(path).value["case"]["policy"] for path in WITH_POLICY}
    assert named == {path.name for path in POLICIES.glob("*.yaml")} - {"sources.yaml"}


def test_every_source_that_a_golden_policy_cites_is_listed() -> None:
    listed = set(read_document(POLICIES / "sources.yaml").value["sources"])
    cited = {entry["source"] for path in WITH_POLICY for entry in entries_of(read_golden(path))}
    assert cited == listed


def entries_of(golden: Record) -> list[Record]:
    policy = golden["case"]["policy"]
    granted = [*policy.get("benefits", {}).values(), *policy.get("allowances", {}).values()]
    histories = [benefit["history"] for benefit in granted]
    return [entry for history in [*histories, policy.get("lines", [])] for entry in history]


def test_a_wrong_amount_status_step_or_sum_is_a_difference() -> None:
    settlement = {
        "event": "stay",
        "status": "settled",
        "covered_fen": 900,
        "pool_paid_fen": 500,
        "steps": [{"rule": "inpatient.basic.payment", "amount_fen": 500}],
    }
    rest = {"name": "rest", "of": ["covered", "-inpatient.basic.payment"], "amount": "4.00"}
    right = {
        "event": "stay",
        "status": "settled",
        "pool_paid": "5.00",
        "steps": {"inpatient.basic.payment": "5.00"},
        "sums": [rest],
    }
    assert differences(right, settlement) == []
    for wrong in (
        {"status": "rejected"},
        {"pool_paid": "5.01"},
        {"steps": {"inpatient.basic.payment": "4.99"}},
        {"sums": [rest | {"amount": "4.01"}]},
    ):
        assert len(differences(right | wrong, settlement)) == 1


def test_an_expected_key_that_the_result_lacks_is_a_difference() -> None:
    settlement = {"event": "stay", "status": "settled", "steps": []}
    for key in (
        {"pool_paid": "0.00"},
        {"steps": {"inpatient.basic.payment": "0.00"}},
        {"sums": [{"name": "rest", "of": ["covered"], "amount": "0.00"}]},
    ):
        assert len(differences({"event": "stay", "status": "settled"} | key, settlement)) == 1
