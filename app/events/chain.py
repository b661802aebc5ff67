"""The chain of hashes: each event's is made of all that it says and of the hash before it. Pure.

SHA-256 over three lines: the hash of the position before (64 hexadecimal digits, zeros before the first), the position,
and the content as JSON without white space, its fields in the order of `write_content`. `data` is its text, exactly as
it is stored, and `delegate_id` is there only where it is set. So both engines make the same hash of the same event.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.engines import write_json_text

#: The hash before the first event.
GENESIS = "0" * 64


def chain_hash(previous: str, position: object, content: str) -> str:
    """Return the hash of an event that stands at `position` after the one whose hash is `previous`."""
    return hashlib.sha256(f"{previous}\n{position}\n{content}".encode()).hexdigest()


def write_instant(at: datetime) -> str:
    """Return a UTC instant to the microsecond, as SQLite stores it."""
    return at.replace(tzinfo=None).isoformat(" ", "microseconds")


def write_content(
    *,
    event_id: UUID | str,
    type_: str,
    occurred_at: str,
    organisation_id: UUID | str | None,
    delegate_id: UUID | str | None,
    key_id: UUID | str | None,
    subject_kind: str,
    subject_id: UUID | str,
    data: str,
    for_market: Any,  # noqa: ANN401 - a bool, or whatever somebody put in its place
    viewers: Iterable[UUID | str],
) -> str:
    """Return what of an event is hashed beside its position; ids with hyphens, `viewers` in their order."""
    delegate = {} if delegate_id is None else {"delegate_id": delegate_id}
    content = {
        "id": event_id,
        "type": type_,
        "occurred_at": occurred_at,
        "organisation_id": organisation_id,
        **delegate,
        "key_id": key_id,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "data": data,
        "for_market": for_market,
        "viewers": viewers,
    }
    return write_json_text(content)
