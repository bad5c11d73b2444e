"""The envelope of the national interface: read liberally, written one way."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NoReturn

from api.strict_json import no_number, once_each
from engine.claims.keys import content_key
from engine.errors import ClaimError, EngineError
from engine.wire.fields import by_code
from engine.wire.translate import write_record

DONE, FAILED = "0", "-1"
ABSENT = {"", "null", "NULL", "None"}
"""What clients send for a field that they leave empty, beside null itself."""

UNPRINTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""What no database and no log is to meet; tabs and line ends may stand in a note."""

INPUT = "input"
SERIALS = 10**10
ERROR_CHARACTERS = 200
NEEDED = ("transaction", "message_id", "institution_id")
MESSAGE_ID_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class Call:
    """One transaction that an institution asks for.

    Attributes:
        transaction: its number.
        message_id: the key under which it counts once.
        institution_id: who asks; the signature's, not the envelope's claim.
        care_region, home_region: as sent, empty where they were not.
        operator_id: who sat at the screen, empty where it was not told.
        blocks: the blocks of the input by name; plain values are text, absent ones are left out.
        body_hash: SHA-256 of the bytes that were sent.
        now: when they came, in seconds of local time.
    """

    transaction: str
    message_id: str
    institution_id: str
    care_region: str
    home_region: str
    operator_id: str
    blocks: Mapping[str, Any]
    body_hash: str
    now: int


def read_call(body: bytes, sender: str, now: int, number: str | None = None) -> Call:
    """Return the bytes of a request as a call.

    Args:
        body: a JSON object, whatever content type it came with.
        sender: the institution that signed.
        now: seconds of local time.
        number: the transaction in the address; it must be that of the envelope.

    Raises:
        ClaimError: `envelope_format`, or `institution_differs` where the envelope claims to be
            from another institution.
    """
    told = read_object(body)
    known = by_code("envelope")
    plain = {
        known[code].english: _text(value, code)
        for code, value in told.items()
        if code in known and not _absent(value)
    }
    for name in NEEDED:
        if name not in plain:
            _refuse(f"缺少 {name}", f"{name} is missing")
    if number is not None and number != plain["transaction"]:
        _refuse("地址与报文的交易编号不同", "address and envelope name two transactions")
    if len(plain["message_id"]) > MESSAGE_ID_CHARACTERS:
        _refuse("报文号过长", "the message id is too long")
    if plain["institution_id"] != sender:
        raise ClaimError(
            "institution_differs",
            "报文中的机构编号不是签名的机构；请核对机构编号与密钥",
            "the envelope names another institution than the one that signed",
        )
    return Call(
        transaction=plain["transaction"],
        message_id=plain["message_id"],
        institution_id=sender,
        care_region=plain.get("care_region", ""),
        home_region=plain.get("home_region", ""),
        operator_id=plain.get("operator_id", ""),
        blocks=MappingProxyType(_input(told.get(INPUT))),
        body_hash=hashlib.sha256(body).hexdigest(),
        now=now,
    )


def check_size(call: Call, records_max: int) -> None:
    """Pass if no block of a call holds more records than one message may.

    Raises:
        ClaimError: `too_many_records`.
    """
    for name, block in call.blocks.items():
        if isinstance(block, list) and len(block) > records_max:
            raise ClaimError(
                "too_many_records",
                f"{name} 有 {len(block)} 条，一次至多 {records_max} 条，未作任何处理；请分批发送",
                f"{name} holds {len(block)} records, at most {records_max} go in one message, "
                "nothing was done; send them in parts",
            )


def answer(call: Call, output: Mapping[str, Any]) -> bytes:
    """Return the bytes that tell a call's outcome."""
    return _written(_head(call, DONE, "") | {"output": output})


def refusal(call: Call | None, error: EngineError) -> bytes:
    """Return the bytes that refuse a call, the stable code at the head of the text.

    Args:
        call: the call, None where the envelope itself could not be read.
        error: why.
    """
    text = f"{error.code} {error.message_zh} | {error.message_en}"[:ERROR_CHARACTERS]
    if call is None:
        head = write_record({"result_code": FAILED, "error_text": text}, "answer")
        return _written({**head, "output": None})
    return _written(_head(call, FAILED, text) | {"output": None})


def _head(call: Call, code: str, error: str) -> dict[str, Any]:
    moment = datetime.fromtimestamp(call.now, UTC)
    serial = content_key(f"{call.institution_id} {call.message_id}") % SERIALS
    region = (call.care_region or "000000")[:6].ljust(6, "0")
    stamp = f"{moment:%Y%m%d%H%M%S}000"
    return dict(
        write_record(
            {
                "result_code": code,
                "answer_id": f"{region}{moment:%Y%m%d%H%M%S}{serial:010d}",
                "received_at": stamp,
                "answered_at": stamp,
                "error_text": error,
            },
            "answer",
        )
    )


def _written(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def read_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object that bytes are, each number as the text that was sent.

    Raises:
        ClaimError: `envelope_format`.
    """
    try:
        # A number keeps the text that was sent: 10.10 stays 10.10, and no float is ever made.
        told = json.loads(
            body,
            parse_float=str,
            parse_int=str,
            parse_constant=no_number,
            object_pairs_hook=once_each,
        )
    except (ValueError, RecursionError) as error:
        _refuse("不是 JSON", "it is no JSON", error)
    if not isinstance(told, dict):
        _refuse("不是 JSON 对象", "it is no JSON object")
    return told


def _input(given: Any) -> dict[str, Any]:
    """Return the blocks of an input; some clients send it as text that holds the JSON."""
    if isinstance(given, str) and not _absent(given):
        given = read_object(given.encode())
    if _absent(given):
        return {}
    if not isinstance(given, dict):
        _refuse("input 不是对象", "input is no object")
    return {name: _block(value) for name, value in given.items() if not _absent(value)}


def _block(value: Any) -> Any:
    if isinstance(value, list):
        return [_block(one) for one in value]
    if isinstance(value, dict):
        return {
            name: _text(one, name) if not isinstance(one, dict | list) else _block(one)
            for name, one in value.items()
            if not _absent(one)
        }
    return _text(value, "input")


def _text(value: Any, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str):
        _refuse(f"{name} 不是文本或数字", f"{name} is neither text nor a number")
    text = value.strip()
    if not text.isprintable() and UNPRINTED.search(text):
        _refuse(f"{name} 含控制字符", f"{name} holds control characters")
    return text


def _absent(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.strip() in ABSENT)


def _refuse(zh: str, en: str, cause: Exception | None = None) -> NoReturn:
    raise ClaimError(
        "envelope_format",
        f"报文格式有误：{zh}；未作任何处理，请改正后重发",
        f"the message cannot be read: {en}; nothing was done, correct it and send it again",
    ) from cause
