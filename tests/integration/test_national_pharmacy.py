"""Sales of pharmacies, queries and the catalogue in the national form."""

import json
from collections.abc import Iterator

import pytest

from api.app import create_app
from api.settings import Settings
from tests.hospital_program import Hospital, Message, keyed
from tests.http_client import TestClient
from tests.integration.night_world import (
    CATALOGUE,
    INSTITUTIONS,
    World,
    a_bill,
    write_reference,
)

SHOP = INSTITUTIONS[0] | {"institution_id": "Y1", "name": "药店", "kind": "pharmacy"}
DEAR = CATALOGUE[0] | {"item_code": "DEAR", "ceiling_price_1": "80.00", "valid_from": "2024-02-01"}
GONE = CATALOGUE[0] | {"item_code": "GONE", "valid_to": "2024-02-15"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A lake whose night settled a sale of a pharmacy to P13."""
    folder = tmp_path_factory.mktemp("shop")
    reference = {"institutions": [*INSTITUTIONS, SHOP], "catalogue": [*CATALOGUE, DEAR, GONE]}
    write_reference(folder / "reference", **reference)
    world = World(folder)
    world.night(a_bill(1, "P13", ("A", "300.00"), fixmedins_code="Y1", med_type="41"))
    return world


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(lake=world.lake)), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def shop(client: TestClient, world: World) -> Hospital:
    return keyed(client, world.lake, "Y1")


def drug(number: int, amount: str) -> Message:
    return {
        "feedetl_sn": f"L{number}",
        "rxno": "R1",
        "fee_ocur_time": "2024-03-01 08:00:00",
        "med_list_codg": "A",
        "medins_list_codg": "local-A",
        "det_item_fee_sumamt": amount,
        "cnt": "1",
        "pric": amount,
    }


def sale(person: str, *drugs: Message, total: str) -> Message:
    head = {
        "psn_no": person,
        "mdtrt_cert_type": "02",
        "begntime": "2024-03-01 08:00:00",
        "medfee_sumamt": total,
        "insutype": "310",
        "acct_used_flag": "0",
        "med_type": "41",
    }
    return {"druginfo": head, "drugdetail": list(drugs)}


def test_a_sale_pays_what_the_night_pays_and_is_cancelled(shop: Hospital, world: World) -> None:
    [night] = [row for row in world.settled().values() if row["person_id"] == "P13"]
    # 200 of the year's deductible; (300 - 200) x 70 %.
    assert (night["deductible_paid_fen"], night["pool_paid_fen"]) == (200_00, 70_00)
    bought = sale("P14", drug(1, "300.00"), total="300.00")
    shown = shop.ask("2101", **bought)["setlinfo"]
    assert "setl_id" not in shown
    assert "mdtrt_id" not in shown
    settled = shop.ask("2102", **bought)["setlinfo"]
    assert settled["hifp_pay"] == shown["hifp_pay"] == "70.00"
    assert settled["psn_cash_pay"] == "230.00"
    named = {name: settled[name] for name in ("setl_id", "mdtrt_id", "psn_no")}
    assert shop.refused("2208", data=named) == "step_not_allowed"
    assert shop.ask("2103", data=named)["setlinfo"]["hifp_pay"] == "-70.00"
    assert shop.refused("2103", data=named) == "reversed_twice"
    assert shop.ask("2102", **bought)["setlinfo"]["hifp_pay"] == "70.00"


def test_a_sale_sent_again_is_one_sale(shop: Hospital) -> None:
    message = shop.message("2102", sale("P1", drug(1, "50.00"), total="50.00"))
    first = shop.send(message)
    assert json.loads(first)["infcode"] == "0"
    assert shop.send(message) == first
    named = {"psn_no": "P1", "omsgid": message["msgid"], "oinfno": "2102"}
    shop.ask("2601", data=named)
    assert shop.refused("2601", data=named) == "reversed_twice"


def test_an_account_of_the_register_pays_at_the_first_sale(shop: Hospital) -> None:
    bought = sale("E1", drug(1, "60.00"), total="60.00")
    bought["druginfo"]["acct_used_flag"] = "1"
    shown = shop.ask("2101", **bought)["setlinfo"]
    assert shown["acct_pay"] == "60.00"
    assert shop.ask("2102", **bought)["setlinfo"]["acct_pay"] == "60.00"


@pytest.mark.parametrize(
    ("number", "changed", "code"),
    [
        ("2102", {"drugdetail": None}, "block_missing"),
        ("2101", {"drugdetail": [drug(1, "49.00")]}, "total_differs"),
    ],
)
def test_a_sale_that_is_not_whole_is_refused(
    shop: Hospital, number: str, changed: Message, code: str
) -> None:
    assert shop.refused(number, **sale("P2", drug(1, "50.00"), total="50.00") | changed) == code


def test_a_hospital_does_not_sell_as_a_pharmacy(client: TestClient, world: World) -> None:
    hospital = keyed(client, world.lake, "H1")
    bought = sale("P3", drug(1, "50.00"), total="50.00")
    assert hospital.refused("2102", **bought) == "not_a_pharmacy"


def test_an_institution_is_told_its_own_visits_lines_and_what_a_patient_used_up(
    shop: Hospital, client: TestClient, world: World
) -> None:
    bought = sale("P4", drug(1, "200.00"), drug(2, "100.00"), total="300.00")
    settled = shop.ask("2102", **bought)["setlinfo"]
    visit = {"mdtrt_id": settled["mdtrt_id"], "psn_no": "P4"}
    [row] = shop.ask("5201", data={"psn_no": "P4"})["mdtrtinfo"]
    assert (row["mdtrt_id"], row["med_type"], row["begndate"]) == (
        settled["mdtrt_id"], "41", "2024-03-01",
    )  # fmt: skip
    assert shop.ask("5201", data={"psn_no": "P4", "begntime": "2024-03-02"})["mdtrtinfo"] == []
    lines = shop.ask("5204", data=visit)["data"]
    assert [(one["feedetl_sn"], one["setl_id"], one["inscp_scp_amt"]) for one in lines] == [
        ("L1", settled["setl_id"], "200.00"),
        ("L2", settled["setl_id"], "100.00"),
    ]
    told = shop.ask("5206", data={"psn_no": "P4", "cum_ym": "202403"})["cuminfo"]
    # The deductible of the year; (300 - 200) x 70 %.
    assert {one["cum_type_code"]: one["cum"] for one in told} == {
        "C0000": "0.00", "S0000": "300.00", "Q0000": "200.00", "D310100": "70.00",
    }  # fmt: skip
    other = keyed(client, world.lake, "H2")
    assert other.ask("5201", data={"psn_no": "P4"})["mdtrtinfo"] == []
    assert other.refused("5206", data={"psn_no": "P4"}) == "no_visit"
    assert other.refused("5204", data=visit) == "no_visit"


def test_the_catalogue_is_told_by_pages_and_by_what_changed(shop: Hospital) -> None:
    asked = {"query_date": "2024-03-01", "page_num": 1, "page_size": "4"}
    first = shop.ask("1312", data=asked)
    second = shop.ask("1312", data=asked | {"page_num": "2"})
    codes = [row["hilist_code"] for row in first["data"] + second["data"]]
    assert codes == ["A", "B", "B10", "BED", "C", "DEAR"]
    assert (first["recordCounts"], first["pages"], second["lastPage"]) == (6, 2, True)
    changed = shop.ask("1312", data=asked | {"updt_time": "2024-02-01 00:00:00"})["data"]
    assert [row["hilist_code"] for row in changed] == ["DEAR", "GONE"]
    [ceiling] = shop.ask("1318", data=asked)["data"]
    assert (ceiling["hilist_code"], ceiling["hilist_lmtpric_type"]) == ("DEAR", "1")
    assert ceiling["hilist_pric_uplmt_amt"] == "80.000000"
    [share] = shop.ask("1319", data=asked)["data"]
    assert (share["hilist_code"], share["selfpay_prop"]) == ("B10", "0.1000")
    assert shop.refused("1312", data=asked | {"page_size": "1001"}) == "page_too_long"
