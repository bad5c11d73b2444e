"""The pages: the last night's result, and the interface's documentation."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from api.console.page import docs_page, night_page
from api.dependencies import LatestNight
from api.schemas.nights import Night
from api.security_headers import CONTENT_POLICY

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/")
def show_latest_night(
    night: LatestNight, lang: Annotated[Literal["zh", "en"], Query()] = "zh"
) -> str:
    """Show the last published night."""
    return night_page(None if night is None else Night.model_validate(night), lang)


@router.get("/docs")
def show_documentation() -> HTMLResponse:
    """Show the interface's documentation from our own files."""
    # The vendored style sheet and script hold their icons as data; nothing else may.
    policy = f"{CONTENT_POLICY}; img-src 'self' data:"
    return HTMLResponse(docs_page(), headers={"Content-Security-Policy": policy})
