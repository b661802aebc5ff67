"""The obvious way to post loses the race against the closing of a month, and the ledger's own check sees it."""

import pytest

from app.core.clock import today
from app.core.database import Database
from app.ledger.posting import hold_open_months
from app.ledger.verification import find_differences
from tests.factories import World
from tests.ledger.closing import close, newest_entries

YEAR = today().year - 1
JANUARY, FEBRUARY = f"{YEAR}-01", f"{YEAR}-02"


@pytest.mark.parametrize("holds_the_month", [True, False])
def test_a_posting_that_read_the_month_as_open_before_it_was_closed(
    world: World,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    holds_the_month: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """What asks first and posts later is found; ours asks under the lock, and posts where it is open."""
    deal = world.deal()
    deal.declare(JANUARY, 50)
    if not holds_the_month:
        with database.write() as session:
            read = hold_open_months(session)
        monkeypatch.setattr("app.ledger.posting.hold_open_months", lambda *_: read)
    close(world, JANUARY)
    deal.dispatch(60, f"{JANUARY}-20")
    months = {row["month"] for row in newest_entries(deal, "dispatch")}
    with database.snapshot() as session:
        found = list(find_differences(session))
    if holds_the_month:
        assert (months, found) == ({FEBRUARY}, [])
    else:
        assert months == {JANUARY}
        assert any(f"the flows of {JANUARY} have changed since it was closed" in fault for fault in found)
