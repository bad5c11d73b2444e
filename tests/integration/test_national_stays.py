"""Stays in the national form: admission, lines, interim and last bills, discharge, and back."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.app import create_app
from api.national.steps import STEPS, Stage
from api.settings import Settings
from engine.claims.amounts import AMOUNT_COLUMNS
from engine.storage.lake import Lake
from engine.wire.fields import by_english
from tests.hospital_program import Hospital, Message, keyed
from tests.http_client import TestClient
from tests.integration.night_world import (
    NEXT,
    NIGHT,
    Bill,
    World,
    a_stay,
    joined_stays,
    next_day,
)

STAY = {"mdtrt_id": "V1", "begndate": "2024-03-01"}


def _parts() -> tuple[Bill, Bill]:
    """Return an interim bill of 500.00, of which a line was taken back, and one of 5150.00."""
    part = a_stay(1, "P1", ("A", "300.00", 2), ("A", "500.00"), mid_setl_flag="1", **STAY)
    line, rest = part.lines
    back = line | {
        "feedetl_sn": f"{line['feedetl_sn']}-back",
        "init_feedetl_sn": line["feedetl_sn"],
        "cnt": "-2",
        "det_item_fee_sumamt": "-600.00",
    }
    first = Bill(part.claim | {"medfee_sumamt": "500.00"}, [line, rest, back])
    return first, next_day(a_stay(2, "P1", ("A", "5150.00"), segment="2", **STAY))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A lake whose nights settled a stay of P1 in two parts."""
    folder = tmp_path_factory.mktemp("stays")
    world, policies = World(folder), joined_stays(folder / "policies")
    for night, bill in zip((NIGHT, NEXT), _parts(), strict=True):
        world.run(world.deliver(bill, name=f"input-{night}"), night, policies=policies)
    return world


@pytest.fixture
def hospital(world: World) -> Iterator[Hospital]:
    settings = Settings(lake=world.lake, policies=world.folder / "policies")
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield keyed(client, world.lake, "H3")


def admitted(hospital: Hospital, person: str) -> Message:
    told = {
        "psn_no": person,
        "insutype": "310",
        "begntime": "2024-03-01 08:00:00",
        "mdtrt_cert_type": "02",
        "med_type": "21",
        "ipt_no": "ZY0001",
        "dscg_maindiag_code": "I63.900",
    }
    listed = [{"diag_type": "1", "diag_srt_no": "1", "diag_code": "I63.900"}]
    answer = hospital.ask("2401", mdtrtinfo=told, diseinfo=listed)
    return {"mdtrt_id": answer["result"]["mdtrt_id"], "psn_no": person}


def charge(number: int, amount: str, count: str = "1", **changed: str) -> Message:
    return {
        "feedetl_sn": f"L{number}",
        "fee_ocur_time": "2024-03-02 08:00:00",
        "med_list_codg": "A",
        "medins_list_codg": "local-A",
        "det_item_fee_sumamt": amount,
        "cnt": count,
        "pric": amount,
    } | changed


def send(hospital: Hospital, visit: Message, *charges: Message) -> list[Message]:
    told = hospital.ask("2301", feedetail=[visit | one for one in charges])
    rows: list[Message] = told["result"]
    return rows


def bill(visit: Message, total: str, **changed: str) -> Message:
    told = {"mdtrt_cert_type": "02", "med_type": "21", "psn_setlway": "01", "insutype": "310"}
    return visit | told | {"medfee_sumamt": total, "acct_used_flag": "0"} | changed


def leave(hospital: Hospital, visit: Message) -> None:
    told = visit | {"endtime": "2024-03-06 10:00:00", "dscg_way": "1"}
    hospital.ask("2402", dscginfo=told)


