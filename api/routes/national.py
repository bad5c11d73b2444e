"""The national form: one address for every transaction, HTTP 200 for every outcome."""

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa
from fastapi import APIRouter, Request, Response
from structlog.typing import FilteringBoundLogger

from api import sandbox
from api.crossregion import care
from api.dependencies import (
    AppSettings,
    AsReceived,
    Book,
    Ledger,
    homes_of,
    institution,
    open_request,
    sandbox_ledger,
)
from api.errors import problems, retry_after
from api.national.desk import Desk
from api.national.envelope import Call, check_size, read_call, refusal
from api.national.form_body import envelope_of
from api.national.signatures import Opened
from api.national.transactions import DOWNLOAD, carried_out
from engine.errors import ClaimError, EngineError, InvariantError, StorageError
from engine.storage.clock import local_seconds
from engine.storage.reference import read_reference_data

T = TypeVar("T")
router = APIRouter(tags=["national"])
JSON, OCTETS = "application/json", "application/octet-stream"
SERVICE = "/fsi/api/rsfComIfsService/callService"
SIGN_IN = "/fsi/api/signInSignOutService/signIn"
UNAVAILABLE = StorageError(
    "unavailable",
    "系统暂时不能处理，报文是否已处理尚不确定；请以同一报文号原样重发",
    "the service cannot tell whether it was done; send the very same message again",
)


@router.post(
    SERVICE,
    summary="国家接口 | the national interface",
    response_class=Response,
    responses=problems("content_too_large", "invalid_request"),
)
@router.post(SERVICE + "/{number}", include_in_schema=False, response_class=Response)
@router.post(SIGN_IN, include_in_schema=False, response_class=Response)
def call_service(
    request: Request,
    as_received: AsReceived,
    settings: AppSettings,
    ledger: Ledger,
    book: Book,
    number: str | None = None,
) -> Response:
    """Carry out one transaction of the institution that signs, once for each message id.

    The body is the national envelope, whatever content type it is sent as. Refusals too answer 200,
    with a stable code at the head of their text; see docs/hospital.md.
    """
    log = request.app.state.log
    opened = _told(log, lambda: open_request(request, as_received, ledger))
    if not isinstance(opened, Opened):
        headers = retry_after(opened)
        return Response(refusal(None, opened), headers=headers, media_type=JSON)

    def read() -> Call:
        body = envelope_of(request.headers.get("content-type", ""), opened.body)
        return read_call(body, institution(opened), local_seconds(), number)

    call = _told(log, read)
    if not isinstance(call, Call):
        return Response(opened.seal(refusal(None, call)), media_type=JSON)

    def carry_out() -> bytes:
        check_size(call, settings.lines_max)
        if opened.sandbox:
            lake = settings.lake / sandbox.FOLDER
            there = Desk(sandbox_ledger(request, lake), book, read_reference_data(lake))
            return sandbox.rehearsed(call, there, carried_out)
        homes = homes_of(settings.counterparties)
        desk = Desk(ledger, book, read_reference_data(settings.lake), homes)
        elsewhere = care.carried_out(call, desk)
        return carried_out(call, desk) if elsewhere is None else elsewhere

    done = _told(log, carry_out)
    answer = done if isinstance(done, bytes) else refusal(call, done)
    is_file = call.transaction == DOWNLOAD and isinstance(done, bytes)
    return Response(opened.seal(answer), media_type=OCTETS if is_file else JSON)


def _told(log: FilteringBoundLogger, work: Callable[[], T]) -> T | EngineError:
    """Return what the work returns, or why it is refused; a failure of ours is logged."""
    try:
        return work()
    except ClaimError as error:
        return error
    except EngineError as error:
        log.exception("national_failed", code=error.code)
        return UNAVAILABLE if isinstance(error, InvariantError) else error
    except sa.exc.DBAPIError as error:
        log.exception("national_failed", code=UNAVAILABLE.code, kind=type(error.orig).__name__)
        return UNAVAILABLE
