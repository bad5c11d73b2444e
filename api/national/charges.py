"""Lines of a visit as they come in: taken, and told at once how each is split."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from api.national.bill import line_results
from api.national.desk import Desk, blocks, day_of, own_visit, told
from api.national.envelope import Call
from api.national.steps import take_step
from engine.errors import ClaimError
from engine.storage import visits
from engine.wire.translate import write_record

LINE_NEEDS = (
    "line_id", "charged_at", "item_code", "amount_fen", "quantity_e4", "price_e6",
)  # fmt: skip
KEPT = (
    "line_id", "item_code", "institution_item_code", "amount_fen", "quantity_e4", "price_e6",
    "original_line_id", "hospital_approved", "billing_doctor_code", "prescription_no",
    "single_dose", "frequency", "route",
)  # fmt: skip


def take_lines(
    call: Call, desk: Desk, connection: sa.Connection, needs: tuple[str, ...]
) -> dict[str, Any]:
    """Return how the lines that a message sends are split, once they are kept.

    Args:
        needs: what a line must tell beside LINE_NEEDS, the visit and the person.

    Raises:
        ClaimError: `many_visits`, `no_visit`, `step_not_allowed`, or what `checked_lines` refuses.
    """
    records = blocks(call, "feedetail")
    wanted = ("visit_id", "person_id", *needs)
    heads = [told(one, wanted, "line") for one in records]
    if len({head["visit_id"] for head in heads}) != 1:
        raise ClaimError(
            "many_visits",
            "一次上传只能是一次就诊的明细；请按就诊分开上传",
            "one upload holds the lines of one visit; send them visit by visit",
        )
    visit = take_step(connection, own_visit(call, connection, heads[0]), call.transaction)
    taken = checked_lines(records, visits.unsettled_lines(connection, visit))
    results = line_results(desk, visit, taken)
    visits.add_lines(connection, visit, taken)
    return {"result": [write_record(result, "line_result") for result in results]}


def checked_lines(
    records: Sequence[Mapping[str, Any]], before: Sequence[visits.Line]
) -> list[visits.Line]:
    """Return what is kept of lines that were sent.

    Args:
        records: text by code.
        before: the unsettled lines of the visit.

    Raises:
        ClaimError: `field_missing`, `negative_amount`, `refund_differs`, `refunded_already`.
    """
    taken = [_kept(told(one, LINE_NEEDS, "line")) for one in records]
    _check_signs(taken, before)
    return taken


def _check_signs(taken: Sequence[visits.Line], before: Sequence[visits.Line]) -> None:
    """Check that no line is below zero but one that takes back a whole unsettled line, once.

    Raises:
        ClaimError: `negative_amount`, `refund_differs`, `refunded_already`.
    """
    known = {line["line_id"]: line for line in [*before, *taken]}
    named = Counter(line.get("original_line_id") for line in known.values())
    for line in taken:
        original_id = line.get("original_line_id")
        if original_id is None:
            if line["amount_fen"] < 0 or line["quantity_e4"] <= 0:
                raise _refused("negative_amount", line)
        elif _opposite(line) != _alike(known.get(original_id, {})) or line["amount_fen"] >= 0:
            raise _refused("refund_differs", line)
        elif named[original_id] > 1:
            raise _refused("refunded_already", line)


def _opposite(line: dict[str, Any]) -> dict[str, Any]:
    back = {name: -line[name] for name in ("amount_fen", "quantity_e4")}
    return _alike(line | back) | {"original_line_id": None}


def _alike(line: dict[str, Any]) -> dict[str, Any]:
    names = ("item_code", "price_e6", "amount_fen", "quantity_e4", "original_line_id")
    return {name: line.get(name) for name in names}


_REFUSED = {
    "negative_amount": (
        "数量须为正、金额不得为负；退费明细须写明原费用流水号",
        "the quantity must be above and the amount not below zero, unless it names its original",
    ),
    "refund_differs": (
        "退费明细须恰为一条未结算明细的负数；部分退费请整条退回再传余下部分，已结算的先撤销结算",
        "a refund is the exact opposite of a whole unsettled line; send the rest of it anew",
    ),
    "refunded_already": (
        "该原明细已经退费；请核对原费用流水号",
        "the line was taken back already; check the number of the original",
    ),
}


def _refused(code: str, line: dict[str, Any]) -> ClaimError:
    zh, en = _REFUSED[code]
    return ClaimError(code, f"{zh}（明细 {line['line_id']}）", f"{en} (line {line['line_id']})")


def _kept(line: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept of a line that was told; one without a batch is of the batch empty."""
    charged: datetime = line["charged_at"]
    told_ = {name: line[name] for name in KEPT if line.get(name) is not None}
    return told_ | {
        "charge_batch": line.get("charge_batch") or "",
        "charged_at": charged.isoformat(sep=" "),
        "day": day_of(charged),
    }