def test_a_stay_in_two_bills_pays_what_the_nights_pay(hospital: Hospital, world: World) -> None:
    visit = admitted(hospital, "P2")
    send(hospital, visit, charge(1, "600.00", "2", pric="300.00"), charge(4, "500.00"))
    back = charge(2, "-600.00", "-2", pric="300.00", init_feedetl_sn="L1")
    [told] = send(hospital, visit, back)
    assert told["inscp_scp_amt"] == "-600.00"
    interim = bill(visit, "500.00", mid_setl_flag="1")
    shown = hospital.ask("2303", data=interim)["setlinfo"]
    first = hospital.ask("2304", data=interim)["setlinfo"]
    # 500 of the deductible of 650.
    assert first["act_pay_dedc"] == shown["act_pay_dedc"] == "500.00"
    send(hospital, visit, charge(3, "5150.00"))
    leave(hospital, visit)
    last = hospital.ask("2304", data=bill(visit, "5150.00"))
    # 150 of the deductible; 88 % of 5000.
    assert (last["setlinfo"]["act_pay_dedc"], last["setlinfo"]["hifp_pay"]) == ("150.00", "4400.00")
    settled = Lake(world.lake).read("settlements").collect().to_dicts()
    nights = {row["settlement_id"]: row for row in settled}
    for online, night in ((first, nights["S1"]), (last["setlinfo"], nights["S2"])):
        known = by_english("settlement")
        for name in AMOUNT_COLUMNS:
            if name in known:
                fen = night[name]
                assert online[known[name].code] == f"{fen // 100}.{fen % 100:02d}", name


def test_the_details_of_a_settlement_sum_to_what_the_funds_pay(hospital: Hospital) -> None:
    visit = admitted(hospital, "P3")
    send(hospital, visit, charge(1, "5650.00"))
    told = hospital.ask("2304", data=bill(visit, "5650.00"))
    [pool] = told["setldetail"]
    assert (pool["fund_pay_type"], pool["fund_payamt"]) == ("310100", "4400.00")
    assert pool["fund_pay_type_name"] == "职工基本医疗保险统筹基金"
    assert told["setlinfo"]["fund_pay_sumamt"] == "4400.00"
    assert pool["crt_payb_lmt_amt"] is None  # The limit of the year is one of cost, not of payment.
    named = visit | {"setl_id": told["setlinfo"]["setl_id"]}
    assert hospital.ask("5203", data=named)["setldetail"] == told["setldetail"]


def test_a_lost_answer_is_found_by_the_visit_and_by_the_message(hospital: Hospital) -> None:
    visit = admitted(hospital, "P4")
    send(hospital, visit, charge(1, "5650.00"))
    message = hospital.message("2304", {"data": bill(visit, "5650.00")})
    assert hospital.refused("5203", data=visit) == "no_settlement"
    hospital.send(message)
    found = hospital.ask("5203", data=visit)["setlinfo"]
    by_message = {"psn_no": "P4", "medins_setl_id": message["msgid"]}
    assert hospital.ask("5203", data=by_message)["setlinfo"] == found
    assert found["medins_setl_id"] == message["msgid"]


def test_a_cancelled_bill_gives_back_its_lines_and_lets_the_patient_stay_on(
    hospital: Hospital,
) -> None:
    visit = admitted(hospital, "P5")
    send(hospital, visit, charge(1, "1000.00"))
    leave(hospital, visit)
    settled = hospital.ask("2304", data=bill(visit, "1000.00"))["setlinfo"]
    assert hospital.refused("2405", data=visit) == "step_not_allowed"
    named = visit | {"setl_id": settled["setl_id"]}
    assert hospital.refused("2208", data=named) == "step_not_allowed"
    undone = hospital.ask("2305", data=named)["setlinfo"]
    assert undone["medfee_sumamt"] == "-1000.00"
    hospital.ask("2405", data=visit)
    hospital.ask("2302", data=visit | {"feedetl_sn": "L1"})
    assert hospital.refused("2302", data=visit | {"feedetl_sn": "0000"}) == "no_lines"
    hospital.ask("2404", data=visit)
    assert hospital.refused("2301", feedetail=[visit | charge(2, "1.00")]) == "no_visit"


def test_an_earlier_bill_of_a_stay_is_not_undone_before_a_later_one(hospital: Hospital) -> None:
    visit = admitted(hospital, "P6")
    send(hospital, visit, charge(1, "500.00"))
    first = hospital.ask("2304", data=bill(visit, "500.00", mid_setl_flag="1"))["setlinfo"]
    send(hospital, visit, charge(2, "300.00"))
    last = hospital.ask("2304", data=bill(visit, "300.00"))["setlinfo"]
    assert hospital.refused("2305", data=visit | {"setl_id": first["setl_id"]}) == (
        "reversal_not_last"
    )
    for one in (last, first):
        hospital.ask("2305", data=visit | {"setl_id": one["setl_id"]})
    assert hospital.ask("2304", data=bill(visit, "800.00"))["setlinfo"]["act_pay_dedc"] == "650.00"


