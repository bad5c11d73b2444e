"""What no honest program sends: it is refused with a code, and no log repeats who was spoken of."""

import io
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from api.app import create_app
from api.national.signatures import signed_headers
from api.settings import Settings
from engine.storage.credentials import issue
from engine.storage.lake import Lake
from pipelines.sandbox import identity_no, prepare_sandbox
from tests.hospital_program import SERVICE, Hospital
from tests.http_client import TestClient
from tests.stamps import next_stamp

TEXTS = (
    "' OR 1=1 --", "../../etc/passwd", "%2e%2e%2f", "=1+1", "<svg onload=1>", "\u0000", "\ud800",
    "\u202e", "１", "𝟏", "a" * 5_000, "{{7*7}}", "${jndi:x}", "null\n", "-0", "1e400", "NaN",
)  # fmt: skip
BODIES = (
    b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"infno": "9001", "infno": "1101"}', b"[" * 200_000,
    b'{"a":' * 50_000, b'{"infno": NaN}', b'{"infno": ' + b"9" * 10_000 + b"}",
)  # fmt: skip


@pytest.fixture(scope="module")
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory, log: io.StringIO) -> Iterator[Hospital]:
    lake = prepare_sandbox(tmp_path_factory.mktemp("hostile"), "H1")
    key = issue(Lake(lake).database, "H1", int(time.time()), "operator")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("sys.stderr", log)
        app = create_app(Settings(lake=lake, rate_per_second=10**6, rate_burst=10**6))
        with TestClient(app, raise_server_exceptions=False) as client:
            yield Hospital(client, key)


def refused(hospital: Hospital, number: str, told: dict[str, Any]) -> dict[str, Any]:
    message = hospital.message(number, {"data": told, "mdtrtinfo": told, "feedetail": [told]})
    headers = signed_headers(hospital.credential, "hostile", next_stamp())
    body = json.dumps(message).encode()
    answer = hospital.client.post(SERVICE, content=body, headers=headers)
    assert answer.status_code == 200
    whole: dict[str, Any] = answer.json()
    return whole


@pytest.mark.parametrize("number", ["1101", "2001", "2201", "2203", "2204", "2207", "2208", "5203"])
def test_hostile_text_in_any_field_is_refused_with_a_code(hospital: Hospital, number: str) -> None:
    for text in TEXTS:
        told = dict.fromkeys(
            ("psn_no", "mdtrt_id", "setl_id", "mdtrt_cert_no", "insutype", "begntime", "cnt",
             "chrg_bchno", "feedetl_sn", "pric", "det_item_fee_sumamt", "ipt_otp_no", "med_type"),
            text,
        )  # fmt: skip
        whole = refused(hospital, number, told)
        assert whole["infcode"] == "-1", (number, text[:20])
        assert whole["err_msg"].split()[0] not in {"unavailable", "internal"}, (number, text[:20])


@pytest.mark.parametrize("at", range(len(BODIES)))
def test_a_hostile_body_is_refused_in_both_forms(hospital: Hospital, at: int) -> None:
    for url, status in ((SERVICE, {200}), ("/v1/settlements:presettle", {422})):
        headers = signed_headers(hospital.credential, "hostile", next_stamp())
        headers["Content-Type"] = "application/json"
        answer = hospital.client.post(url, content=BODIES[at], headers=headers)
        assert answer.status_code in status, (url, answer.text[:200])
        code = (answer.json().get("err_msg") or answer.json().get("code")).split()[0]
        assert code in {"envelope_format", "invalid_request"}, url


def test_the_log_of_a_whole_chain_names_nobody(hospital: Hospital, log: io.StringIO) -> None:
    person = {"psn_no": "SB-OK", "insutype": "310", "psn_name": "沙箱"}
    told = {"mdtrt_cert_type": "02", "mdtrt_cert_no": identity_no(1)}
    hospital.ask("1101", data=told)
    day = {"begntime": "2024-03-01 08:00:00"}
    made = hospital.ask("2201", data=person | day | told | {"ipt_otp_no": "MZ77"})["data"]
    visit = person | {"mdtrt_id": made["mdtrt_id"], "chrg_bchno": "B1"}
    hospital.refused("2207", data=visit | {"medfee_sumamt": "1.00", "acct_used_flag": "0"})
    hospital.client.get("/v1/persons/SB-OK/accumulators?name=沙箱")
    written = log.getvalue()
    assert written.count('"event": "request"') > 3
    for secret in (
        "SB-OK",
        identity_no(1),
        "沙箱",
        "MZ77",
        made["mdtrt_id"],
        hospital.credential.secret,
    ):
        assert secret not in written
