"""What every answer rests on beside its filters: tariff and roads, the age that an assay may have, the language."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.core.clock import today
from app.core.settings import Settings
from app.matching.ranking import Tariff, tariff_of
from app.matching.routes import Router

_MONTHS = 12


class Language(StrEnum):
    """Languages of advice."""

    ENGLISH = "en"
    CHINESE = "zh"


@dataclass(frozen=True)
class Conventions:
    """The house rules of one answer; assays sampled before `assays_since` prove nothing.

    Without a `router` every route is the geodesic times the detour factor.
    """

    tariff: Tariff
    assays_since: date
    language: Language
    router: Router | None = None


def conventions_of(settings: Settings, accept_language: str | None, router: Router | None = None) -> Conventions:
    """Return the rules that the environment sets today, in the language that a header asks for."""
    return Conventions(
        tariff_of(settings),
        months_before(today(), settings.assay_max_age_months),
        preferred_language(accept_language),
        router,
    )


def months_before(day: date, months: int) -> date:
    """Return the same day some calendar months earlier, or the last of that month where it has no such day."""
    year, month = divmod(day.year * _MONTHS + day.month - 1 - months, _MONTHS)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def preferred_language(accept_language: str | None) -> Language:
    """Return the language that `Accept-Language` (RFC 9110) likes best; English where it names neither of the two."""
    best, liked = Language.ENGLISH, 0.0
    for entry in (accept_language or "").split(","):
        tag, *parameters = (part.strip().lower() for part in entry.split(";"))
        language, quality = tag.partition("-")[0], _quality(parameters)
        if language in set(Language) and quality > liked:
            best, liked = Language(language), quality
    return best


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
