"""Rows of the ledger as a test writes them by hand."""

from engine.storage import ledger_tables as t

MESSAGE = {
    "sender_id": "H1",
    "message_id": "M1",
    "verb": "settle",
    "person_id": "P1",
    "body_hash": "0" * 64,
    "answer": b"{}",
    "posted_at": 0,
}


def settlement(**changed: object) -> dict[str, object]:
    """Return a row of 100.00 of which the pool pays 70.00."""
    row: dict[str, object] = {
        **{column.name: 0 for column in t.SETTLEMENTS.columns},
        **dict.fromkeys(t.CAP_LEFT, -1),
        "settlement_id": "S1",
        "institution_id": "H1",
        "sender_id": "H1",
        "message_id": "M1",
        "person_id": "P1",
        "region": "000000",
        "scheme": "employee",
        "policy_hash": "0" * 64,
        "visit_id": "V1",
        "reverses": None,
        "cause": None,
        "benefit": None,
        "begins_day": None,
        "cell": None,
        "facts": "{}",
        "trace": b"",
        "total_fen": 100_00,
        "covered_fen": 100_00,
        "pool_paid_fen": 70_00,
        "fund_total_fen": 70_00,
        "layer_1_paid_fen": 70_00,
        "layer_1_cap_left_fen": 70_00,
        "cash_paid_fen": 30_00,
        "person_total_fen": 30_00,
    }
    return {**row, **changed}
