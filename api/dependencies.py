"""What routes ask for, as annotated types."""

import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader

from api.crossregion.client import HttpHome, read_homes
from api.national.signatures import SCHEMES, Opened, verified
from api.national.signed import Received, not_signed
from api.settings import Settings
from engine.errors import ClaimError
from engine.policy.book import SHIPPED
from engine.policy.compiler import CompiledBook
from engine.settlement.case import compiled_book
from engine.storage.credentials import SignatureScheme
from engine.storage.database import Database
from engine.storage.group_commit import GroupCommit
from engine.storage.home_claims import SENDER as REGION
from engine.storage.investigated import INVESTIGATOR
from engine.storage.lake import Lake


def settings(request: Request) -> Settings:
    """Return the settings that the application was created with."""
    found: Settings = request.app.state.settings
    return found


AppSettings: TypeAlias = Annotated[Settings, Depends(settings)]


def latest_night(app_settings: AppSettings) -> dict[str, Any] | None:
    """Return the summary of the last published night, or None before the first."""
    return Lake(app_settings.lake).latest_night()


LatestNight: TypeAlias = Annotated[dict[str, Any] | None, Depends(latest_night)]


def book(app_settings: AppSettings) -> CompiledBook:
    """Return the compiled policies of the application."""
    return compiled_book(app_settings.policies or SHIPPED)


Book: TypeAlias = Annotated[CompiledBook, Depends(book)]


@lru_cache(maxsize=2)
def homes_of(counterparties: Path | None) -> Mapping[str, HttpHome]:
    """Return the regions that are asked for the split of care given here."""
    return read_homes(counterparties)


def ledger(request: Request, app_settings: AppSettings) -> Database:
    """Return the database of the lake, opened by the first request that asks for it."""
    state = request.app.state
    with state.opening:
        if state.ledger is None:
            state.ledger = Lake(app_settings.lake).database
    found: Database = state.ledger
    return found


Ledger: TypeAlias = Annotated[Database, Depends(ledger)]


def group(request: Request, database: Ledger, compiled: Book) -> GroupCommit:
    """Return what settles here: messages that come at once are committed together."""
    state = request.app.state
    with state.opening:
        if state.group is None:
            state.group = GroupCommit(database, compiled)
    found: GroupCommit = state.group
    return found


Group: TypeAlias = Annotated[GroupCommit, Depends(group)]


def sandbox_ledger(request: Request, lake: Path) -> Database:
    """Return the database of the sandbox, which lies in a lake of its own."""
    state = request.app.state
    with state.opening:
        if state.sandbox is None:
            state.sandbox = Lake(lake).database
    found: Database = state.sandbox
    return found


async def body_of(request: Request) -> bytes:
    """Return the bytes that were sent: they tell whether a message is the same again."""
    return await request.body()


Body: TypeAlias = Annotated[bytes, Depends(body_of)]


def received(request: Request, body: Body) -> Received:
    """Return the request as its signature was made over it."""
    address, query = request.scope["raw_path"], request.scope["query_string"]
    sent = address + b"?" + query if query else address
    return Received(request.method, sent.decode("latin-1"), request.headers, body)


AsReceived: TypeAlias = Annotated[Received, Depends(received)]


def open_request(request: Request, as_received: AsReceived, database: Ledger) -> Opened:
    """Return the request opened, once it is known who signed it and that it may come now."""
    return verified(as_received, database, int(time.time()), request.app.state.limit.admit)


SIGNED: Final = APIKeyHeader(
    name="_api_signature",
    scheme_name="signature",
    description="网关签名，或该密钥的其他签名方式，见 docs/hospital.md | "
    "the gateway's signature, or that of another scheme of the key",
    auto_error=False,
)
"""Tells the description which routes are signed; `sender` is what checks it."""


def sender(
    request: Request,
    as_received: AsReceived,
    database: Ledger,
    _signature: Annotated[str | None, Security(SIGNED)],
) -> str:
    """Return the institution that signed the request.

    Raises:
        ClaimError: it is not signed, or is sealed: only the national form opens envelopes; or
            another region's agency signed it; or `sandbox_key`.
    """
    if SCHEMES[SignatureScheme.SM_ENVELOPE].fits(as_received):
        raise not_signed("_api_signature")
    opened = open_request(request, as_received, database)
    if opened.sandbox:
        raise ClaimError(
            "sandbox_key",
            "沙箱密钥只能用于国家接口的沙箱；正式业务请用正式密钥",
            "a key of the sandbox serves in the national form's sandbox alone; use a real key",
        )
    return institution(opened)


def institution(opened: Opened) -> str:
    """Return the institution that signed a request that was opened.

    Raises:
        ClaimError: `not_an_institution`, another region's agency or an investigator signed it.
    """
    if opened.sender.startswith((REGION, INVESTIGATOR)):
        raise ClaimError(
            "not_an_institution",
            "此接口只供定点机构使用；其他统筹区请用 /v1/cross-region，稽核人员请用 /v1/cases",
            "only institutions may ask this; another region's agency uses /v1/cross-region, "
            "an investigator /v1/cases",
        )
    return opened.sender


Sender: TypeAlias = Annotated[str, Depends(sender)]


def investigator(
    request: Request,
    as_received: AsReceived,
    database: Ledger,
    _signature: Annotated[str | None, Security(SIGNED)],
) -> str:
    """Return the region whose investigator signed the request.

    Raises:
        ClaimError: it is not signed, or is sealed; or `not_an_investigator`.
    """
    if SCHEMES[SignatureScheme.SM_ENVELOPE].fits(as_received):
        raise not_signed("_api_signature")
    opened = open_request(request, as_received, database)
    if not opened.sender.startswith(INVESTIGATOR) or opened.sandbox:
        raise ClaimError(
            "not_an_investigator",
            "此接口只供稽核人员使用，须用 investigator-统筹区代码 的密钥签名",
            "only investigators may ask this, signed with a key of investigator-REGION",
        )
    return opened.sender.removeprefix(INVESTIGATOR)


Investigator: TypeAlias = Annotated[str, Depends(investigator)]
