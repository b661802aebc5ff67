"""What the tests of the statistics start from."""

import pytest

from app.core.database import Database
from tests.statistics.books import Books


@pytest.fixture
def books(database: Database) -> Books:
    """Return empty books over the test's database."""
    return Books(database)
