"""What routes ask for, as annotated types."""

from typing import Annotated, Any, TypeAlias

from fastapi import Depends, Request

from api.settings import Settings
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
