"""What an institution may read back: its own settlements, and counters of whom it settled for."""

from datetime import date, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from sqlalchemy import RowMapping

from api import cursors
from api.dependencies import Ledger, Sender
from api.errors import problems
from api.routes.ledger import SettlementId, absent
from api.schemas.ledger import Asked, Kept, Page
from engine.claims.columns import EventKind
from engine.storage.messages import EPOCH
from engine.storage.own_settlements import Position, Wanted, own_settlement, own_settlements
from engine.storage.service_secrets import service_secret

router = APIRouter(tags=["settlements"])
DAY_SECONDS = 86_400
CURSOR_SECRET = "cursors"  # noqa: S105 - a name, no secret
REFUSALS = ("not_signed", "too_many_requests", "invalid_request", "storage_unavailable")


NEXT: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "links": {
            "next": {
                "operationId": "list_settlements",
                "parameters": {"cursor": "$response.body#/next"},
            }
        }
    }
}


@router.get(
    "/v1/settlements/{settlement_id}",
    summary="查询一笔结算 | one settlement",
    response_model=Kept,
    responses=problems(*REFUSALS, "not_found"),
)
def read_settlement(settlement_id: SettlementId, sender: Sender, ledger: Ledger) -> Kept:
    """Return a settlement of the institution that signs; another's answers as absent."""
    with ledger.reading() as connection:
        row = own_settlement(connection, sender, settlement_id)
    if row is None:
        raise absent()
    return _kept(row)


@router.get(
    "/v1/settlements",
    summary="本机构的结算清单 | the institution's settlements",
    response_model=Page,
    responses={**problems(*REFUSALS, "cursor_invalid"), **NEXT},
)
def list_settlements(asked: Annotated[Asked, Query()], sender: Sender, ledger: Ledger) -> Page:
    """Return the settlements of the institution that signs, the last posted first.

    Pages follow one another by `next`; what was there when the first was asked for comes once,
    whatever is settled in between.
    """
    wanted = Wanted(
        person_id=asked.person_id,
        visit_id=asked.visit_id,
        settled_from=_seconds(asked.settled_from),
        settled_before=_seconds(asked.settled_before),
    )
    secret, whose = service_secret(ledger, CURSOR_SECRET), f"{sender} {wanted!r}"
    after = None if asked.cursor is None else Position(*cursors.read(asked.cursor, whose, secret))
    with ledger.reading() as connection:
        rows = own_settlements(connection, sender, wanted, after, asked.limit + 1)
    shown = rows[: asked.limit]
    last = None
    if len(rows) > asked.limit:
        place = shown[-1]["posted_at"], shown[-1]["settlement_id"]
        last = cursors.written(place, whose, secret)
    return Page(settlements=[_kept(row) for row in shown], next=last)


def _kept(row: RowMapping) -> Kept:
    told = dict(row) | {
        "kind": EventKind(row["kind"]).name.lower(),
        "settled_at": _local(row["settled_at"]),
        "posted_at": _local(row["posted_at"]),
    }
    return Kept.model_validate(told)


def _local(seconds: int) -> str:
    return (EPOCH + timedelta(seconds=seconds)).isoformat()


def _seconds(day: date | None) -> int:
    return 0 if day is None else (day - EPOCH.date()).days * DAY_SECONDS
