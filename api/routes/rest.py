"""The plain REST form under /v1."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.dependencies import AppSettings, LatestNight
from api.errors import NotPublishedError, problems
from api.schemas.nights import Night
from api.schemas.settlements import Preview, StoryReceipt
from api.schemas.story import Story
from api.strict_json import StrictRoute
from engine.settlement.case import settle_case, settle_story
from engine.settlement.case_receipt import receipt_of_case

router = APIRouter(route_class=StrictRoute)


@router.get("/healthz", tags=["service"], summary="服务在运行 | the service is up")
def healthz() -> dict[str, str]:
    """Answer that the service takes requests."""
    return {"status": "ok"}


@router.post(
    "/v1/settlements:preview",
    tags=["settlements"],
    summary="试算 | settle a story without storing it",
    response_model=Preview,
    responses=problems("no_policy", "content_too_large", "invalid_request", "claim_refused"),
)
def preview_settlements(story: Story, settings: AppSettings) -> JSONResponse:
    """Settle one person's events in order; nothing is stored.

    A rejected event carries its code in a 200 answer and those after it still run. Amounts go in
    as yuan and come out as integers in fen (`*_fen`).
    """
    # The engine's object goes out as it is, so that it is the one that the command prints.
    return JSONResponse(settle_case(story.as_case(), settings.policies))


@router.post(
    "/v1/settlements:receipt",
    tags=["settlements"],
    summary="试算并出具校验凭据 | the receipt of a preview",
    response_model=StoryReceipt,
    responses=problems("no_policy", "content_too_large", "invalid_request", "claim_refused"),
)
def preview_receipt(story: Story, settings: AppSettings) -> JSONResponse:
    """Settle the same story as a preview and answer with the hashes of its facts and amounts.

    Equal facts under the same policy files and engine have equal hashes on any machine.
    """
    return JSONResponse(receipt_of_case(settle_story(story.as_case(), settings.policies)))


@router.get(
    "/v1/nights/latest",
    tags=["nights"],
    summary="最近一夜的汇总 | the last published night",
    response_model=Night,
    responses=problems("no_night", "storage_unavailable"),
)
def read_latest_night(night: LatestNight) -> JSONResponse:
    """Return the summary of the last published night: counts, codes, totals, findings, stages."""
    if night is None:
        raise NotPublishedError
    return JSONResponse(night)
