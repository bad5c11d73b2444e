"""Walks tests/access.yaml: every route and every transaction for every caller."""

import base64
import itertools
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.routing import Mount

from api.app import create_app
from api.national.signatures import signed_headers
from api.national.transactions import SUPPORTED
from api.settings import Settings
from engine.storage.cases import Officer
from engine.storage.credentials import Credential, issue, revoke
from engine.storage.inquiries import begin
from engine.storage.lake import Lake
from tests.hospital_program import SERVICE, Hospital
from tests.http_client import TestClient
from tests.integration.night_world import World, a_bill, identity_no
from tests.rest_hospital import serving, visit
from tests.stamps import next_stamp

ACCESS: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[1] / "access.yaml").read_text(encoding="utf-8")
)
NATIONAL: dict[str, dict[str, str]] = ACCESS["national"]
SIGNED: dict[str, dict[str, str]] = ACCESS["signed_routes"]
UNSIGNED = ("nobody", "forger", "revoked")
STAFF = {
    "investigator": "investigator-000000",
    "neighbour": "investigator-111111",
    "agency": "region-111111",
}
SERIALS = itertools.count(1)
ONE_ROW = base64.b64encode(b"S1\tV1\tP1\t1.00\t0.00\t0.00\t0\n").decode()
Message = dict[str, Any]


def keys(lake: Path, *names: str) -> dict[str, Credential]:
    """Return a key for each institution, and those that open nothing."""
    database, now = Lake(lake).database, int(time.time())
    held = {name: issue(database, name, now, "operator") for name in names}
    gone = issue(database, names[0], now, "operator")
    revoke(database, gone.access_key, now, "operator")
    forged = replace(held[names[0]], secret=gone.secret)
    staff = {caller: issue(database, name, now, "operator") for caller, name in STAFF.items()}
    owners = {"owner": held[names[0]], "other": held[names[1]]}
    return owners | staff | {"forger": forged, "revoked": gone}


def an_inquiry(lake: Path) -> str:
    """Open an inquiry about the owner in the investigator's region and return its name."""
    said = {"subject_kind": "provider", "subject": "H1", "region": "000000", "class": "breach"}
    clerk = Officer("an", date(2026, 5, 4), 1)
    return begin(Lake(lake).database, clerk, said | {"findings": ["S1"]}).case_id


def signed(key: Credential | None) -> dict[str, str]:
    return {} if key is None else signed_headers(key, "access", next_stamp())


