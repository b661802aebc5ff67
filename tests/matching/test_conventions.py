"""The age of assays in calendar months, and the language of a request."""

from datetime import date

import pytest

from app.core.settings import Settings
from app.matching.conventions import Language, conventions_of, months_before, preferred_language


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        (date(2026, 7, 20), 12, date(2025, 7, 20)),
        (date(2028, 2, 29), 12, date(2027, 2, 28)),
        (date(2026, 5, 31), 3, date(2026, 2, 28)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
        (date(2026, 12, 31), 24, date(2024, 12, 31)),
    ],
)
def test_months_are_counted_by_the_calendar(day: date, months: int, before: date) -> None:
    assert months_before(day, months) == before


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("zh", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB, zh;q=0.5", "en"),
        ("en;q=0.3, zh-Hans;q=0.7", "zh"),
        ("fr-FR, de;q=0.9", "en"),
        ("fr, zh;q=0.2", "zh"),
        ("ZH", "zh"),
        ("*", "en"),
        ("zh;q=x", "en"),
        ("zh;q=0", "en"),
        (";;,,q=", "en"),
    ],
)
def test_language_is_the_one_liked_best(header: str | None, language: str) -> None:
    assert preferred_language(header) == language


def test_settings_decide() -> None:
    made = conventions_of(Settings(assay_max_age_months=1200), "zh")
    assert made.language is Language.CHINESE
    assert made.assays_since.year < 1930
