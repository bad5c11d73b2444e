"""Nights one after another: what is published stays, and what it left is there for the next."""

from datetime import timedelta
from pathlib import Path

import pytest

from engine.errors import ClaimError, StorageError
from pipelines.night import exit_code
from tests.integration.night_world import (
    INPATIENT,
    NEXT,
    NIGHT,
    World,
    a_bill,
    a_stay,
    balanced,
    deliver,
    next_day,
)

STAY = a_stay(1, "E1", ("A", "10000.00"), acct_used_flag="1")
VISIT = a_bill(2, "E2", ("A", "500.00"))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_night_without_claims_is_published_and_the_next_one_follows_it(world: World) -> None:
    empty = world.night()
    assert empty["input"] == empty["settled"] == {"claims": 0, "lines": 0}
    assert empty["totals"]["total_fen"] == 0
    assert exit_code(empty) == 0
    again = world.night(next_day(VISIT), night=NEXT)
    assert again["settled"] == {"claims": 1, "lines": 1}
    assert world.table("settlements")["night"].to_list() == ["2024-04-01"]


def test_a_night_of_which_no_file_can_be_used_publishes_nothing(world: World) -> None:
    delivery = world.deliver(VISIT)
    (delivery / "claims-0.csv").write_bytes(b"")
    with pytest.raises(ClaimError, match=r"claims-0\.csv: empty") as caught:
        world.run(delivery)
    assert caught.value.code == "nothing_usable"


def test_a_night_that_cannot_run_names_the_column_to_blame(world: World) -> None:
    delivery = world.deliver(VISIT)
    claims = delivery / "claims-0.csv"
    claims.write_bytes(claims.read_bytes().replace(b"insutype", b"insutyp", 1))
    with pytest.raises(ClaimError, match=r"claims-0\.csv: unknown_column \[insutyp\]"):
        world.run(delivery)
    assert world.versions() == {}
    # Mended, the same lines are read: they were not taken by the night that failed.
    (delivery / "claims-0.csv").unlink()
    deliver(delivery, [VISIT])
    assert world.run(delivery)["settled"] == {"claims": 1, "lines": 1}


@pytest.mark.parametrize(("days", "code"), [(0, "night_published"), (-1, "night_order")])
def test_a_published_night_is_closed(world: World, days: int, code: str) -> None:
    world.night(VISIT)
    versions = world.versions()
    with pytest.raises(StorageError) as caught:
        world.run(world.deliver(STAY, name="other"), NIGHT + timedelta(days=days))
    assert caught.value.code == code
    assert world.versions() == versions


def test_a_published_night_is_not_told_as_if_other_policies_had_settled_it(
    world: World, tmp_path: Path
) -> None:
    delivery = world.deliver(VISIT)
    world.run(delivery)
    policies = tmp_path / "policies"
    policies.mkdir()
    shipped = Path("engine/policy/data/610100-xian/employee.yaml").read_text(encoding="utf-8")
    changed = shipped.replace('amount: "200.00", counter', 'amount: "300.00", counter')
    (policies / "employee.yaml").write_text(changed, encoding="utf-8")
    with pytest.raises(StorageError) as caught:
        world.run(delivery, policies=policies)
    assert caught.value.code == "night_published"


def test_a_claim_of_a_published_night_waits_as_late(world: World) -> None:
    world.night(VISIT)
    late = a_bill(20, "P1", ("A", "300.00"), setl_time="2024-03-31 23:59:59")
    in_time = a_bill(21, "P2", ("A", "300.00"), setl_time="2024-04-01 00:00:00")
    summary = world.night(late, in_time, night=NEXT)
    assert world.pending() == {"S20": "late"}
    assert summary["settled"] == {"claims": 1, "lines": 1}
    assert balanced(summary)


def test_a_file_that_an_earlier_night_has_read_is_skipped_under_any_name(world: World) -> None:
    first = world.deliver(VISIT)
    world.run(first)
    second = world.deliver(next_day(a_bill(22, "P1", ("A", "300.00"))), name="second")
    for name in ("claims", "lines"):
        (second / f"{name}-again.csv").write_bytes((first / f"{name}-0.csv").read_bytes())
    summary = world.run(second, NEXT)
    told = {
        file["name"]: (file["status"], file["claims"], file["lines"]) for file in summary["files"]
    }
    assert told == {
        "claims-0.csv": ("read", 1, 0),
        "claims-again.csv": ("skipped", 0, 0),
        "lines-0.csv": ("read", 0, 1),
        "lines-again.csv": ("skipped", 0, 0),
    }
    assert summary["input"] == summary["settled"] == {"claims": 1, "lines": 1}


def test_without_reference_data_anywhere_a_night_says_so(world: World) -> None:
    with pytest.raises(ClaimError) as caught:
        world.run(world.deliver(VISIT), reference=None)
    assert caught.value.code == "no_reference"


def test_reference_data_is_kept_for_nights_that_bring_none(world: World) -> None:
    world.night(VISIT)
    delivery = world.deliver(next_day(a_bill(23, "P1", ("A", "300.00"))), name="next")
    summary = world.run(delivery, NEXT, reference=None)
    assert summary["settled"] == {"claims": 1, "lines": 1}


def test_stays_of_one_second_and_one_message_are_settled_by_settlement_number(
    tmp_path: Path,
) -> None:
    same = {"msgid": "M", "setl_time": "2024-03-20 01:00:00", "med_type": INPATIENT}
    bills = [
        a_stay(1, "P1", ("A", "5000.00"), **same),
        a_stay(2, "P1", ("A", "9000.00"), **same, fixmedins_code="H2"),
    ]
    worlds = [World(tmp_path / name) for name in ("one", "other")]
    hashes = {
        world.night(*order)["result_hash"]
        for world, order in zip(worlds, (bills, bills[::-1]), strict=True)
    }
    assert len(hashes) == 1
    assert worlds[1].settled()["S1"]["ordinal"] == 0
