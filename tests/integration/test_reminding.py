"""3101 and 3102: what the rules say of a visit before it is paid, and whom they never stop."""

from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from api.app import create_app
from api.settings import Settings
from engine.codes.enums import VisitKind
from engine.rules.catalogue import load_rules
from engine.rules.reminders import FIRST_STAGE, is_protected
from engine.storage.lake import Lake
from engine.storage.metadata import METADATA
from tests.hospital_program import Hospital, Message, keyed
from tests.http_client import TestClient
from tests.integration.night_world import CATALOGUE, World, a_bill, write_reference

FOR_WOMEN = CATALOGUE[0] | {"item_code": "FOR_WOMEN", "sex_limit": "2"}
TESTED = {
    "kind": "test_indication", "point": "t1", "item_code": "B", "region": "*",
    "valid_from": "2024-01-01", "valid_to": "", "low": "", "high": "", "unit": "", "window": "",
    "words": "C34", "others": "", "source": "guideline",
}  # fmt: skip
DEAD = {
    "register": "deaths", "subject": "P9", "begins": "2024-02-01", "ends": "", "source": "civil",
}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("reminding")
    beside = {"item_terms": [TESTED], "registers": [DEAD]}
    write_reference(folder / "reference", catalogue=[*CATALOGUE, FOR_WOMEN], **beside)
    world = World(folder)
    world.night(a_bill(1, "E2", ("A", "300.00")))
    return world


@pytest.fixture
def hospital(world: World) -> Iterator[Hospital]:
    with TestClient(create_app(Settings(lake=world.lake)), raise_server_exceptions=False) as client:
        yield keyed(client, world.lake, "H1")


def order(item: str, amount: str = "80.00") -> Message:
    return {"rx_id": f"rx-{item}", "hilist_code": item, "cnt": "1", "pric": amount,
            "sumamt": amount, "drord_begn_date": "2024-03-02"}  # fmt: skip


def visit(person: str, *orders: Message, **encounter: Any) -> Message:
    told = {"mdtrt_id": "V1", "adm_date": "2024-03-01", "med_type": "11", "insutype": "310",
            "fsi_order_dtos": list(orders)}  # fmt: skip
    patient = {"patn_id": person, "fsi_encounter_dtos": [told | encounter]}
    return {"patient_dtos": [patient], "trig_scen": "1"}


def stored(world: World) -> dict[str, int]:
    """Count the rows of each table of the ledger, apart from what a signature leaves."""
    with Lake(world.lake).database.reading() as connection:
        return {
            table.name: connection.execute(
                sa.select(sa.func.count()).select_from(table)
            ).scalar_one()
            for table in METADATA.sorted_tables
            if table.name != "requests_seen"
        }


@pytest.mark.parametrize("number", ["3101", "3102"])
def test_an_item_of_the_other_sex_is_told_with_its_order_and_asks_to_stop(
    hospital: Hospital, number: str
) -> None:
    [found] = hospital.ask(number, data=visit("P1", order("A"), order("FOR_WOMEN")))["result"]
    assert (found["rule_id"], found["sev_deg"]) == ("item_limited_by_sex", "1")
    assert found["vola_amt"] == "80.00"
    [detail] = found["judge_result_detail_dtos"]
    assert (detail["rx_id"], detail["patn_id"]) == ("rx-FOR_WOMEN", "P1")
    assert "可能的例外" in found["vola_cont"]
    assert "骗" not in str(found)


def test_a_visit_that_nothing_limits_is_answered_by_nothing(hospital: Hospital) -> None:
    assert hospital.ask("3101", data=visit("P1", order("A")))["result"] == []
    assert hospital.ask("3101", data=visit("P1"))["result"] == []


@pytest.mark.parametrize(
    "encounter",
    [
        {"med_type": "13"},
        {"dscg_main_dise_codg": "N18.501"},
        {"fsi_diagnose_dtos": [{"dise_codg": "C50.900", "maindise_flag": "1"}]},
    ],
)
def test_protected_care_is_reminded_of_and_never_stopped(
    hospital: Hospital, encounter: Message
) -> None:
    asked = visit("P1", order("FOR_WOMEN"), **encounter)
    assert {one["sev_deg"] for one in hospital.ask("3101", data=asked)["result"]} == {"2"}


def test_a_suspicion_asks_and_never_stops(hospital: Hospital) -> None:
    asked = visit("P1", order("B"), dscg_main_dise_codg="J18.900")
    [found] = hospital.ask("3102", data=asked)["result"]
    assert (found["rule_id"], found["sev_deg"]) == ("test_without_indication", "3")
    assert (
        hospital.ask("3102", data=visit("P1", order("B"), dscg_main_dise_codg="C34.900"))["result"]
        == []
    )


def test_care_after_a_registered_death_is_told_of_the_visit_as_a_whole(hospital: Hospital) -> None:
    [found] = hospital.ask("3101", data=visit("P9", order("A")))["result"]
    assert (found["rule_id"], found["judge_result_detail_dtos"]) == ("care_after_death", [])


def test_asking_again_gives_the_same_answer_and_changes_no_payment(
    hospital: Hospital, world: World
) -> None:
    asked = visit("P1", order("FOR_WOMEN"))
    before = stored(world)
    first = hospital.ask("3101", data=asked)["result"]
    assert hospital.ask("3101", data=asked)["result"] == first
    assert stored(world) == before


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"patient_dtos": []}, "block_missing"),
        ({"patient_dtos": [{"patn_id": "P1"}]}, "block_missing"),
        ({"patient_dtos": [{"fsi_encounter_dtos": [{}]}]}, "field_missing"),
    ],
)
def test_a_check_without_its_visit_is_refused(
    hospital: Hospital, changed: Message, code: str
) -> None:
    assert hospital.refused("3101", data=visit("P1") | changed) == code


def test_a_visit_of_many_orders_is_to_be_checked_in_parts(hospital: Hospital) -> None:
    assert hospital.refused("3101", data=visit("P1", *[order("A")] * 501)) == "many_orders"


def test_the_rules_of_the_first_stage_need_one_visit_alone() -> None:
    asked = {rule.id: rule.parameters.asks() for rule in load_rules() if rule.stage == FIRST_STAGE}
    assert len(asked) == 17
    # Each runs by a limit of the visit's items or a register of its subjects, or not at all.
    assert all(one.limits or one.registers for one in asked.values())
    assert not any(one.records for one in asked.values())


def test_emergency_maternity_dialysis_and_cancer_are_protected() -> None:
    assert is_protected(VisitKind.EMERGENCY, [])
    assert is_protected(VisitKind.MATERNITY_INPATIENT, [])
    assert is_protected(VisitKind.OUTPATIENT, ["J18", "Z49.1"])
    assert is_protected(VisitKind.INPATIENT, ["C34.9"])
    assert not is_protected(VisitKind.INPATIENT, ["J18.9", "D50.9"])


def test_a_rule_of_suspicion_is_among_the_first_stage() -> None:
    levels = pl.Series([rule.level for rule in load_rules() if rule.stage == FIRST_STAGE])
    assert set(levels) == {"definite", "suspicious"}
