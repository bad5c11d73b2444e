"""An institution reconciles with the ledger, applies for clearing, and hands in its list."""

import base64
from collections.abc import Iterator

import pytest

from api.app import create_app
from api.settings import Settings
from engine.storage.clock import local_seconds
from engine.storage.messages import EPOCH
from tests.hospital_program import Hospital, Message, keyed
from tests.http_client import TestClient
from tests.integration.night_world import World, a_bill
from tests.integration.test_national import ITEMS, bill, billed

Row = list[str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("reconciling"))
    world.night(a_bill(1, "E2", *ITEMS))
    return world


@pytest.fixture
def hospital(world: World) -> Iterator[Hospital]:
    with TestClient(create_app(Settings(lake=world.lake)), raise_server_exceptions=False) as client:
        yield keyed(client, world.lake, "H1")


@pytest.fixture
def today() -> str:
    return (EPOCH + (local_seconds() // 86_400) * (EPOCH.resolution * 86_400_000_000)).strftime(
        "%Y-%m-%d"
    )


def settled(hospital: Hospital, person: str) -> Message:
    told: Message = hospital.ask("2207", data=bill(billed(hospital, person)))["setlinfo"]
    return told


def row(settlement: Message, refund: str = "0") -> Row:
    names = ("setl_id", "mdtrt_id", "psn_no", "medfee_sumamt", "fund_pay_sumamt", "acct_pay")
    return [*(settlement[name] for name in names), refund]


def uploaded(hospital: Hospital, rows: list[Row]) -> str:
    text = "".join("\t".join(one) + "\r\n" for one in rows)
    told = {"in": base64.b64encode(text.encode()).decode(), "filename": "明细 2024(1).txt"}
    answer = hospital.ask("9101", fsUploadIn=told)
    number: str = answer["fsUploadOut"]["file_qury_no"]
    return number


def downloaded(hospital: Hospital, number: str) -> list[Row]:
    message = hospital.message("9102", {"fsDownloadIn": {"file_qury_no": number}})
    return [line.split("\t") for line in hospital.send(message).decode().splitlines()]


def test_a_day_is_reconciled_by_sums_and_then_row_by_row(hospital: Hospital, today: str) -> None:
    first, second = settled(hospital, "P1"), settled(hospital, "P2")
    undone = hospital.ask(
        "2208", data={name: second[name] for name in ("setl_id", "mdtrt_id", "psn_no")}
    )["setlinfo"]
    period = {"setl_optins": "610100", "stmt_begndate": today, "stmt_enddate": today}
    asked = period | {"insutype": "310", "clr_type": "11", "fixmedins_setl_cnt": "3"}
    # What was undone counts twice, and its sums are nothing.
    sums = {"medfee_sumamt": "550.00", "acct_pay": "0.00"}
    sums["fund_pay_sumamt"] = first["fund_pay_sumamt"]
    assert hospital.ask("3201", data=asked | sums)["stmtinfo"]["stmt_rslt"] == "000000"
    off = hospital.ask("3201", data=asked | sums | {"medfee_sumamt": "550.01"})["stmtinfo"]
    assert off["stmt_rslt"] == "000103"
    stays = asked | sums | {"clr_type": "21"}
    assert hospital.ask("3201", data=stays)["stmtinfo"]["stmt_rslt"] == "000101"

    everything = [row(first), row(second), row(undone, "1")]
    number = uploaded(hospital, everything)
    same = hospital.ask("3202", data=period | {"file_qury_no": number})["fileinfo"]
    assert (same["differences"], downloaded(hospital, same["file_qury_no"])) == ("0", [])

    wrong, made_up = row(first), row(first)
    wrong[3], made_up[0] = "550.01", "nosuch"
    number = uploaded(hospital, [wrong, row(undone, "1"), made_up])
    told = hospital.ask("3202", data=period | {"file_qury_no": number})["fileinfo"]
    found = {line[2]: line for line in downloaded(hospital, told["file_qury_no"])}
    assert {name: line[4] for name, line in found.items()} == {
        first["setl_id"]: "000103",
        second["setl_id"]: "000102",
        "nosuch": "000101",
    }
    # The message by which what the hospital lacks can be undone.
    assert found[second["setl_id"]][3] == second["medins_setl_id"]
    assert found[first["setl_id"]][7] == "550.01"


def test_a_month_is_applied_for_once_and_by_the_ledger_s_sums(
    world: World, hospital: Hospital, today: str
) -> None:
    other = keyed(hospital.client, world.lake, "H2")
    one = settled(other, "P3")
    asked = {
        "insutype": "310", "clr_type": "11", "clr_way": "01", "clr_optins": "610100",
        "setlym": today.replace("-", "")[:6], "begndate": today, "enddate": today,
        "medfee_sumamt": "550.00", "med_sumfee": "550.00",
        "fund_appy_sum": one["fund_pay_sumamt"], "cash_payamt": one["psn_cash_pay"],
        "acct_pay": "0.00",
    }  # fmt: skip
    assert other.refused("3203", data=asked | {"fund_appy_sum": "1.00"}) == "totals_differ"
    assert other.ask("3203", data=asked)["result"]["clr_appy_evt_id"]
    assert other.refused("3203", data=asked) == "applied_already"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"in": "no base64!"}, "file_content"),
        ({"in": ""}, "file_content"),
        ({"in": [1, 256]}, "file_content"),
        ({"filename": "../etc/passwd"}, "file_name"),
        ({"filename": ".hidden"}, "file_name"),
        ({"filename": "a\\b"}, "file_name"),
        ({"in": "QQ=="}, ""),
        ({"in": [65, 66]}, ""),
    ],
)
def test_a_file_is_taken_only_with_a_plain_name_and_whole(
    hospital: Hospital, changed: Message, code: str
) -> None:
    told = {"in": "QUI=", "filename": "a.txt", "fixmedins_code": "H1"} | changed
    if code:
        assert hospital.refused("9101", fsUploadIn=told) == code
    else:
        assert hospital.ask("9101", fsUploadIn=told)["fsUploadOut"]["file_qury_no"]


