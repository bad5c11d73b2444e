"""The sandbox: what a program is to rehearse there, and that no real money is ever met."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from api.app import create_app
from api.settings import Settings
from engine.errors import StorageError
from engine.storage.credentials import Terms, issue
from engine.storage.lake import Lake
from engine.storage.ledger_tables import SETTLEMENTS
from pipelines.sandbox import FOLDER, identity_no, prepare_sandbox
from tests.hospital_program import Hospital, Message
from tests.http_client import TestClient
from tests.integration.night_world import command
from tests.rest_hospital import Hospital as Rest
from tests.rest_hospital import code

CODE = "SANDBOX01"


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    prepare_sandbox(tmp_path / "lake", CODE)
    return tmp_path / "lake"


@pytest.fixture
def hospital(lake: Path) -> Iterator[Hospital]:
    key = issue(Lake(lake).database, CODE, int(time.time()), "operator", Terms(sandbox=True))
    with TestClient(create_app(Settings(lake=lake)), raise_server_exceptions=False) as client:
        yield Hospital(client, key)


def billed(hospital: Hospital) -> Message:
    day = {"begntime": "2024-03-01 08:00:00"}
    person = {"psn_no": "SB-OK", "insutype": "310"}
    made = hospital.ask("2201", data=person | day | {"ipt_otp_no": "1"})["data"]
    visit: Message = person | {"mdtrt_id": made["mdtrt_id"], "chrg_bchno": "B1"}
    hospital.ask("2203", mdtrtinfo=visit | day | {"med_type": "11", "dise_codg": "J06.900"})
    line = {
        "feedetl_sn": "L1", "fee_ocur_time": "2024-03-01 08:00:00", "med_list_codg": "SB-A",
        "det_item_fee_sumamt": "100.00", "cnt": "1", "pric": "100.00",
    }  # fmt: skip
    hospital.ask("2204", feedetail=[visit | line])
    return visit | {"medfee_sumamt": "100.00", "acct_used_flag": "0", "med_type": "11"}


def settlements(lake: Path) -> int:
    with Lake(lake).database.reading() as connection:
        visits = sa.select(sa.func.count()).where(SETTLEMENTS.c.visit_id.is_not(None))
        found = connection.scalar(visits)
    return int(found or 0)


def test_what_is_settled_in_the_sandbox_lies_in_the_sandbox_alone(
    hospital: Hospital, lake: Path
) -> None:
    hospital.ask("2207", data=billed(hospital))
    assert (settlements(lake / FOLDER), settlements(lake)) == (1, 0)


def test_a_lost_answer_is_found_by_sending_the_same_again(hospital: Hospital, lake: Path) -> None:
    message = hospital.message("2207", {"data": billed(hospital)}, opter="SB-LOST")
    first = json.loads(hospital.send(message))
    assert first["err_msg"].startswith("unavailable ")
    again = hospital.send(message)
    assert json.loads(again)["infcode"] == "0"
    assert hospital.send(message) == again
    assert settlements(lake / FOLDER) == 1


@pytest.mark.parametrize(
    ("trigger", "refusal"), [("SB-AWAY", "unavailable"), ("SB-BUSY", "too_many_requests")]
)
def test_a_trigger_refuses_and_does_nothing(
    hospital: Hospital, lake: Path, trigger: str, refusal: str
) -> None:
    message = hospital.message("2207", {"data": billed(hospital)}, opter=trigger)
    assert json.loads(hospital.send(message))["err_msg"].startswith(f"{refusal} ")
    assert settlements(lake / FOLDER) == 0


def test_the_persons_of_the_sandbox_are_two(hospital: Hospital) -> None:
    told = {"mdtrt_cert_type": "02", "mdtrt_cert_no": identity_no(1)}
    assert hospital.ask("1101", data=told)["baseinfo"]["psn_no"] == "SB-OK"
    out = {"psn_no": "SB-OUT", "insutype": "310", "begntime": "2024-03-01 08:00:00"}
    assert hospital.refused("2201", data=out | {"ipt_otp_no": "1"}) == "not_insured"


def test_a_key_of_the_sandbox_opens_no_rest_and_a_real_key_no_sandbox(
    hospital: Hospital, lake: Path
) -> None:
    assert code(Rest(hospital.client, hospital.credential).send("GET", "/v1/settlements"), 403)
    real = Hospital(hospital.client, issue(Lake(lake).database, "H1", 0, "operator"))
    assert real.refused("9001", signIn={"opter_no": "1"}) == "no_reference"


def test_one_institution_is_not_on_both_sides(lake: Path) -> None:
    database = Lake(lake).database
    issue(database, CODE, 0, "operator", Terms(sandbox=True))
    with pytest.raises(StorageError, match="other_side"):
        issue(database, CODE, 0, "operator")


def test_the_command_prepares_the_sandbox(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    told = command("institution", "add", "SB2", "--sandbox", "--lake", lake, "--json")
    assert json.loads(told.stdout)["institution"] == "SB2"
    assert (lake / FOLDER / "reference_read" / "persons.parquet").is_file()
