"""Settles one small story at start, so that the first request does not wait for compilation."""

from pathlib import Path

from structlog.typing import FilteringBoundLogger

from api.schemas.story import EXAMPLE, Story
from engine.errors import ClaimError, PolicyError
from engine.settlement.case import settle_case


def warm_up(policies: Path | None, log: FilteringBoundLogger) -> None:
    """Settle the published example; a service whose policies do not know it starts all the same."""
    try:
        settle_case(Story.model_validate(EXAMPLE).as_case(), policies)
    except (PolicyError, ClaimError) as error:
        log.warning("warm_up_skipped", code=error.code)
