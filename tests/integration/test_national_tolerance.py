"""What clients really send is taken, and what could change an amount is not: a table of forms."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from api.app import create_app
from api.national.signatures import signed_headers
from api.settings import Settings
from tests.hospital_program import SERVICE, Hospital, Message, keyed
from tests.http_client import TestClient
from tests.integration.night_world import World, a_bill
from tests.integration.test_national import line, registered
from tests.stamps import next_stamp


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    world = World(tmp_path_factory.mktemp("tolerance"))
    world.night(a_bill(1, "E2", ("A", "100.00")))
    with TestClient(create_app(Settings(lake=world.lake)), raise_server_exceptions=False) as client:
        yield keyed(client, world.lake, "H1")


def sent(hospital: Hospital, body: bytes, kind: str = "application/json", path: str = "") -> str:
    """Send bytes as they are and return the code that refuses them, or 0."""
    stamp = next_stamp()
    headers = signed_headers(hospital.credential, "callService", stamp) | {"Content-Type": kind}
    answer = hospital.client.post(SERVICE + path, content=body, headers=headers)
    assert answer.status_code == 200
    told: Message = answer.json()
    return "0" if told["infcode"] == "0" else str(told["err_msg"]).split(" ", 1)[0]


def checked(hospital: Hospital, **changed: Any) -> bytes:
    """Return a 2001 in bytes, its envelope changed."""
    asked = {"psn_no": "E1", "insutype": "310", "begntime": "2024-03-01 08:00:00"}
    return json.dumps(hospital.message("2001", {"data": asked}, **changed)).encode()


@pytest.mark.parametrize(
    "changed",
    [
        {"infver": "V1.0"}, {"infver": "1.0"}, {"infver": "1.0.0"}, {"infver": 1.0},
        {"infver": None}, {"inf_time": "20240301080000"}, {"inf_time": "2024-03-01T08:00:00"},
        {"inf_time": ""}, {"opter_type": 1}, {"cainfo": "null"}, {"cainfo": None},
        {"sign_no": "NULL"}, {"dev_safe_info": ""}, {"encType": ""}, {"whatever": "x"},
        {"infno": 2001},
    ],
    ids=str,
)  # fmt: skip
def test_forms_of_the_envelope_are_not_judged(hospital: Hospital, changed: Message) -> None:
    assert sent(hospital, checked(hospital, **changed)) == "0"


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "text/plain;charset=UTF-8", "application/json; charset=utf-8",
     "application/octet-stream", "application/x-www-form-urlencoded"],
)  # fmt: skip
def test_any_content_type_is_read(hospital: Hospital, kind: str) -> None:
    assert sent(hospital, checked(hospital), kind) == "0"


def test_bytes_may_begin_with_a_mark_and_the_input_may_be_text(hospital: Hospital) -> None:
    assert sent(hospital, b"\xef\xbb\xbf" + checked(hospital)) == "0"
    message = json.loads(checked(hospital))
    message["input"] = json.dumps(message["input"])
    assert sent(hospital, json.dumps(message).encode(), path="/2001") == "0"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"begntime": "2024-03-01"}, "0"),
        ({"begntime": "2024/03/01"}, "date_format"),
        ({"begntime": "2024-02-30 08:00:00"}, "date_format"),
        ({"begntime": "2024-03-01 24:00:00"}, "date_format"),
        ({"begntime": "null"}, "field_missing"),
        ({"begntime": ""}, "field_missing"),
        ({"insutype": 310}, "0"),
        ({"insutype": "999"}, "unknown_code"),
        ({"insutype": "３１０"}, "unknown_code"),
        ({"psn_no": True}, "envelope_format"),
        ({"psn_no": "E1' OR '1'='1"}, "0"),
        ({"psn_no": "../../E1"}, "0"),
        ({"psn_no": "E1\x00"}, "envelope_format"),
        ({"psn_no": ["E1"]}, "id_column_type"),
        ({"psn_no": {"a": "E1"}}, "id_column_type"),
    ],
    ids=str,
)
def test_fields_are_read_by_their_own_form(hospital: Hospital, changed: Message, code: str) -> None:
    asked = {"psn_no": "E1", "insutype": "310", "begntime": "2024-03-01 08:00:00"} | changed
    message = hospital.message("2001", {"data": asked})
    assert sent(hospital, json.dumps(message).encode()) == code


MONEY = {
    "taken": ["100", "100.0", "100.00", 100, 100.0, " 100.00 "],
    "refused": [
        "1e2", "1E2", "100.000", "1,00.00", "１００.00", "100.00元", "¥100", "0x64", "+100.00",
        "1_00", "NaN", "Infinity", "--100", "100.", ".5", "1 00", "१००", "100．00", 1e22, "9" * 30,
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def visit(hospital: Hospital) -> Message:
    return registered(hospital, "P1")


@pytest.mark.parametrize("amount", MONEY["taken"], ids=repr)
def test_money_in_plain_decimals_is_taken(hospital: Hospital, visit: Message, amount: Any) -> None:
    one = line(visit, 1, "A", "100.00") | {"det_item_fee_sumamt": amount}
    message = hospital.message("2204", {"feedetail": [one | {"feedetl_sn": repr(amount)[:20]}]})
    assert sent(hospital, json.dumps(message).encode()) == "0"


@pytest.mark.parametrize("amount", MONEY["refused"], ids=repr)
def test_money_in_any_other_form_is_refused(
    hospital: Hospital, visit: Message, amount: Any
) -> None:
    one = line(visit, 2, "A", "100.00") | {"det_item_fee_sumamt": amount}
    message = hospital.message("2204", {"feedetail": [one]})
    assert sent(hospital, json.dumps(message).encode()) in {"money_format", "money_range"}


def test_a_file_of_any_bytes_is_kept_as_it_came(hospital: Hospital) -> None:
    content = bytes(range(256))
    told = {"in": base64.b64encode(content).decode(), "filename": "任意.bin"}
    number = hospital.ask("9101", fsUploadIn=told)["fsUploadOut"]["file_qury_no"]
    message = hospital.message("9102", {"fsDownloadIn": {"file_qury_no": number}})
    assert hospital.send(message) == content


def in_parts(message: Message | None, content: bytes | None) -> bytes:
    """Return a form of an envelope and a file, either of which may be missing."""
    parts = []
    if message is not None:
        told = json.dumps(message, ensure_ascii=False).encode()
        parts.append(b'Content-Disposition: form-data; name="jsonStr"\r\n\r\n' + told)
    if content is not None:
        head = b'Content-Disposition: form-data; name="file"; filename="mx.txt"\r\n'
        parts.append(head + b"Content-Type: application/octet-stream\r\n\r\n" + content)
    return b"".join(b"--edge\r\n" + part + b"\r\n" for part in parts) + b"--edge--\r\n"


def test_a_file_may_come_as_a_form_in_parts(hospital: Hospital) -> None:
    content = bytes(range(256)) * 3 + b"\r\n--edg\r\n\n\r"
    upload = hospital.message("9101", {"fsUploadIn": {"fixmedins_code": "H1"}})
    stamp = next_stamp()
    headers = signed_headers(hospital.credential, "callService", stamp)
    headers |= {"Content-Type": "multipart/form-data; boundary=edge"}
    body = in_parts(upload, content)
    answer = hospital.client.post(SERVICE, content=body, headers=headers).json()
    told = answer["output"]["fsUploadOut"]
    assert told["filename"] == "mx.txt"
    asked = {"file_qury_no": told["file_qury_no"]}
    assert hospital.send(hospital.message("9102", {"fsDownloadIn": asked})) == content


@pytest.mark.parametrize("missing", ["envelope", "file", "edge"])
def test_a_form_that_is_not_whole_is_refused(hospital: Hospital, missing: str) -> None:
    upload = hospital.message("9101", {"fsUploadIn": {"filename": "mx.txt"}})
    body = in_parts(
        None if missing == "envelope" else upload, None if missing == "file" else b"QUI="
    )
    kind = "multipart/form-data; boundary=" + ("other" if missing == "edge" else "edge")
    assert sent(hospital, body, kind) == "envelope_format"
