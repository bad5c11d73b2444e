"""Reconciling with an institution: totals 3201, row by row 3202; applying for clearing 3203."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from api.national.answers import INSURANCE_OF
from api.national.desk import Desk, block, insurance_of, told
from api.national.envelope import Call
from engine.claims.keys import content_key
from engine.codes.enums import VisitKind
from engine.errors import ClaimError
from engine.money import format_scaled, parse_fen
from engine.rules.forms.limit import INPATIENT
from engine.storage import visits
from engine.storage.institution_papers import (
    Paper,
    application_of,
    apply_for_clearing,
    own_file,
    store_file,
)
from engine.storage.ledger_tables import SETTLEMENTS
from engine.storage.messages import EPOCH
from engine.wire.translate import write_record

BALANCED, ONLY_THEIRS, ONLY_OURS, DIFFERS = "000000", "000101", "000102", "000103"
RESULTS: Mapping[str, tuple[str, str]] = {
    BALANCED: ("对账平", "balanced"),
    ONLY_THEIRS: ("医保无此笔", "the ledger has no such settlement"),
    ONLY_OURS: ("机构无此笔", "the institution's file lacks this settlement"),
    DIFFERS: ("金额不符", "the amounts differ"),
}
OUTPATIENT, STAY, PHARMACY = "11", "21", "41"
AMOUNTS = ("total_fen", "fund_total_fen", "account_paid_fen")
ROWS_MAX = 100_000
COLUMNS = 7
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
REFUND = {"0": False, "1": True}


@dataclass(frozen=True, slots=True)
class Statement:
    """One settlement as one side states it; `message_id` is empty where it is not known."""

    settlement_id: str
    visit_id: str
    person_id: str
    amounts: tuple[int, ...]
    refund: bool
    message_id: str = ""


def totals(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """3201: whether the sums of a period are those of the ledger, refunds and all."""
    needs = ("insurance", "clearing_type", "agency", "begin_date", "end_date", "settlements")
    asked = told(block(call, "data"), (*needs, *AMOUNTS), "statement")
    ours = _ours(call, desk, connection, asked)
    sums = tuple(sum(one.amounts[k] for one in ours) for k in range(len(AMOUNTS)))
    theirs = tuple(asked[name] for name in AMOUNTS)
    count = asked["settlements"]
    result = BALANCED if (sums, len(ours)) == (theirs, count) else DIFFERS
    if result == DIFFERS and not (ours and count):
        result = ONLY_OURS if ours else ONLY_THEIRS
    zh, en = RESULTS[result]
    text = zh if result == BALANCED else f"{zh}：医保 {len(ours)} 笔，总额 {_yuan(sums[0])} | {en}"
    answer = {"agency": asked["agency"], "result": result, "result_text": text}
    return {"stmtinfo": write_record(answer, "statement")}


def rows(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """3202: the settlements of a file that was sent up beside the ledger's; differences as a file.

    A line is separated by tabs: person, visit, settlement, message id, result, refund, note, and
    the three amounts, as the institution stated them or else as the ledger has them.
    """
    needs = ("agency", "begin_date", "end_date", "file_id")
    asked = told(block(call, "data"), needs, "statement")
    paper = own_file(connection, call.institution_id, asked["file_id"])
    if paper is None:
        raise no_file()
    theirs = {one.settlement_id: one for one in _read(paper.content)}
    ours = {one.settlement_id: one for one in _ours(call, desk, connection, asked)}
    found = list(_differences(ours, theirs))
    text = "".join("\t".join(line) + "\n" for line in found)
    file_id = f"{content_key(f'{call.institution_id} {call.message_id}'):019d}"
    name = f"differences-{file_id}.txt"
    made = Paper(file_id, call.institution_id, name, text.encode())
    store_file(connection, made, call.now)
    head = write_record({"file_id": file_id, "file_name": name}, "file")
    return {"fileinfo": head | {"size": str(len(made.content)), "differences": str(len(found))}}


def apply(call: Call, desk: Desk, connection: sa.Connection) -> dict[str, Any]:
    """3203: the institution applies for a month's clearing; its sums must be the ledger's."""
    needs = (
        "insurance", "clearing_type", "clearing_way", "clearing_agency", "month", "total_fen",
        "recognised_fen", "fund_applied_fen", "cash_paid_fen", "account_paid_fen", "first_date",
        "last_date",
    )  # fmt: skip
    asked = told(block(call, "data"), needs, "statement")
    period = {"begin_date": asked["first_date"], "end_date": asked["last_date"]}
    of = asked | period | {"agency": asked["clearing_agency"]}
    ours = _ours(call, desk, connection, of)
    sums = tuple(sum(one.amounts[k] for one in ours) for k in range(len(AMOUNTS)))
    if sums != (asked["total_fen"], asked["fund_applied_fen"], asked["account_paid_fen"]):
        raise ClaimError(
            "totals_differ",
            f"申请金额与账上不符：账上总额 {_yuan(sums[0])}、基金 {_yuan(sums[1])}、"
            f"账户 {_yuan(sums[2])}；请先以 3201、3202 对平",
            f"the sums are not the ledger's: total {_yuan(sums[0])}, funds {_yuan(sums[1])}, "
            f"accounts {_yuan(sums[2])}; reconcile with 3201 and 3202 first",
        )
    words = ("clearing_agency", "insurance", "clearing_type", "month")
    name = " ".join((call.institution_id, *(asked[word] for word in words)))
    application_id = f"{content_key(name):019d}"
    if application_of(connection, application_id) is not None:
        raise ClaimError(
            "applied_already",
            "该月该险种该清算类别已申请清算；不必重复申请",
            "the clearing of that month, insurance and type was applied for already",
        )
    content = {name: str(value) for name, value in asked.items() if value is not None}
    apply_for_clearing(connection, (call.institution_id, application_id), content, call.now)
    return {"result": write_record({"application_id": application_id}, "statement")}


def no_file() -> ClaimError:
    """Return the refusal of a file that is not the caller's, or is not at all."""
    return ClaimError(
        "no_file",
        "本机构没有该文件；请核对文件查询号",
        "this institution has no such file; check its number",
    )


