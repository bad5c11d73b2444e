"""Messages to a ledger under one policy worked by hand: two levels of stays, caps by the year."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from engine.errors import ClaimError
from engine.policy.book import PolicyBook, parse_scheme
from engine.policy.compiler import CompiledBook, compile_book
from engine.storage import ledger_tables as t
from engine.storage.database import Database
from engine.storage.ledger_rows import settlement_id
from engine.storage.messages import Message, Verb, read_message
from engine.storage.posting import post

POLICY = Path(__file__).parent / "golden/policies/hand-employee-stays.yaml"
NOW = 1_700_000_000
Record = dict[str, Any]


TOP_UP = """  top_up:
    application: {base: [covered_cost], less: [pool_paid, large_paid], when: after_year}
    history:
    - from: 2023-01-01
      reviewed_until: 2024-12-31
      source: worked-by-hand
      ordinal: top_ups
      layers:
      - name: top_up
        fund: assistance
        base: [covered]
        takes: cost
        mode: per_claim
        deductible: {method: none}
        bands:
          position: claim
          deductible_inside: true
          table:
          - {to: null, rate: 50%}
        rounding: layer
"""
"""Half of what pool and large-amount fund left of the year's cost, once after the year."""

COUNTED = "{counts: stays, scope: [year], on_cover_change: reset}"
WIDER = (
    ("scope: [year]}", "scope: [year], on_cover_change: reset}"),
    (
        "counters:\n",
        "counters:\n  top_ups: {counts: stays, scope: [year], on_cover_change: reset}\n",
    ),
    ("      ordinal: stays\n", "      ordinal: stays\n      segments: one_stay\n"),
)
"""What an edition with segments and changes of cover says otherwise."""


@lru_cache(maxsize=8)
def book(edition: str = "last_first") -> CompiledBook:
    """Return the policy in one way of reversing, or `wider`, with what no bill brings."""
    text = POLICY.read_text(encoding="utf-8")
    if edition == "wider":
        for before, after in WIDER:
            assert before in text
            text = text.replace(before, after)
        text += TOP_UP
    else:
        text = text.replace("last_first", edition)
    return compile_book(PolicyBook([parse_scheme(text, "policy")]))


def stay(number: int | str, total: str = "22000.00", **changed: Any) -> Record:
    """Return the request to settle a stay of a tertiary hospital: message M1 bills visit V1."""
    request: Record = {
        "sender_id": "H1",
        "message_id": f"M{number}",
        "verb": "settle",
        "person_id": "P1",
        "settled_at": "2023-03-08T10:00:00",
        "region": "000000",
        "scheme": "employee",
        "institution_id": "H1",
        "visit_id": f"V{number}",
        "person": {"class": "active"},
        "event": {
            "visit": "inpatient",
            "level": "L3",
            "begin": "2023-03-01",
            "end": "2023-03-08",
            "total": total,
        },
    }
    return request | changed


def undo(number: int | str, of: int | str, verb: str = "cancel", **changed: Any) -> Record:
    """Return the request to cancel the stay of a message, or to reverse the message."""
    original = f"M{of}" if verb == "reverse_message" else settled_as(of)
    request: Record = {
        "sender_id": "H1",
        "message_id": f"M{number}",
        "verb": verb,
        "person_id": "P1",
        "settled_at": "2023-03-09T10:00:00",
        "original": original,
    }
    return request | changed


def refund(number: int, of: int, total: str, **changed: Any) -> Record:
    """Return the request to cancel a stay and to settle what is left of it."""
    rest = stay(number, total, visit_id=f"V{of}")
    return rest | {"verb": "refund", "original": settled_as(of)} | changed


def settled_as(message: int | str, sender: str = "H1", number: int = 0) -> str:
    """Return the id that the ledger gives the settlement of message M1, M2 ..."""
    return id_of(sender, f"M{message}", number)


def id_of(sender: str, name: str, number: int = 0) -> str:
    """Return the id that the ledger gives what a message settles."""
    return settlement_id(Message(sender, name, Verb.SETTLE, "", "", 0), number)


def message(request: Record, reversal: str = "last_first") -> Message:
    return read_message(json.dumps(request).encode(), book(reversal))


def ask(database: Database, *requests: Record, reversal: str = "last_first") -> list[Record | str]:
    """Post requests in one transaction; return the answers, of those refused the code."""
    messages = [message(request, reversal) for request in requests]
    answers = post(database, book(reversal), messages, NOW)
    return [one.code if isinstance(one, ClaimError) else json.loads(one) for one in answers]


def paid(answer: Record | str, amount: str = "pool_paid_fen") -> list[int]:
    """Return an amount of each settlement of an answer."""
    assert isinstance(answer, dict), answer
    return [one[amount] for one in answer["settlements"]]


def contents(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of the ledger."""
    with database.reading() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(sa.select(table))), key=str)
            for table in (
                t.PERSON_YEARS,
                t.COUNTERS,
                t.SETTLEMENTS,
                t.CONTRIBUTIONS,
                t.LEGS,
                t.LIVE,
                t.MESSAGES,
                t.VARIANCES,
            )
        }


def counters(database: Database) -> dict[str, int]:
    """Return what the only person's counters hold."""
    c = t.COUNTERS.c
    with database.reading() as connection:
        return dict(map(tuple, connection.execute(sa.select(c.counter, c.value))))
