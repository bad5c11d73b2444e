"""Loads at start what the first request would else wait for; only then does the service answer."""

from fastapi import FastAPI

from api.schemas.story import EXAMPLE, Story
from engine.errors import ClaimError, PolicyError, StorageError
from engine.settlement.case import settle_case
from engine.storage.lake import DATABASE_FILE, Lake
from engine.storage.reference import read_reference_data


def warm_up(app: FastAPI) -> None:
    """Read policies, kernels, database and reference data as far as they are there.

    The published example is settled for the kernels' sake. A service whose policies do not know it,
    or whose lake is empty, starts all the same.
    """
    settings, log = app.state.settings, app.state.log
    try:
        settle_case(Story.model_validate(EXAMPLE).as_case(), settings.policies)
    except (PolicyError, ClaimError) as error:
        log.warning("warm_up_skipped", code=error.code)
    if (settings.lake / DATABASE_FILE).is_file():
        app.state.ledger = Lake(settings.lake).database
    try:
        read_reference_data(settings.lake)
    except StorageError as error:
        log.warning("warm_up_skipped", code=error.code)
