"""What is found wrong with the events, each in a sentence. Pure."""

from enum import StrEnum
from typing import NamedTuple


class FindingKind(StrEnum):
    """What was done to the events, as far as the chain of hashes tells."""

    CHANGED = "changed"
    HASH_CHANGED = "hash_changed"
    MISSING = "missing"
    INSERTED = "inserted"
    MOVED = "moved"
    VIEWERS = "viewers"
    HEAD = "head"
    ANCHOR = "anchor"


class Finding(NamedTuple):
    """One thing that is wrong, at the positions from `first` to `last`."""

    kind: FindingKind
    first: int
    last: int
    sentence: str


def span(first: int, last: int) -> str:
    """Return positions in words."""
    return f"position {first}" if first == last else f"positions {first} to {last}"


def changed(first: int, last: int, *, after: int | None = None, unproven: int | None = None) -> Finding:
    """Return that events are not as they were recorded.

    `after` names the event before, where that one with its hash may have been changed instead; `unproven` one that
    follows and cannot be checked.
    """
    sentence = f"{span(first, last)}: not as recorded; content, viewers or hash were changed"
    if after:
        sentence += f" (or those of position {after}, hash included)"
    if unproven is not None:
        sentence += f"; position {unproven} after it cannot be checked without it"
    return Finding(FindingKind.CHANGED, first, last, sentence)


def hash_changed(first: int, last: int) -> Finding:
    """Return that hashes were changed, and nothing else of their events."""
    return Finding(FindingKind.HASH_CHANGED, first, last, f"{span(first, last)}: only the hash was changed")


def missing(first: int, last: int, *, detail: str = "") -> Finding:
    """Return that events are gone."""
    return Finding(FindingKind.MISSING, first, last, f"{span(first, last)}: missing{detail}")


def inserted(first: int, last: int, detail: str = "no event follows from it") -> Finding:
    """Return that events were put in."""
    return Finding(FindingKind.INSERTED, first, last, f"{span(first, last)}: inserted; {detail}")


def moved(position: int, to: int) -> Finding:
    """Return that an event stands in the place of another."""
    return Finding(FindingKind.MOVED, position, position, f"position {position}: its event now stands at {to}")


def hollow(first: int, last: int) -> Finding:
    """Return that positions are empty though nothing is missing."""
    return Finding(
        FindingKind.MOVED, first, last, f"{span(first, last)}: empty; the events after it were moved away from there"
    )


def viewers_of_none(position: object) -> Finding:
    """Return that somebody is to see an event that there is not."""
    at = position if isinstance(position, int) else 0
    return Finding(FindingKind.VIEWERS, at, at, f"position {position}: has viewers and no event")


def head_changed(position: int, detail: str) -> Finding:
    """Return that the head was changed."""
    return Finding(FindingKind.HEAD, position, position, f"the head: {detail}")


def anchor_missed(position: int, detail: str) -> Finding:
    """Return that the events are not those of an anchor."""
    return Finding(FindingKind.ANCHOR, position, position, f"anchor of position {position}: {detail}")
