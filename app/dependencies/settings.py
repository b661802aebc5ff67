"""The settings of the running application."""

from typing import Annotated

from fastapi import Depends, Request

from app.core.settings import Settings


async def _settings(request: Request) -> Settings:
    return settings_of(request)


def settings_of(request: Request) -> Settings:
    """Return the settings of the running application."""
    settings: Settings = request.app.state.settings
    return settings


CurrentSettings = Annotated[Settings, Depends(_settings)]


async def _pepper(settings: CurrentSettings) -> bytes:
    return settings.secret.get_secret_value().encode()


Pepper = Annotated[bytes, Depends(_pepper)]