def test_a_reversed_cancellation_stands_again_with_its_lines(hospital: Hospital) -> None:
    visit = admitted(hospital, "P7")
    send(hospital, visit, charge(1, "800.00"))
    settled = hospital.ask("2304", data=bill(visit, "800.00"))["setlinfo"]
    message = hospital.message("2305", {"data": visit | {"setl_id": settled["setl_id"]}})
    hospital.send(message)
    hospital.ask("2601", data={"psn_no": "P7", "omsgid": message["msgid"], "oinfno": "2305"})
    assert hospital.refused("2301", feedetail=[visit | charge(2, "1.00")]) == "step_not_allowed"
    found = hospital.ask("5203", data=visit)["setlinfo"]
    assert (found["medfee_sumamt"], found["act_pay_dedc"]) == ("800.00", "650.00")


def test_a_reversed_cancellation_whose_lines_are_gone_is_refused(hospital: Hospital) -> None:
    visit = admitted(hospital, "P8")
    send(hospital, visit, charge(1, "800.00"))
    settled = hospital.ask("2304", data=bill(visit, "800.00"))["setlinfo"]
    message = hospital.message("2305", {"data": visit | {"setl_id": settled["setl_id"]}})
    hospital.send(message)
    hospital.ask("2302", data=visit | {"feedetl_sn": "0000"})
    named = {"psn_no": "P8", "omsgid": message["msgid"], "oinfno": "2305"}
    assert hospital.refused("2601", data=named) == "lines_changed"
    assert hospital.refused("5203", data=visit) == "no_settlement"


@pytest.mark.parametrize("number", ["2401", "2304"])
def test_a_message_reversed_before_it_comes_is_not_carried_out(
    number: str, hospital: Hospital
) -> None:
    visit = {"psn_no": "P9"}
    if number == "2304":
        visit = admitted(hospital, "P9")
        send(hospital, visit, charge(1, "800.00"))
        late = hospital.message("2304", {"data": bill(visit, "800.00")})
    else:
        told = {"psn_no": "P9", "insutype": "310", "begntime": "2024-03-01 08:00:00"}
        late = hospital.message("2401", {"mdtrtinfo": told | {"med_type": "21", "ipt_no": "Z"}})
    reversal = hospital.message(
        "2601", {"data": {"psn_no": "P9", "omsgid": late["msgid"], "oinfno": number}}
    )
    first = hospital.send(reversal)
    assert b"message_unknown" in first
    assert b"message_void" in hospital.send(late)
    assert hospital.send(reversal) == first
    if number == "2304":
        hospital.ask("2304", data=bill(visit, "800.00"))


