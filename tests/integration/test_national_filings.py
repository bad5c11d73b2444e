"""Filings in the national form take effect in settlement, and are taken back."""

from collections.abc import Iterator

import pytest

from api.app import create_app
from api.settings import Settings
from tests.hospital_program import Hospital, keyed
from tests.http_client import TestClient
from tests.integration.night_world import a_bill
from tests.integration.register_world import (
    CHRONIC,
    POLICIES,
    RegisterWorld,
    covered,
    filed,
    registered,
)
from tests.integration.test_national import line
from tests.integration.test_national_stays import admitted, bill, charge, leave, send


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> RegisterWorld:
    """A lake whose bureau brings registers that know nothing of P1 to P5."""
    persons = [covered(f"P{number}", number) for number in range(1, 7)]
    registers = {"registrations": [registered("P6")], "filings": [filed("P6", "long_term")]}
    world = RegisterWorld(tmp_path_factory.mktemp("filings"), persons, **registers)
    world.night(a_bill(1, "P6", ("A", "100.00")))
    return world


@pytest.fixture
def client(world: RegisterWorld) -> Iterator[TestClient]:
    settings = Settings(lake=world.lake, policies=POLICIES)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def hospital(client: TestClient, world: RegisterWorld) -> Hospital:
    return keyed(client, world.lake, "H3")


def stay(hospital: Hospital, person: str, total: str) -> dict[str, str]:
    visit = admitted(hospital, person)
    send(hospital, visit, charge(1, total))
    leave(hospital, visit)
    settled: dict[str, str] = hospital.ask("2304", data=bill(visit, total))["setlinfo"]
    return settled


def chronic(hospital: Hospital, person: str) -> dict[str, str]:
    """Return the block that settles a chronic visit of 100.00 for E11."""
    data = {"psn_no": person, "insutype": "310", "begntime": "2024-03-01 08:00:00"}
    visit = hospital.ask("2201", data=data | {"ipt_otp_no": "MZ1"})["data"]
    told = {"mdtrt_id": visit["mdtrt_id"], "psn_no": person, "med_type": CHRONIC}
    hospital.ask("2203", mdtrtinfo=told | {"dise_codg": "E11"})
    hospital.ask("2204", feedetail=[line(visit, 1, "A", "100.00")])
    return bill(visit, "100.00", chrg_bchno="B1", med_type=CHRONIC)


def test_a_referral_spares_the_next_hospital_s_deductible(
    client: TestClient, hospital: Hospital, world: RegisterWorld
) -> None:
    first = keyed(client, world.lake, "H2")
    # (1000 - 400) x 80 %.
    assert stay(first, "P1", "1000.00")["hifp_pay"] == "480.00"
    refer = {
        "psn_no": "P1",
        "insutype": "310",
        "reflin_medins_no": "H3",
        "begndate": "2024-03-01",
        "enddate": "2024-03-31",
    }
    first.ask("2501", refmedin=refer)
    # A stay continued upward asks for no deductible anew: 1000 x 80 %.
    assert stay(hospital, "P1", "1000.00")["hifp_pay"] == "800.00"


def test_a_referral_that_was_taken_back_spares_nothing(
    client: TestClient, hospital: Hospital, world: RegisterWorld
) -> None:
    first = keyed(client, world.lake, "H2")
    stay(first, "P2", "1000.00")
    refer = {"psn_no": "P2", "insutype": "310", "reflin_medins_no": "H3", "begndate": "2024-03-01"}
    filing = first.ask("2501", refmedin=refer)["result"]["trt_dcla_detl_sn"]
    named = {"psn_no": "P2", "trt_dcla_detl_sn": filing}
    assert hospital.refused("2502", data=named) == "no_filing"
    assert first.refused("2506", data=named) == "no_filing"
    first.ask("2502", data=named)
    assert first.refused("2502", data=named) == "no_filing"
    # (1000 - 800) x 80 %.
    assert stay(hospital, "P2", "1000.00")["hifp_pay"] == "160.00"


def test_a_chronic_registration_opens_its_benefit_until_it_is_taken_back(
    hospital: Hospital,
) -> None:
    before = chronic(hospital, "P3")
    # The policy has no limit, and so no terms, for those of whom no disease is registered.
    assert hospital.refused("2206", data=before) == "no_terms"
    told = {
        "psn_no": "P3",
        "insutype": "310",
        "opsp_dise_code": "E11",
        "begndate": "2024-01-01",
    }
    filing = hospital.ask("2503", psndise=told)["result"]["trt_dcla_detl_sn"]
    # 100 x 60 %.
    assert hospital.ask("2206", data=before)["setlinfo"]["hifp_pay"] == "60.00"
    hospital.ask("2504", data={"psn_no": "P3", "trt_dcla_detl_sn": filing})
    assert hospital.refused("2206", data=before) == "no_terms"


def test_a_designated_hospital_opens_its_benefit_there(hospital: Hospital) -> None:
    visit = admitted(hospital, "P4")
    hospital.ask("2403", adminfo=visit | {"med_type": "52"})
    send(hospital, visit, charge(1, "100.00"))
    asked = bill(visit, "100.00", med_type="52")
    assert hospital.refused("2303", data=asked) == "not_registered"
    told = {"psn_no": "P4", "insutype": "310", "fixmedins_code": "H3", "begndate": "2024-01-01"}
    hospital.ask("2505", data=told)
    assert hospital.ask("2303", data=asked)["setlinfo"]["hifp_pay"] == "100.00"


def test_a_filing_that_ends_before_it_begins_is_refused(hospital: Hospital) -> None:
    told = {"psn_no": "P5", "insutype": "310", "fixmedins_code": "H3", "begndate": "2024-01-02"}
    assert hospital.refused("2505", data=told | {"enddate": "2024-01-01"}) == "end_before_begin"


def test_a_hospital_does_not_refer_to_itself(hospital: Hospital) -> None:
    told = {"psn_no": "P5", "insutype": "310", "reflin_medins_no": "H3", "begndate": "2024-03-01"}
    assert hospital.refused("2501", refmedin=told) == "referred_to_itself"
