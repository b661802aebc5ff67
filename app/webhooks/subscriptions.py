"""Which events a webhook is told of: types, beginnings of them, or all. Pure."""

from collections.abc import Iterable

ALL = "*"


def covers(entry: str, event_type: str) -> bool:
    """Tell whether an entry names a type: `lot.opened` itself, `lot` every `lot.…`, `*` all."""
    return entry in (ALL, event_type) or event_type.startswith(f"{entry}.")


def is_wanted(entries: Iterable[str], event_type: str) -> bool:
    """Tell whether any of the entries of a webhook names a type."""
    return any(covers(entry, event_type) for entry in entries)
