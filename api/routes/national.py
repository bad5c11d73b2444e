"""The national form: one address for every transaction, HTTP 200 for every outcome."""

import time

from fastapi import APIRouter, Request, Response

from api.dependencies import AppSettings, Body, Book, Ledger
from api.errors import problems
from api.national.desk import Desk
from api.national.envelope import Call, read_call, refusal
from api.national.signatures import verified
from api.national.transactions import carried_out
from engine.errors import ClaimError, EngineError, InvariantError, StorageError
from engine.storage.clock import local_seconds
from engine.storage.reference import read_reference_data

router = APIRouter(tags=["national"])
JSON = "application/json"
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
    body: Body,
    settings: AppSettings,
    ledger: Ledger,
    book: Book,
    number: str | None = None,
) -> Response:
    """Carry out one transaction of the institution that signs, once for each message id.

    The body is the national envelope, whatever content type it is sent as. Refusals too answer 200,
    with a stable code at the head of their text; see docs/hospital.md.
    """
    call: Call | None = None
    try:
        sender = verified(request.headers, ledger, int(time.time()), settings.signature_scheme)
        call = read_call(body, sender, local_seconds(), number)
        desk = Desk(ledger, book, read_reference_data(settings.lake))
        return Response(carried_out(call, desk), media_type=JSON)
    except ClaimError as error:
        return Response(refusal(call, error), media_type=JSON)
    except EngineError as error:
        request.app.state.log.exception("national_failed", code=error.code)
        told = UNAVAILABLE if isinstance(error, InvariantError) else error
        return Response(refusal(call, told), media_type=JSON)
