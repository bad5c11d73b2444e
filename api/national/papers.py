"""Files up and down, 9101 and 9102; the settlement list of a settlement, 4101."""

import base64
import binascii
import re
from collections import Counter
from typing import Any

import sqlalchemy as sa

from api.national.desk import Desk, block, blocks, own_visit, today, told
from api.national.envelope import Call
from api.national.reconciling import no_file
from api.national.settling import no_settlement, own_settlement
from engine.claims.keys import content_key
from engine.codes.enums import Fund, Insurance, ItemCategory, PaymentSource
from engine.codes.lookup import CodeTable
from engine.errors import ClaimError
from engine.storage import visits
from engine.storage.institution_papers import Paper, own_file, store_file, store_list
from engine.wire.fields import by_english
from engine.wire.translate import write_record

NAME = re.compile(r"[\w（）()-][\w（）(). -]{0,99}")
FILE_BYTES_MAX = 2 * 1024 * 1024
BYTES = 256
PARTS = ("class_a_fen", "class_b_fen", "self_pay_off_list_fen", "other_fen")
KEPT = ("payinfo", "iteminfo", "diseinfo", "oprninfo")
"""Blocks of a settlement list that are kept. The person's own data are in the registers already."""


def send_up(call: Call, _desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """9101: a file is kept; its bytes come in Base64, or number by number."""
    record = dict(block(call, "fsUploadIn"))
    code = by_english("file")["content"].code
    content = _bytes(record.pop(code, None))
    asked = told(record, ("file_name",), "file")
    name = asked["file_name"]
    if not NAME.fullmatch(name):
        raise ClaimError(
            "file_name",
            "文件名只可有文字、数字、括号、点、空格、下划线和连字符，且不以点开头；请更名",
            "a file's name has letters, digits, brackets, dots, spaces, _ and - alone",
        )
    file_id = f"{content_key(f'{call.institution_id} {call.message_id}'):019d}"
    store_file(connection, Paper(file_id, call.institution_id, name, content), call.now)
    answer = {"file_id": file_id, "file_name": name, "institution_id": call.institution_id}
    return {"fsUploadOut": write_record(answer, "file")}


def fetch(call: Call, connection: sa.Connection) -> bytes:
    """9102: the bytes of a file of the institution's own."""
    asked = told(block(call, "fsDownloadIn"), ("file_id",), "file")
    paper = own_file(connection, call.institution_id, asked["file_id"])
    if paper is None:
        raise no_file()
    return paper.content


def settlement_list(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """4101: the list of a settlement is kept, once its sums are those of the settlement.

    Its items must sum to the lines category by category, its payments to the funds one by one.
    """
    head = told(block(call, "setlinfo"), ("settlement_id", "visit_id", "person_id"), "list")
    row = own_settlement(call, connection, head)
    visit = own_visit(call, connection, head)
    billed = visits.lines_with_settlements(connection, visit)
    lines = [line for line, name in billed if name == row["settlement_id"]]
    if not lines:
        raise no_settlement()
    _check_items(call, desk, visit, lines)
    _check_payments(call, visit, row)
    name = f"list {call.institution_id} {row['settlement_id']}"
    list_id = f"{content_key(name):019d}"
    content = {name: call.blocks[name] for name in KEPT if name in call.blocks}
    key = (call.institution_id, row["settlement_id"], list_id)
    store_list(connection, key, content, call.now)
    return {"data": write_record({"list_id": list_id}, "list")}


def _bytes(given: Any) -> bytes:
    try:
        content = bytes(map(int, given)) if isinstance(given, list) else _decoded(given)
    except (ValueError, TypeError) as error:
        raise _no_content() from error
    if not content or len(content) > FILE_BYTES_MAX:
        raise _no_content()
    return content


def _decoded(given: Any) -> bytes:
    if not isinstance(given, str):
        raise _no_content()
    try:
        return base64.b64decode(given, validate=True)
    except binascii.Error as error:
        raise _no_content() from error


def _no_content() -> ClaimError:
    return ClaimError(
        "file_content",
        f"文件数据须为 Base64 或字节数组，不为空，至多 {FILE_BYTES_MAX} 字节；请更正",
        f"a file comes in Base64 or byte by byte, not empty, at most {FILE_BYTES_MAX} bytes",
    )


def _check_items(call: Call, desk: Desk, visit: visits.Visit, lines: list[visits.Line]) -> None:
    charged: Counter[str] = Counter()
    for line in lines:
        item = desk.reference.item(line["item_code"], visit.care_region, line["day"])
        category = ItemCategory.OTHER if item is None else ItemCategory(item["category"])
        charged[f"{category:02d}"] += line["amount_fen"]
    needs = ("item_category", "amount_fen")
    listed: Counter[str] = Counter()
    for one in blocks(call, "iteminfo"):
        item = told(one, needs, "list_item")
        listed[item["item_category"]] += item["amount_fen"]
        if sum(item.get(part) or 0 for part in PARTS) != item["amount_fen"]:
            raise _differs("parts", item["item_category"])
    for code in sorted({*charged, *listed}):
        if charged[code] != listed[code]:
            raise _differs("category", code)


def _check_payments(call: Call, visit: visits.Visit, row: dict[str, Any]) -> None:
    insurance, on = Insurance(visit.insurance), today(call)
    encode = CodeTable.load("payment_source").encode
    paid = {
        encode(visit.care_region, PaymentSource.of_fund(fund, insurance), on): row[name]
        for fund in Fund
        for name in [f"{fund.name.lower()}_paid_fen"]
        if row[name]
    }
    listed: Counter[str] = Counter()
    for one in blocks(call, "payinfo") if call.blocks.get("payinfo") else ():
        payment = told(one, ("payment_source", "paid_fen"), "fund_detail")
        listed[payment["payment_source"]] += payment["paid_fen"]
    for source in sorted({*paid, *listed}):
        if paid.get(source, 0) != listed[source]:
            raise _differs("fund", source)


_PLACES = {
    "parts": ("项目 {} 的甲、乙、自费、其他之和", "the parts of item {}"),
    "category": ("项目类别 {} 的金额", "the amount of category {}"),
    "fund": ("基金 {} 的支付金额", "what fund {} paid"),
}


def _differs(place: str, code: str) -> ClaimError:
    zh, en = (text.format(code) for text in _PLACES[place])
    return ClaimError(
        "list_differs",
        f"结算清单中{zh}与结算不符，未作保存；请更正后重新上传",
        f"the list is not what was settled: {en}; it was not kept, correct it and send it again",
    )
