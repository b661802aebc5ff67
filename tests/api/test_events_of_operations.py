"""Every operation that changes something leaves an event that names who did it, to what, and who may know."""

from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.database import Database
from app.events.models import Event, EventViewer
from app.events.types import MEANINGS, EventType
from tests.api.market import OPERATIONS, Market

APP = Path(__file__).resolve().parents[2] / "app"
#: Operations that change nothing that is stored, or nothing of anybody's, with the reason.
SILENT = {
    "post_blend": "computes a mix and stores nothing",
    "post_token": "signs a token for a while and stores nothing",
}
CHANGING = sorted(name for name, (method, _, _) in OPERATIONS.items() if method != "GET" and name not in SILENT)
#: Words that would let the feed tell more than the object's own address does.
SECRETS = ("plate", "driver", "phone", "price", "cny", "secret", "swx_", "email", "渝")


def test_the_exceptions_are_operations() -> None:
    assert SILENT.keys() <= OPERATIONS.keys()


def test_every_type_says_what_it_tells() -> None:
    assert MEANINGS.keys() == set(EventType)
    assert all(meaning.endswith(".") for meaning in MEANINGS.values())


def test_every_type_is_told_somewhere() -> None:
    sources = [file.read_text(encoding="utf-8") for file in APP.rglob("*.py") if file.name != "types.py"]
    untold = [kind for kind in EventType if not any(f"EventType.{kind.name}" in source for source in sources)]
    assert untold == []


@pytest.mark.parametrize("name", CHANGING)
def test_the_operation_leaves_an_event(name: str, market: Market, stored: Database) -> None:
    with stored.read() as session:
        before = session.scalars(select(func.max(Event.position))).one()
    answer = market.send(name)
    assert answer.status_code < 300, answer.text
    with stored.read() as session:
        told = session.scalars(select(Event).where(Event.position > before)).all()
        viewers = {event.position: _viewers(session, event.position) for event in told}
    caller = market.who(OPERATIONS[name][2]).id
    author = answer.json()["id"] if not OPERATIONS[name][2]["security"] else caller
    by_caller = [event for event in told if str(event.organisation_id) == author]
    assert by_caller, [event.type for event in told]
    for event in by_caller:
        assert event.type in MEANINGS
        assert (event.key_id is not None) == (author == caller)
        assert event.for_market or author in viewers[event.position]
    for event in told:
        said = str({name: value for name, value in event.data.items() if name != "fields"}).lower()
        assert not [word for word in SECRETS if word in said], event.data


def _viewers(session: Session, position: int) -> set[str]:
    query = select(EventViewer.organisation_id).where(EventViewer.position == position)
    return {str(viewer) for viewer in session.scalars(query)}
