"""What `swx doctor` reports: one sentence for each thing that was looked at, and what it asks for."""

from enum import StrEnum
from typing import NamedTuple

from app.core.settings import Environment, Settings


class Urgency(StrEnum):
    """What a finding asks for."""

    OK = "ok"
    NOTE = "note"
    FIX = "FIX"


class Finding(NamedTuple):
    """One thing that was looked at."""

    urgency: Urgency
    sentence: str


def of_production(settings: Settings) -> Urgency:
    """Return how urgent is what a trial may live with and production may not."""
    return Urgency.NOTE if settings.environment is Environment.DEVELOPMENT else Urgency.FIX