@pytest.mark.parametrize(
    "line",
    [
        "S1\tV1\tP1\t1.00\t0.00\t0.00",
        "S1\tV1\tP1\t1e2\t0.00\t0.00\t0",
        "S1\tV1\tP1\t1.00\t0.00\t0.00\t2",
        "S 1\tV1\tP1\t1.00\t0.00\t0.00\t0",
        "=cmd\tV1\tP1\t1.00\t0.00\t0.00\t0",
        "S1\tV1\tP1\t１.00\t0.00\t0.00\t0",
    ],
)
def test_a_file_whose_line_is_malformed_is_refused(
    hospital: Hospital, line: str, today: str
) -> None:
    number = uploaded(hospital, [line.split("\t")])
    asked = {"setl_optins": "610100", "stmt_begndate": today, "stmt_enddate": today}
    assert hospital.refused("3202", data=asked | {"file_qury_no": number}) == "file_format"


def test_another_institution_s_file_is_absent(world: World, hospital: Hospital) -> None:
    number = uploaded(hospital, [["x"]])
    other = keyed(hospital.client, world.lake, "H3")
    assert other.refused("9102", fsDownloadIn={"file_qury_no": number}) == "no_file"


def test_a_settlement_list_is_kept_if_it_is_what_was_settled(
    world: World, hospital: Hospital
) -> None:
    other = keyed(hospital.client, world.lake, "H3")  # The first one's day is reconciled.
    one = settled(other, "P4")
    head = {name: one[name] for name in ("setl_id", "mdtrt_id", "psn_no")}
    # 100.00 of class A, 400.00 of class B and 50.00 off the list, drugs all.
    item = {
        "med_chrgitm": "09", "amt": "550.00", "claa_sumfee": "100.00", "clab_amt": "400.00",
        "fulamt_ownpay_amt": "50.00", "oth_amt": "0.00",
    }  # fmt: skip
    paid = [{"fund_pay_type": "310100", "fund_payamt": one["hifp_pay"]}]
    told: Message = {"setlinfo": head, "payinfo": paid, "iteminfo": [item], "diseinfo": []}
    wrong = item | {"amt": "549.00", "clab_amt": "399.00"}
    assert other.refused("4101", **told | {"iteminfo": [wrong]}) == "list_differs"
    unsummed = item | {"oth_amt": "1.00"}
    assert other.refused("4101", **told | {"iteminfo": [unsummed]}) == "list_differs"
    less = [paid[0] | {"fund_payamt": "0.01"}]
    assert other.refused("4101", **told | {"payinfo": less}) == "list_differs"
    assert other.ask("4101", **told)["data"]["setl_list_id"]
