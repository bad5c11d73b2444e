"""Conversations in the national form, as a hospital's program holds them, against the service."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from api.settings import Settings
from engine.storage.lake import Lake
from tests.hospital_program import SERVICE, Hospital, Message, keyed
from tests.http_client import TestClient
from tests.integration.night_world import World, a_bill, identity_no

ITEMS = (("A", "100.00", 1), ("B10", "200.00", 2), ("C", "50.00", 1))


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake whose night settled the bill of ITEMS for P14, and so knows the reference data."""
    world = World(tmp_path_factory.mktemp("world"))
    world.night(a_bill(1, "P14", *ITEMS))
    return world.lake


@pytest.fixture
def client(lake: Path) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(lake=lake)), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def hospital(client: TestClient, lake: Path) -> Hospital:
    return keyed(client, lake, "H1")


def line(visit: Message, place: int, item: str, price: str, quantity: int = 1) -> Message:
    return {
        "feedetl_sn": f"L{place}",
        "mdtrt_id": visit["mdtrt_id"],
        "psn_no": visit["psn_no"],
        "chrg_bchno": "B1",
        "fee_ocur_time": "2024-03-01 08:00:00",
        "med_list_codg": item,
        "medins_list_codg": f"local-{item}",
        "det_item_fee_sumamt": f"{float(price) * quantity:.2f}",
        "cnt": quantity,
        "pric": price,
        "bilg_dr_codg": "D1",
    }


def registered(hospital: Hospital, person: str = "E1") -> Message:
    visit: Message = hospital.ask(
        "2201",
        data={
            "psn_no": person,
            "insutype": "310",
            "begntime": "2024-03-01 08:00:00",
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": identity_no(1),
            "ipt_otp_no": "MZ0001",
        },
    )["data"]
    return visit


def billed(hospital: Hospital, person: str = "E1") -> Message:
    visit = registered(hospital, person)
    told = {"mdtrt_id": visit["mdtrt_id"], "psn_no": person, "med_type": "11"}
    hospital.ask(
        "2203",
        mdtrtinfo=told | {"begntime": "2024-03-01 08:00:00", "dise_codg": "J06.900"},
        diseinfo=[{"diag_type": "1", "diag_srt_no": "1", "diag_code": "J06.900"}],
    )
    hospital.ask("2204", feedetail=[line(visit, k, *item) for k, item in enumerate(ITEMS)])
    return visit


def bill(visit: Message, **changed: Any) -> Message:
    return {
        "psn_no": visit["psn_no"],
        "mdtrt_cert_type": "02",
        "mdtrt_cert_no": identity_no(1),
        "med_type": "11",
        "medfee_sumamt": "550.00",
        "psn_setlway": "01",
        "mdtrt_id": visit["mdtrt_id"],
        "chrg_bchno": "B1",
        "insutype": "310",
        "acct_used_flag": "0",
    } | changed


def test_the_out_patient_chain_pays_what_the_night_pays(hospital: Hospital, lake: Path) -> None:
    assert hospital.ask("9001", signIn={"opter_no": "001", "mac": "", "ip": ""})["signinoutb"]
    person = hospital.ask("1101", data={"mdtrt_cert_type": "02", "mdtrt_cert_no": identity_no(115)})
    assert person["baseinfo"]["psn_no"] == "P15"
    assert person["insuinfo"][0]["insutype"] == "310"
    entitled = hospital.ask(
        "2001", data={"psn_no": "P15", "insutype": "310", "begntime": "2024-03-01 08:00:00"}
    )
    assert entitled["trtinfo"][0]["trt_enjymnt_flag"] == "1"
    visit = billed(hospital, "P15")
    shown = hospital.ask("2206", data=bill(visit))["setlinfo"]
    settled = hospital.ask("2207", data=bill(visit))["setlinfo"]
    assert "setl_id" not in shown
    same = [name for name in shown if name.endswith(("_amt", "_pay", "_sumamt", "_dedc"))]
    assert {name: shown[name] for name in same} == {name: settled[name] for name in same}
    [night] = Lake(lake).read("settlements").filter(person_id="P14").collect().to_dicts()
    told = {
        "medfee_sumamt": "total_fen",
        "fulamt_ownpay_amt": "self_pay_off_list_fen",
        "preselfpay_amt": "self_pay_first_share_fen",
        "inscp_scp_amt": "covered_fen",
        "act_pay_dedc": "deductible_paid_fen",
        "hifp_pay": "pool_paid_fen",
        "psn_cash_pay": "cash_paid_fen",
    }
    assert {name: settled[name] for name in told} == {
        name: f"{night[fen] // 100}.{night[fen] % 100:02d}" for name, fen in told.items()
    }
    asked = hospital.ask("5203", data={"psn_no": "P15", "setl_id": settled["setl_id"]})
    assert asked["setlinfo"]["hifp_pay"] == settled["hifp_pay"]


def test_lines_are_told_how_they_are_split(hospital: Hospital) -> None:
    visit = registered(hospital)
    rows = hospital.ask("2204", feedetail=[line(visit, k, *i) for k, i in enumerate(ITEMS)])
    split = ("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt")
    assert [[row[name] for name in split] for row in rows["result"]] == [
        ["0.00", "0.00", "0.00", "100.00"],
        ["0.00", "0.00", "40.00", "360.00"],  # 10 % of 2 x 200.00
        ["50.00", "0.00", "0.00", "0.00"],
    ]


def test_the_same_message_is_answered_by_the_same_bytes(hospital: Hospital) -> None:
    visit = billed(hospital)
    message = hospital.message("2207", {"data": bill(visit)})
    first = hospital.send(message)
    assert json.loads(first)["infcode"] == "0"
    assert [hospital.send(message) for _ in range(2)] == [first, first]
    other = message | {"input": {"data": bill(visit, acct_used_flag="1")}}
    assert json.loads(hospital.send(other))["err_msg"].startswith("message_differs ")


