"""What the exchange refuses, in its own words; `api/problems.py` alone knows the HTTP status of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One fault of a request: a JSON pointer into the body (or the query name), a stable code, a sentence."""

    pointer: str
    code: str
    detail: str


class ExchangeError(Exception):
    """A refusal with a stable `code`, a sentence that says what to do, and facts that go into the answer."""

    def __init__(self, code: str, detail: str, **facts: Any) -> None:  # noqa: ANN401 - facts are JSON of any shape
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.facts: Mapping[str, Any] = facts


class NotFound(ExchangeError):
    """The object is absent, or not the caller's to see."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__("not_found", f"There is no such {what}, or it is not yours to see.{hint}")


class Unauthenticated(ExchangeError):
    """No valid key came with the request."""


class Forbidden(ExchangeError):
    """The caller is known, and lacks the right."""


class Conflict(ExchangeError):
    """The present state forbids it."""


class Stale(ExchangeError):
    """The object has changed since the caller read it."""


class Unsupported(ExchangeError):
    """The body is written in a format that the exchange does not read here."""


class TooManyRequests(ExchangeError):
    """The caller asks faster than it may; says in `retry_after_s` when it may again."""


class Unavailable(ExchangeError):
    """The exchange could not do it now; nothing was stored."""


class Invalid(ExchangeError):
    """The request is wrong in itself; carries all its faults at once."""

    def __init__(self, faults: list[Fault], code: str = "invalid_request", **facts: Any) -> None:  # noqa: ANN401
        super().__init__(code, "; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults), **facts)
        self.faults = faults


def invalid(pointer: str, code: str, detail: str) -> Invalid:
    """Return the refusal of a request with a single fault."""
    return Invalid([Fault(pointer, code, detail)], code=code)
