"""Which events a webhook is told of: types, beginnings of them, or all. Pure."""

from collections.abc import Iterable
from difflib import get_close_matches

from app.core.bodies import fault_of_field
from app.events.types import EventType

ALL = "*"


def read_entry(text: str) -> str:
    """Return an entry as it is kept, `lot.*` and `lot.` as `lot`; raises the fault of one that no type answers to."""
    entry = text if text == ALL else text.removesuffix("*").removesuffix(".")
    if any(covers(entry, kind) for kind in EventType):
        return entry
    known = [*EventType, *(kind.partition(".")[0] for kind in EventType)]
    near = get_close_matches(text, dict.fromkeys(known), n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "GET /v1/events says which there are; * is all"
    raise fault_of_field("unknown_event_type", f"there is no type of event {text!r}; {hint}")


def covers(entry: str, event_type: str) -> bool:
    """Tell whether an entry names a type: `lot.opened` itself, `lot` every `lot.…`, `*` all."""
    return entry in (ALL, event_type) or event_type.startswith(f"{entry}.")


def is_wanted(entries: Iterable[str], event_type: str) -> bool:
    """Tell whether any of the entries of a webhook names a type."""
    return any(covers(entry, event_type) for entry in entries)