def mounted(routes: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Yield method and path of every route, those of included routers too."""
    for route in routes:
        router = getattr(route, "original_router", None)
        if router is not None:
            yield from mounted(router.routes)
        elif isinstance(route, Mount):
            yield "GET", f"{route.path}/console.css"
        else:
            yield from ((method, route.path) for method in route.methods - {"HEAD"})


def test_every_route_has_a_row() -> None:
    routes = {" ".join(route) for route in mounted(create_app(Settings()).routes)}
    assert routes == {*ACCESS["open_routes"], *SIGNED, *ACCESS["national_routes"]}


def test_every_transaction_has_a_row() -> None:
    assert set(NATIONAL) == set(SUPPORTED)


# --- REST


class Rest:
    """The service, a settlement of the owner's, and everybody's keys."""

    def __init__(self, client: TestClient, lake: Path) -> None:
        self.client = client
        self.keys = keys(lake, "H1", "H2")
        self.case_id = an_inquiry(lake)

    def settled(self) -> str:
        """Settle a visit of the owner's and return its id."""
        answer = self.send("POST", "/v1/settlements", "owner", visit(f"V{next(SERIALS)}"))
        made: str = answer.json()["settlements"][0]["settlement_id"]
        return made

    def send(self, method: str, url: str, caller: str, body: Any) -> Any:
        headers = signed(self.keys.get("owner" if caller == "absent" else caller))
        headers["Idempotency-Key"] = f"M{next(SERIALS)}"
        return self.client.request(method, url, headers=headers, json=body)


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    folder = tmp_path_factory.mktemp("rest")
    with serving(folder) as client:
        yield Rest(client, folder / "lake")


def told(answer: Any) -> str:
    """Return status and code."""
    is_problem = answer.headers["content-type"] == "application/problem+json"
    code = answer.json()["code"] if is_problem else ""
    return f"{answer.status_code} {code}".strip()


@pytest.mark.parametrize("route", ACCESS["open_routes"])
def test_open_routes_answer_everybody_alike(rest: Rest, route: str) -> None:
    method, url = route.split()
    for caller in ("nobody", "forger", "owner"):
        body: Message | None = {} if method == "POST" else None
        assert told(rest.send(method, url, caller, body)) == ACCESS["open_routes"][route], caller


@pytest.mark.parametrize("route", SIGNED)
def test_signed_routes_answer_each_caller_as_the_matrix_says(rest: Rest, route: str) -> None:
    row = ACCESS["unsigned"]["rest"] | SIGNED[route]
    answers = {}
    for caller in row:
        if caller == "region":
            continue  # Its key is one of the other scheme: tests/integration/test_crossregion.py.
        made = "0" * 32 if caller == "absent" else rest.settled()
        person = "P404" if caller == "absent" else "P1"
        method, url = route.format(
            settlement_id=made, person_id=person, case_id=rest.case_id
        ).split()
        # The owner alone settles for P1: whom one has settled for one may read.
        whom = "P1" if caller == "owner" else "P2"
        body = {} if "cross-region" in url else visit(f"V{next(SERIALS)}", person_id=whom)
        answers[caller] = rest.send(method, url, caller, None if method == "GET" else body)
    assert {caller: told(answer) for caller, answer in answers.items()} == {
        caller: row[caller] for caller in answers
    }
    if row.get("other") == row.get("absent") != None:  # noqa: E711 - both are there
        theirs, absent = (
            answers[caller].json() | {"instance": ""} for caller in ("other", "absent")
        )
        assert theirs == absent


# --- the national form


class National:
    """The service in its national form, with a lake whose night knows the reference data."""

    def __init__(self, client: TestClient, lake: Path) -> None:
        self.keys = keys(lake, "H1", "H2")
        self.client = client
        self.owner = Hospital(client, self.keys["owner"])

    def send(self, number: str, caller: str, told_: Message) -> Message:
        key = self.keys.get("owner" if caller == "absent" else caller)
        program = Hospital(self.client, key or self.keys["owner"])
        message = program.message(number, blocks(told_))
        body = json.dumps(message, ensure_ascii=False).encode()
        answer = self.client.post(SERVICE, content=body, headers=signed(key))
        assert answer.status_code == 200
        whole: Message = answer.json()
        return whole


@pytest.fixture(scope="module")
def national(tmp_path_factory: pytest.TempPathFactory) -> Iterator[National]:
    world = World(tmp_path_factory.mktemp("national"))
    world.night(a_bill(1, "E2", ("A", "100.00")))
    settings = Settings(lake=world.lake, rate_per_second=10**6, rate_burst=10**6)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield National(client, world.lake)


def blocks(told_: Message) -> Message:
    """Return every block that a transaction may read, each with all that is told."""
    one_line = told_ | {"feedetl_sn": f"L{next(SERIALS)}"}
    return {
        "data": told_,
        "mdtrtinfo": told_,
        "adminfo": told_,
        "dscginfo": told_,
        "refmedin": told_,
        "psndise": told_,
        "druginfo": told_,
        "setlinfo": told_,
        "feedetail": [one_line],
        "drugdetail": [one_line],
        "iteminfo": [{"med_chrgitm": "09", "amt": "100.00", "claa_sumfee": "100.00"}],
        "payinfo": told_.get("payinfo", []),
        "signIn": {"opter_no": "001"},
        "fsUploadIn": {"in": ONE_ROW, "filename": "a.txt"},
        "fsDownloadIn": told_,
    }


def facts(person: str) -> Message:
    """Return what any transaction may be told."""
    return {
        "psn_no": person, "insutype": "310", "begntime": "2024-03-01 08:00:00",
        "endtime": "2024-03-06 10:00:00", "mdtrt_cert_type": "02",
        "mdtrt_cert_no": identity_no(101),
        "ipt_otp_no": "MZ1", "ipt_no": "ZY1", "med_type": "11", "chrg_bchno": "B1",
        "fee_ocur_time": "2024-03-02 08:00:00", "med_list_codg": "A",
        "det_item_fee_sumamt": "100.00", "cnt": "1", "pric": "100.00", "medfee_sumamt": "100.00",
        "acct_used_flag": "0",
        "dscg_way": "1", "mid_setl_flag": "0", "dise_codg": "J06.900", "feedetl_sn": "0000",
        "reflin_medins_no": "H3", "opsp_dise_code": "E11", "fixmedins_code": "H1",
        "begndate": "2024-03-01", "enddate": "2024-03-31",
        "clr_type": "11", "clr_way": "01", "clr_optins": "610100", "setl_optins": "610100",
        "setlym": "202403", "stmt_begndate": "2024-03-01", "stmt_enddate": "2024-03-31",
        "fixmedins_setl_cnt": "1", "med_sumfee": "100.00", "fund_pay_sumamt": "0.00",
        "fund_appy_sum": "9999.00", "cash_payamt": "100.00", "acct_pay": "0.00",
        "patient_dtos": [{"patn_id": person, "fsi_encounter_dtos": [
            {"mdtrt_id": "V1", "adm_date": "2024-03-01", "med_type": "11", "insutype": "310"}]}],
    }  # fmt: skip


def prepared(national: National, stage: str) -> Message:
    """Return what is to be told of a new visit of the owner's at a stage."""
    person = f"P{next(SERIALS) % 15 + 1}"
    now = facts(person)
    if stage == "none":
        return now
    if stage == "filed":
        now |= national.owner.ask("2501", **blocks(now))["result"]
        return now
    if stage == "stored":
        now |= national.owner.ask("9101", **blocks(now))["fsUploadOut"]
        return now
    stay = stage in {"charged", "left", "stay_settled"}
    now |= {"med_type": "21"} if stay else {}
    first = "2401" if stay else "2201"
    made = national.owner.ask(first, **blocks(now))
    now["mdtrt_id"] = (made.get("result") or made["data"])["mdtrt_id"]
    leaves = ["2402"] if stage in {"left", "stay_settled"} else []
    for number in ["2301", *leaves] if stay else ["2203", "2204"]:
        national.owner.ask(number, **blocks(now))
    if stage in {"settled", "stay_settled"}:
        number = "2304" if stay else "2207"
        message = national.owner.message(number, blocks(now))
        answer = json.loads(national.owner.send(message))
        now["setl_id"] = answer["output"]["setlinfo"]["setl_id"]
        now["payinfo"] = [
            {name: fund[name] for name in ("fund_pay_type", "fund_payamt")}
            for fund in answer["output"]["setldetail"]
        ]
        now |= {"omsgid": message["msgid"], "oinfno": number}
    return now


ABSENT = {
    "psn_no": "P404", "mdtrt_id": "404", "setl_id": "404", "omsgid": "404",
    "mdtrt_cert_no": identity_no(404), "trt_dcla_detl_sn": "404", "file_qury_no": "404",
}  # fmt: skip


def blank(answer: Message, asked: Message) -> str:
    """Return an answer without what tells one message from the next, and without what it asked."""
    text = json.dumps(
        {name: value for name, value in answer.items() if not name.endswith(("msgid", "time"))},
        ensure_ascii=False,
    )
    for name in ABSENT:
        text = text.replace(str(asked.get(name, "#")), "#")
    return text


@pytest.mark.parametrize("number", NATIONAL)
def test_transactions_answer_each_caller_as_the_matrix_says(
    national: National, number: str
) -> None:
    row = NATIONAL[number]
    expected = ACCESS["unsigned"]["national"] | {k: v for k, v in row.items() if k != "stage"}
    answers, asked = {}, {}
    for caller in expected:
        told_ = prepared(national, row["stage"])
        gone = {k: v for k, v in ABSENT.items() if k in told_} if caller == "absent" else {}
        if caller == "absent" and row["stage"] != "none":
            gone.pop("psn_no")
        asked[caller] = told_ | gone
        answers[caller] = national.send(number, caller, asked[caller])
    codes = {caller: (answer["err_msg"] or "0").split()[0] for caller, answer in answers.items()}
    assert codes == expected
    if "absent" in expected and expected["other"] == expected["absent"]:
        theirs, absent = (blank(answers[one], asked[one]) for one in ("other", "absent"))
        assert theirs == absent