def _ours(
    call: Call, desk: Desk, connection: sa.Connection, asked: Mapping[str, Any]
) -> list[Statement]:
    """Return the ledger's settlements of an agency and period, by insurance and type if told."""
    c = SETTLEMENTS.c
    which = [
        c.region == asked["agency"],
        c.settled_at >= _seconds(asked["begin_date"]),
        c.settled_at < _seconds(asked["end_date"] + timedelta(days=1)),
        c.total_fen != 0,
    ]
    if asked.get("insurance") is not None:
        insurance = insurance_of(desk, call, asked["insurance"])
        schemes = [name for name, one in INSURANCE_OF.items() if one is insurance]
        which.append(c.scheme.in_(schemes))
    found = visits.own_settlements(connection, call.institution_id, *which)
    kinds = _kinds(call, connection, found)
    wanted = asked.get("clearing_type")
    return [
        Statement(
            row["settlement_id"],
            row["visit_id"] or "",
            row["person_id"],
            tuple(int(row[name]) for name in AMOUNTS),
            row["reverses"] is not None,
            row["message_id"],
        )
        for row in found
        if wanted is None or kinds[row["reverses"] or row["settlement_id"]] == wanted
    ]


def _kinds(call: Call, connection: sa.Connection, found: list[dict[str, Any]]) -> dict[str, str]:
    """Return the clearing type of settlements, and of those that they reverse."""
    undone = [row["reverses"] for row in found if row["reverses"] is not None]
    named = SETTLEMENTS.c.settlement_id.in_(undone)
    originals = visits.own_settlements(connection, call.institution_id, named) if undone else []
    return {
        row["settlement_id"]: _kind(json.loads(row["facts"])["visit_kind"])
        for row in [*found, *originals]
        if row["facts"] is not None
    }


def _kind(visit_kind: int) -> str:
    if visit_kind == VisitKind.PHARMACY:
        return PHARMACY
    return STAY if visit_kind in INPATIENT else OUTPATIENT


def _differences(
    ours: Mapping[str, Statement], theirs: Mapping[str, Statement]
) -> Iterable[tuple[str, ...]]:
    for name in sorted({*ours, *theirs}):
        mine, told_ = ours.get(name), theirs.get(name)
        if mine is None and told_ is not None:
            yield _difference(told_, ONLY_THEIRS, "")
        elif mine is not None and told_ is None:
            yield _difference(mine, ONLY_OURS, mine.message_id)
        elif mine is not None and told_ is not None and _stated(mine) != _stated(told_):
            yield _difference(told_, DIFFERS, mine.message_id)


def _stated(one: Statement) -> tuple[object, ...]:
    return one.person_id, one.amounts, one.refund


def _difference(one: Statement, result: str, message_id: str) -> tuple[str, ...]:
    refund = "1" if one.refund else "0"
    note = RESULTS[result][0]
    ids = (one.person_id, one.visit_id, one.settlement_id, message_id)
    return (*ids, result, refund, note, *(_yuan(fen) for fen in one.amounts))


def _read(content: bytes) -> list[Statement]:
    """Return the statements of a file: seven columns by tabs, UTF-8, no head.

    Raises:
        ClaimError: `file_format`, with the number of the line.
    """
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise _malformed(0) from error
    if len(lines) > ROWS_MAX:
        raise _malformed(ROWS_MAX + 1)
    found = [_statement(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if len({one.settlement_id for one in found}) != len(found):
        raise ClaimError(
            "settlement_twice",
            "文件中同一结算编号出现多次；请更正后重新上传",
            "a settlement stands in the file twice; correct it and send it again",
        )
    return found


def _statement(number: int, line: str) -> Statement:
    cells = [cell.strip() for cell in line.split("\t")]
    ids = cells[:3]
    if len(cells) != COLUMNS or cells[-1] not in REFUND or not all(map(ID.fullmatch, ids)):
        raise _malformed(number)
    try:
        amounts = tuple(parse_fen(cell) for cell in cells[3:6])
    except ClaimError as error:
        raise _malformed(number) from error
    return Statement(ids[0], ids[1], ids[2], amounts, REFUND[cells[-1]])


def _malformed(line: int) -> ClaimError:
    return ClaimError(
        "file_format",
        f"文件第 {line} 行不合格式：应为 UTF-8，制表符分隔的七列，末列为 0 或 1；请更正后重新上传",
        f"line {line} of the file is not seven columns by tabs in UTF-8, the last 0 or 1; correct "
        "it and send it again",
    )


def _seconds(day: date) -> int:
    return int((datetime(day.year, day.month, day.day) - EPOCH).total_seconds())  # noqa: DTZ001 - the bureau's local time, as everywhere


def _yuan(fen: int) -> str:
    return format_scaled(fen, 2)
