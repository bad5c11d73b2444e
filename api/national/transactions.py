"""Which transaction does what, and how each is carried out once."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from api.national import (
    accumulated,
    catalogue,
    filings,
    inpatient,
    outpatient,
    papers,
    persons,
    pharmacy,
    queries,
    reconciling,
    reminding,
    settling,
)
from api.national.desk import Desk
from api.national.envelope import Call, answer, refusal
from engine.errors import ClaimError
from engine.storage.exchanges import carry_out

Work = Callable[[Call, Desk, sa.Connection], dict[str, Any]]
Change = Callable[[Call, Desk, sa.Connection], dict[str, Any] | ClaimError]
"""A refusal that it returns is kept with what it did; one that it raises takes all back."""

QUERIES: Mapping[str, Work] = MappingProxyType(
    {
        "9001": persons.sign_in,
        "9002": persons.sign_in,
        "1101": persons.person_information,
        "2001": persons.entitlement,
        "2206": settling.pre_settle,
        "2303": settling.pre_settle_stay,
        "1312": catalogue.items,
        "1318": catalogue.ceilings,
        "1319": catalogue.shares,
        "2101": pharmacy.pre_settle,
        "2101A": pharmacy.pre_settle,
        "3101": reminding.remind,
        "3102": reminding.remind,
        "3201": reconciling.totals,
        "5201": queries.visit_rows,
        "5202": queries.diagnosis_rows,
        "5203": queries.settlement,
        "5204": queries.line_rows,
        "5205": queries.chronic_drugs,
        "5206": accumulated.accumulated,
    }
)
"""Transactions that change nothing: asked twice they are answered anew."""

CHANGES: Mapping[str, Change] = MappingProxyType(
    {
        "2102": pharmacy.settle,
        "2102A": pharmacy.settle,
        "2103": settling.cancel,
        "2201": outpatient.register,
        "2202": outpatient.cancel_registration,
        "2203": outpatient.diagnose,
        "2203A": outpatient.diagnose,
        "2204": outpatient.send_lines,
        "2205": outpatient.remove_lines,
        "2207": settling.settle,
        "2208": settling.cancel,
        "2301": inpatient.send_lines,
        "2302": inpatient.remove_lines,
        "2304": settling.settle_stay,
        "2305": settling.cancel,
        "2401": inpatient.admit,
        "2402": inpatient.discharge,
        "2403": inpatient.change,
        "2404": inpatient.cancel_admission,
        "2405": inpatient.cancel_discharge,
        "2501": filings.declare,
        "2502": filings.withdraw,
        "2503": filings.declare,
        "2504": filings.withdraw,
        "2505": filings.declare,
        "2506": filings.withdraw,
        "2601": settling.reverse,
        "3202": reconciling.rows,
        "3203": reconciling.apply,
        "4101": papers.settlement_list,
        "9101": papers.send_up,
    }
)
"""Transactions that change something, in one database transaction with the answer that is kept."""

DOWNLOAD = "9102"
"""The one transaction that is answered by bytes, and not by an envelope."""

SUPPORTED = tuple(sorted({*QUERIES, *CHANGES, DOWNLOAD}))
KNOWN: Mapping[str, str] = MappingProxyType(
    {
        "1201": "医药机构信息获取",
        **{f"13{k:02}": "医保目录下载" for k in (*range(1, 12), 13, 14, 15, 16, 17, 20, 21)},
        "1602": "卡密码校验",
        "1603": "卡密码修改",
        "1901": "字典表查询",
        "2406": "住院特殊属性登记",
        "2407": "住院特殊属性撤销",
        "2507": "意外伤害备案",
        "2562": "两病备案",
        "2563": "两病备案撤销",
        "2699": "生育备案",
        "3204": "清算申请撤销",
        **{f"326{k}": "异地清分" for k in range(3)},
        "3301": "目录对照上传",
        "3302": "目录对照撤销",
        **{f"340{k}": "科室信息" for k in range(1, 4)},
        **{f"350{k}": "进销存" for k in range(1, 8)},
        "3513": "追溯码查询",
        "4101A": "医疗保障基金结算清单上传（分中心）",
        **{f"410{k}": "结算清单" for k in range(2, 6)},
        **{f"420{k}": "自费病人信息" for k in (1, 2, 3, 4, 5, 7, 8, 9)},
        "4201A": "自费病人信息",
        **dict.fromkeys(("4301", "4302", "4401", "4402", "4601", "4602", "4701"), "临床信息"),
        **{f"450{k}": "检查检验报告" for k in range(1, 6)},
        "5101": "科室信息查询",
        "5102": "医执人员信息查询",
        **{f"530{k}": "备案与在院查询" for k in range(1, 5)},
        **dict.fromkeys(("6201", "6203", "6301", "6401"), "线上支付"),
        "7101": "电子处方",
    }
)
"""What else the interface has, by name; this system does not carry it out."""


def carried_out(call: Call, desk: Desk) -> bytes:
    """Carry out a call and return the bytes that answer it: an envelope, or a file.

    Raises:
        ClaimError: it is refused; nothing was done and nothing is remembered.
        StorageError: the database is not available; to send the very same again is safe.
    """
    number = call.transaction
    if number in QUERIES:
        with desk.database.reading() as connection:
            return answer(call, QUERIES[number](call, desk, connection))
    if number == DOWNLOAD:
        with desk.database.reading() as connection:
            return papers.fetch(call, connection)
    if number in CHANGES:
        key, told = (call.institution_id, call.message_id), (number, call.body_hash, call.now)
        change = CHANGES[number]
        return carry_out(desk.database, key, lambda c: _told(call, change(call, desk, c)), told)
    raise _refused(number)


def _told(call: Call, outcome: dict[str, Any] | ClaimError) -> bytes:
    """Return what answers a change: its output, or a refusal that is kept like one."""
    return refusal(call, outcome) if isinstance(outcome, ClaimError) else answer(call, outcome)


def _refused(number: str) -> ClaimError:
    name = KNOWN.get(number)
    if name is None:
        return ClaimError(
            "unknown_transaction",
            "国家接口没有这个交易编号；请核对",
            "the national interface has no transaction of this number; check it",
        )
    return ClaimError(
        "not_supported",
        f"本系统不支持交易 {number}（{name}）；已支持的交易见接入说明 docs/hospital.md",
        f"transaction {number} is not supported; see the hospital's guide for those that are",
        transaction=number,
    )
