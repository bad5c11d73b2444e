"""Settlements in the form in which the national interface answers them."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import IntEnum
from typing import Any

from api.national.desk import Desk, today
from api.national.envelope import Call
from engine.claims.amounts import AMOUNT_COLUMNS
from engine.codes.enums import Fund, Insurance, PaymentSource
from engine.codes.lookup import CodeTable
from engine.errors import ClaimError
from engine.policy.insurances import SCHEME_OF
from engine.storage.fund_details import FundDetail, of_row
from engine.storage.posting import Answer
from engine.wire.fields import by_english
from engine.wire.translate import English, write_record

OF_OTHER_FUNDS = ("injury_paid_fen", "maternity_paid_fen")
"""Funds that a settlement has no field for: their money goes under the other payments."""

INSURANCE_OF = {name: insurance for insurance, name in SCHEME_OF.items()}
Told = dict[str, Any]


def settlements_of(answer: Answer) -> list[Told]:
    """Return the settlements that a message has made.

    Raises:
        ClaimError: the message was refused.
    """
    if isinstance(answer, ClaimError):
        raise answer
    found: list[Told] = json.loads(answer)["settlements"]
    return found


def settled(
    desk: Desk, call: Call, settlement: Mapping[str, Any], context: Mapping[str, English]
) -> Told:
    """Return a settlement just made, or shown, with its details fund by fund.

    Args:
        settlement: as the ledger answers it.
        context: what else is told of it, by names of `settlement`, with `insurance` as a member
            of Insurance.
    """
    at = datetime.fromtimestamp(call.now, UTC).replace(tzinfo=None)
    known = {"settled_at": at, "institution_settlement_id": call.message_id, **context}
    amounts = {name: int(settlement[name]) for name in AMOUNT_COLUMNS}
    return _told(desk, call, amounts, settlement["funds"], known)


def stored(desk: Desk, call: Call, row: Mapping[str, Any], visit_id: str) -> Told:
    """Return a settlement that the ledger holds, with its details fund by fund."""
    amounts = {name: int(row[name]) for name in AMOUNT_COLUMNS}
    context: dict[str, English] = {
        "settlement_id": row["settlement_id"],
        "visit_id": visit_id,
        "person_id": row["person_id"],
        "institution_id": row["institution_id"],
        "insurance": INSURANCE_OF.get(row["scheme"], Insurance.OTHER_SPECIAL),
        "institution_settlement_id": row["message_id"],
        "settled_at": datetime.fromtimestamp(row["settled_at"], UTC).replace(tzinfo=None),
        "accrual_year": str(row["year"]),
        "refund": "0" if row["reverses"] is None else "1",
        "queried_person_total_fen": amounts["person_total_fen"],
        "queried_cash_paid_fen": amounts["cash_paid_fen"],
    }
    return _told(desk, call, amounts, of_row(desk.book, row), context)


def _told(
    desk: Desk,
    call: Call,
    amounts: dict[str, int],
    funds: list[FundDetail],
    context: Mapping[str, English],
) -> Told:
    known = by_english("settlement")
    national: dict[str, English] = {name: fen for name, fen in amounts.items() if name in known}
    other = amounts["other_paid_fen"] + sum(amounts[name] for name in OF_OTHER_FUNDS)
    insurance = Insurance(int(str(context["insurance"])))
    place = (desk.reference.institution(call.institution_id)["region"], today(call))
    written = {
        **national,
        **context,
        "other_paid_fen": other,
        "insurance": _code("insurance", insurance, place),
    }
    details = [
        {
            "settlement_id": context.get("settlement_id"),
            "payment_source": _code("payment_source", source, place),
            "payment_source_name": CodeTable.load("payment_source").label_zh(
                place[0], source, place[1]
            ),
            "covered_fen": amounts["covered_fen"],
            "cap_left_fen": one.get("cap_left_fen"),
            "paid_fen": one["paid_fen"],
        }
        for one in funds
        for source in [PaymentSource.of_fund(Fund[one["fund"].upper()], insurance)]
    ]
    return {
        "setlinfo": write_record(written, "settlement"),
        "setldetail": [write_record(row, "fund_detail") for row in details],
    }


def _code(table: str, member: IntEnum, place: tuple[str, date]) -> str:
    return CodeTable.load(table).encode(place[0], member, place[1])
