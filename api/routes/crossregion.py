"""What another region's agency asks of us as the region of insurance."""

from typing import Annotated, TypeAlias

from fastapi import APIRouter, Depends, Request

from api.crossregion.home import HomeDesk
from api.dependencies import AppSettings, AsReceived, Book, Ledger, open_request
from api.errors import problems
from api.national.desk import Desk
from api.national.signatures import SCHEMES
from engine.errors import ClaimError
from engine.ledger.crossregion import Answered, Ask, Cover, Covered, Inquiry, Reversal
from engine.storage.clock import local_seconds
from engine.storage.credentials import SignatureScheme
from engine.storage.home_claims import SENDER
from engine.storage.reference import read_reference_data

router = APIRouter(prefix="/v1", tags=["cross-region"])
REFUSALS = problems(
    "not_signed",
    "not_a_region",
    "no_policy",
    "message_differs",
    "claim_refused",
    "invalid_request",
    "storage_unavailable",
)


def home_desk(
    request: Request,
    as_received: AsReceived,
    settings: AppSettings,
    ledger: Ledger,
    book: Book,
) -> HomeDesk:
    """Return the desk of the region that signed the request, over its address and body.

    Raises:
        ClaimError: `not_signed`, or `not_a_region` for the key of an institution.
    """
    opened = open_request(request, as_received, ledger)
    whole = SCHEMES[SignatureScheme.SM3_MAC].fits(as_received)
    if not opened.sender.startswith(SENDER) or not whole or opened.sandbox:
        raise ClaimError(
            "not_a_region",
            "此接口只供其他统筹区的经办机构使用，须以 SM3 MAC 签名；定点机构请用国家接口或 /v1",
            "only agencies of other regions may ask this, signed with the SM3 MAC",
        )
    desk = Desk(ledger, book, read_reference_data(settings.lake))
    return HomeDesk(desk, opened.sender.removeprefix(SENDER), local_seconds())


AtHome: TypeAlias = Annotated[HomeDesk, Depends(home_desk)]


@router.post(
    "/cross-region:check", summary="异地参保核验 | is the person insured", responses=REFUSALS
)
def check_cover(cover: Cover, home: AtHome) -> Covered:
    """Tell another region whether a person is insured here on a day."""
    return home.check(cover)


@router.post(
    "/cross-region:preview", summary="异地预结算 | what a bill would come to", responses=REFUSALS
)
def preview_claim(ask: Ask, home: AtHome) -> Answered:
    """Tell what another region's bill would come to; nothing changes."""
    return home.preview(ask)


@router.post("/cross-region:settle", summary="异地结算 | settle a bill", responses=REFUSALS)
def settle_claim(ask: Ask, home: AtHome) -> Answered:
    """Settle another region's bill, once for each `claim_id`, and return the split."""
    return home.settle(ask)


@router.post("/cross-region:reverse", summary="异地撤销 | undo a claim", responses=REFUSALS)
def reverse_claim(reversal: Reversal, home: AtHome) -> Answered:
    """Undo a claim, once; one that was never met is not let in any more."""
    return home.reverse(reversal)


@router.post(
    "/cross-region:inquire", summary="异地结果查询 | what became of a claim", responses=REFUSALS
)
def inquire_claim(inquiry: Inquiry, home: AtHome) -> Answered:
    """Tell what became of a claim; nothing changes."""
    return home.inquire(inquiry)
