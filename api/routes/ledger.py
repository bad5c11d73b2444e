"""Settling, cancelling and asking for accumulators, by the institution that signs."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Path, Response

from api.dependencies import Body, Book, Group, Ledger, Sender
from api.errors import problems
from api.schemas.ledger import Accumulators, Carried, PreSettled, ToSettle
from api.strict_json import StrictRoute
from engine.errors import ClaimError
from engine.storage.clock import local_seconds
from engine.storage.group_commit import GroupCommit
from engine.storage.messages import Message, Verb, read_message
from engine.storage.own_settlements import own_counters, own_settlement
from engine.storage.posting import preview

router = APIRouter(route_class=StrictRoute)
JSON = "application/json"
PRESETTLED = "presettled"
REFUSALS = (
    "not_signed", "too_many_requests", "no_policy", "content_too_large", "claim_refused",
    "invalid_request", "storage_unavailable",
)  # fmt: skip
ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=ID_PATTERN,
        description="报文号：同号同内容得到同一应答 | the same key and body get the same answer",
    ),
]
SettlementId = Annotated[str, Path(pattern=ID_PATTERN)]
PersonId = Annotated[str, Path(pattern=ID_PATTERN)]


BY_ID: Final = {"settlement_id": "$response.body#/settlements/0/settlement_id"}
LINKS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "links": {
            "read": {"operationId": "read_settlement", "parameters": BY_ID},
            "cancel": {"operationId": "cancel_settlement", "parameters": BY_ID},
        }
    }
}


@router.post(
    "/v1/settlements",
    tags=["settlements"],
    summary="结算一次就诊 | settle a visit",
    response_model=Carried,
    responses={**problems(*REFUSALS, "message_differs"), **LINKS},
)
def settle_visit(visit: ToSettle, key: Key, body: Body, sender: Sender, group: Group) -> Response:
    """Settle a visit of the institution that signs, once.

    Sent again with the same `Idempotency-Key` and body it is answered by the same bytes; with
    another body it is refused (409) and nothing is done.
    """
    now = local_seconds()
    message = _message(_to_settle(visit, sender), (sender, key), now, body, group.book)
    return _carried_out(message, group, now)


@router.post(
    "/v1/settlements:presettle",
    tags=["settlements"],
    summary="预结算 | what settling would come to",
    response_model=PreSettled,
    responses=problems(*REFUSALS),
)
def presettle_visit(
    visit: ToSettle, body: Body, sender: Sender, ledger: Ledger, book: Book
) -> PreSettled:
    """Return what a visit would come to from the person's state as it is; nothing changes."""
    now = local_seconds()
    message = _message(_to_settle(visit, sender), (sender, PRESETTLED), now, body, book)
    [answer] = preview(ledger, book, [message], now)
    if isinstance(answer, ClaimError):
        raise answer
    shown = [
        {name: value for name, value in one.items() if name != "settlement_id"}
        for one in json.loads(answer)["settlements"]
    ]
    return PreSettled.model_validate({"settlements": shown})


@router.post(
    "/v1/settlements/{settlement_id}:cancel",
    tags=["settlements"],
    summary="撤销结算 | cancel a settlement",
    response_model=Carried,
    responses=problems(*REFUSALS, "message_differs", "not_found"),
)
def cancel_settlement(
    settlement_id: SettlementId, key: Key, body: Body, sender: Sender, ledger: Ledger, group: Group
) -> Response:
    """Cancel a settlement of the institution that signs; another's answers as absent.

    The answer holds the opposite row, and those of later settlements that had to be made anew
    where the policy says so.
    """
    now = local_seconds()
    request = {
        "verb": Verb.CANCEL,
        "person_id": _person_of(ledger, settlement_id, sender),
        "original": settlement_id,
    }
    # The address belongs to what was asked for as much as the body does.
    asked = settlement_id.encode() + b"\n" + body
    message = _message(request, (sender, key), now, asked, group.book)
    return _carried_out(message, group, now)


@router.get(
    "/v1/persons/{person_id}/accumulators",
    tags=["settlements"],
    summary="本年累计 | accumulators",
    response_model=Accumulators,
    responses=problems(
        "not_signed", "too_many_requests", "not_found", "invalid_request", "storage_unavailable"
    ),
)
def read_accumulators(person_id: PersonId, sender: Sender, ledger: Ledger) -> Accumulators:
    """Return the counters of a person whom the institution that signs has settled for."""
    with ledger.reading() as connection:
        rows = own_counters(connection, sender, person_id)
    if rows is None:
        raise absent()
    return Accumulators.model_validate({"counters": [dict(row) for row in rows]})


def absent() -> ClaimError:
    """Return the refusal of what is not there, or is another institution's."""
    return ClaimError(
        "not_found",
        "本机构没有该记录；请核对编号",
        "this institution has no such record; check the id",
    )


def _to_settle(visit: ToSettle, sender: str) -> dict[str, Any]:
    told: dict[str, Any] = visit.model_dump(by_alias=True, exclude_none=True, mode="json")
    return told | {"verb": Verb.SETTLE, "institution_id": sender}


def _message(
    told: dict[str, Any], key: tuple[str, str], now: int, body: bytes, book: Book
) -> Message:
    request = told | {
        "sender_id": key[0],
        "message_id": key[1],
        "settled_at": datetime.fromtimestamp(now, UTC).replace(tzinfo=None).isoformat(),
    }
    message = read_message(json.dumps(request).encode(), book)
    # Our time of settlement is in the request, so its hash would differ when it is sent again.
    return replace(message, body_hash=hashlib.sha256(body).hexdigest())


def _carried_out(message: Message, group: GroupCommit, now: int) -> Response:
    answer = group.post(message, now)
    if isinstance(answer, ClaimError):
        raise answer
    return Response(answer, media_type=JSON)


def _person_of(ledger: Ledger, settlement_id: str, sender: str) -> str:
    with ledger.reading() as connection:
        row = own_settlement(connection, sender, settlement_id)
    if row is None:
        raise absent()
    return str(row["person_id"])
