"""The catalogue is read and checked when the service starts, not when the first request needs it."""

from app.catalogue.reference import reference
from app.core.settings import Settings
from app.main import create_app


def test_the_start_reads_the_catalogue() -> None:
    reference.cache_clear()
    create_app(Settings())
    assert reference.cache_info().misses == 1