def test_an_admission_is_reversed_by_its_message(hospital: Hospital) -> None:
    told = {"psn_no": "P9", "insutype": "310", "begntime": "2024-03-01 08:00:00"}
    message = hospital.message("2401", {"mdtrtinfo": told | {"med_type": "21", "ipt_no": "Z"}})
    hospital.send(message)
    named = {"psn_no": "P9", "omsgid": message["msgid"], "oinfno": "2401"}
    assert hospital.refused("2601", data=named | {"oinfno": "2304"}) == "message_unknown"
    hospital.ask("2601", data=named)
    assert hospital.refused("2601", data=named) == "no_visit"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"cnt": "-1", "det_item_fee_sumamt": "-100.00"}, "negative_amount"),
        ({"cnt": "-1", "det_item_fee_sumamt": "-100.00", "init_feedetl_sn": "X"}, "refund_differs"),
        ({"cnt": "1", "det_item_fee_sumamt": "100.00", "init_feedetl_sn": "L1"}, "refund_differs"),
        ({"cnt": "-2", "det_item_fee_sumamt": "-200.00", "init_feedetl_sn": "L1"},
         "refund_differs"),
        ({"cnt": "-1", "det_item_fee_sumamt": "-100.00", "init_feedetl_sn": "L0"},
         "refunded_already"),
        ({"cnt": "0", "det_item_fee_sumamt": "0.00"}, "negative_amount"),
        ({"cnt": "1", "det_item_fee_sumamt": "100.02"}, "amount_mismatch"),
        ({"feedetl_sn": "L1"}, "line_twice"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_charged_is_refused(
    hospital: Hospital, changed: Message, code: str
) -> None:
    visit = admitted(hospital, "P10")
    back = charge(3, "-100.00", "-1", pric="100.00", init_feedetl_sn="L0")
    send(hospital, visit, charge(0, "100.00"), charge(1, "100.00"), back)
    assert hospital.refused("2301", feedetail=[visit | charge(2, "100.00") | changed]) == code
    hospital.ask("2404", data=visit)


STEP_BLOCKS = {
    "2203": "mdtrtinfo", "2203A": "mdtrtinfo", "2204": "feedetail", "2301": "feedetail",
    "2402": "dscginfo", "2403": "adminfo",
}  # fmt: skip


def _ask_step(hospital: Hospital, visit: Message, step: str) -> str:
    """Return the code that refuses a step, empty where it is carried out or refused otherwise."""
    number, _, interim = step.partition(" ")
    told = visit | charge(9, "1.00") | {
        "chrg_bchno": "B1", "med_type": "21", "medfee_sumamt": "0.00", "acct_used_flag": "0",
        "endtime": "2024-03-06 10:00:00", "dscg_way": "1", "setl_id": "none",
        "mid_setl_flag": "1" if interim else "0",
    }  # fmt: skip
    if number in {"2205", "2302"}:
        told["feedetl_sn"] = "none"
    return hospital.refused(number, **{STEP_BLOCKS.get(number, "data"): told})


def test_every_step_that_may_not_follow_is_refused_with_one_code(hospital: Hospital) -> None:
    every = {step for steps in STEPS.values() for step in steps}
    visits = {stage: admitted(hospital, "P11") for stage in Stage if stage in STAYS}
    for stage, visit in visits.items():
        send(hospital, visit, charge(1, "100.00"))
        if stage in {Stage.DISCHARGED, Stage.CLOSED}:
            leave(hospital, visit)
        if stage in {Stage.BILLED, Stage.CLOSED}:
            hospital.ask("2304", data=bill(visit, "100.00"))
        # A cancellation names a settlement, and there is none: it is refused before its step.
        forbidden = sorted(every - set(STEPS[stage]) - {"2208", "2305", "2103"})
        codes = {step: _ask_step(hospital, visit, step) for step in forbidden}
        settled = {"2202", "2404"} if stage in {Stage.BILLED, Stage.CLOSED} else set()
        assert codes == {
            step: "visit_settled" if step in settled else "step_not_allowed" for step in forbidden
        }, stage


STAYS = {Stage.ADMITTED, Stage.DISCHARGED, Stage.BILLED, Stage.CLOSED}


def test_another_hospital_s_stay_is_absent(hospital: Hospital, world: World) -> None:
    visit = admitted(hospital, "P12")
    other = keyed(hospital.client, world.lake, "H2")
    assert other.refused("2301", feedetail=[visit | charge(1, "1.00")]) == "no_visit"
    assert other.refused("2402", dscginfo=visit | {
        "endtime": "2024-03-06 10:00:00", "dscg_way": "1"}) == "no_visit"  # fmt: skip
    assert other.refused("2304", data=bill(visit, "1.00")) == "no_visit"
    assert other.refused("2404", data=visit) == "no_visit"


@pytest.mark.race
def test_a_bill_sent_many_times_at_once_is_settled_once(hospital: Hospital) -> None:
    visit = admitted(hospital, "P13")
    send(hospital, visit, charge(1, "1000.00"))
    same = hospital.message("2304", {"data": bill(visit, "1000.00")})
    others = [hospital.message("2304", {"data": bill(visit, "1000.00")}) for _ in range(3)]
    with ThreadPoolExecutor(max_workers=6) as threads:
        answers = list(threads.map(hospital.send, [same, *others, same, same]))
    settled = {bytes(one) for one in answers if json.loads(one)["infcode"] == "0"}
    assert len(settled) == 1
    refused = {json.loads(one)["err_msg"].split(" ")[0] for one in answers if one not in settled}
    assert refused == {"step_not_allowed"}
    won = [one for one in (answers[0], answers[4], answers[5]) if one in settled]
    assert len(won) in {0, 3}
    named = visit | {"setl_id": json.loads(settled.pop())["output"]["setlinfo"]["setl_id"]}
    hospital.ask("2305", data=named)
    assert hospital.refused("5203", data=visit) == "no_settlement"