def test_a_registration_sent_twice_is_one_visit(hospital: Hospital) -> None:
    data = {"psn_no": "E1", "insutype": "310", "begntime": "2024-03-01 08:00:00"}
    message = hospital.message("2201", {"data": data | {"ipt_otp_no": "MZ1"}})
    assert hospital.send(message) == hospital.send(message)


def test_a_cancelled_settlement_gives_its_lines_back(hospital: Hospital) -> None:
    visit = billed(hospital, "P1")
    settled = hospital.ask("2207", data=bill(visit))["setlinfo"]
    assert hospital.refused("2207", data=bill(visit)) == "total_differs"
    named = {"setl_id": settled["setl_id"], "mdtrt_id": visit["mdtrt_id"], "psn_no": "P1"}
    undone = hospital.ask("2208", data=named)["setlinfo"]
    assert undone["hifp_pay"] in {"0.00", f"-{settled['hifp_pay']}"}
    assert undone["medfee_sumamt"] == "-550.00"
    again = hospital.ask("2207", data=bill(visit))["setlinfo"]
    assert again["setl_id"] != settled["setl_id"]


def test_a_message_of_unknown_outcome_is_reversed(hospital: Hospital) -> None:
    visit = billed(hospital, "P2")
    message = hospital.message("2207", {"data": bill(visit)})
    hospital.send(message)
    named = {"psn_no": "P2", "omsgid": message["msgid"], "oinfno": "2207"}
    hospital.ask("2601", data=named)
    assert hospital.ask("2207", data=bill(visit))["setlinfo"]["medfee_sumamt"] == "550.00"
    assert hospital.refused("2601", data=named | {"omsgid": "none"}) != ""


def test_unsettled_lines_and_visits_are_taken_back(hospital: Hospital) -> None:
    visit = billed(hospital, "P3")
    named = {"mdtrt_id": visit["mdtrt_id"], "psn_no": "P3"}
    assert hospital.refused("2205", data=named | {"chrg_bchno": "B9"}) == "no_lines"
    hospital.ask("2205", data=named | {"chrg_bchno": "0000"})
    assert hospital.refused("2207", data=bill(visit)) == "total_differs"
    hospital.ask("2202", data=named)
    assert hospital.refused("2203", mdtrtinfo=named | {"med_type": "11"}) == "no_visit"


def test_a_settled_visit_stays(hospital: Hospital) -> None:
    visit = billed(hospital, "P4")
    hospital.ask("2207", data=bill(visit))
    named = {"mdtrt_id": visit["mdtrt_id"], "psn_no": "P4"}
    assert hospital.refused("2202", data=named) == "visit_settled"


def test_another_hospital_s_visit_and_settlement_are_absent(
    client: TestClient, hospital: Hospital, lake: Path
) -> None:
    visit = billed(hospital, "P5")
    settled = hospital.ask("2207", data=bill(visit))["setlinfo"]
    other = keyed(client, lake, "H2")
    named = {"mdtrt_id": visit["mdtrt_id"], "psn_no": "P5"}
    assert other.refused("2204", feedetail=[line(visit, 9, "A", "1.00")]) == "no_visit"
    assert other.refused("2207", data=bill(visit)) == "no_visit"
    assert other.refused("2208", data=named | {"setl_id": settled["setl_id"]}) == "no_settlement"
    assert other.refused("5203", data=named | {"setl_id": settled["setl_id"]}) == "no_settlement"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"infno": "4401"}, "not_supported"),
        ({"infno": "0000"}, "unknown_transaction"),
        ({"infno": ""}, "envelope_format"),
        ({"msgid": None}, "envelope_format"),
        ({"fixmedins_code": "H2"}, "institution_differs"),
        ({"input": "data"}, "envelope_format"),
        ({"input": []}, "envelope_format"),
        ({"input": {}}, "block_missing"),
    ],
)
def test_what_cannot_be_carried_out_is_refused_with_a_stable_code(
    hospital: Hospital, changed: Message, code: str
) -> None:
    message = hospital.message("1101", {"data": {}}) | changed
    told = json.loads(hospital.send(message))
    assert (told["infcode"], told["err_msg"].split(" ")[0]) == ("-1", code)


@pytest.mark.parametrize("amount", ["1e2", "100.001", "１００", "NaN", "1,000.00"])
def test_money_is_read_strictly(hospital: Hospital, amount: str) -> None:
    visit = registered(hospital)
    sent = line(visit, 1, "A", "100.00") | {"det_item_fee_sumamt": amount}
    assert hospital.refused("2204", feedetail=[sent]) == "money_format"


def test_an_amount_that_is_not_price_times_quantity_is_refused(hospital: Hospital) -> None:
    visit = registered(hospital)
    sent = line(visit, 1, "A", "100.00") | {"det_item_fee_sumamt": "100.02"}
    assert hospital.refused("2204", feedetail=[sent]) == "amount_mismatch"


def test_a_number_in_the_address_must_be_the_envelope_s(hospital: Hospital) -> None:
    message = hospital.message("9001", {"signIn": {"opter_no": "001"}})
    assert json.loads(hospital.send(message, f"{SERVICE}/9001"))["infcode"] == "0"
    told = json.loads(hospital.send(message, f"{SERVICE}/1101"))
    assert told["err_msg"].startswith("envelope_format ")


def test_an_unsigned_message_is_refused(client: TestClient, hospital: Hospital) -> None:
    answer = client.post(SERVICE, json=hospital.message("9001", {}))
    assert answer.status_code == 200
    assert answer.json()["err_msg"].startswith("not_signed ")
