"""Callers known a moment ago, so that a key is not looked up again with every request of a client that sends many."""

import hashlib
import math
import time
from collections.abc import Callable

from app.auth.actor import Actor
from app.core.clock import now

#: A key or delegation that is revoked, an organisation that is suspended, acts no longer than this in other processes.
KEPT_SECONDS = 1.0
_MOST = 10_000


class RecentActors:
    """The callers of the last second by a digest of their keys and of whom they act for, as the request says it.

    One for a process, used by many threads.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[bytes, tuple[float, Actor]] = {}
        self._forgotten_at = -math.inf

    def find(self, key_text: str, acting_for: str | None = None) -> Actor | None:
        """Return the caller of a key that was looked up less than a second ago and has not expired since."""
        kept = self._known.get(_digest(key_text, acting_for))
        if kept is None or kept[0] <= self._clock():
            return None
        actor = kept[1]
        return None if actor.expires_at is not None and actor.expires_at <= now() else actor

    def keep(self, key_text: str, looked_up_at: float, actor: Actor, acting_for: str | None = None) -> None:
        """Remember a caller; the second counts from before the look-up, `clock()`, not from after it.

        One looked up before keys, organisations or delegations changed may be as it was before, and is not kept.
        """
        if looked_up_at <= self._forgotten_at:
            return
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[_digest(key_text, acting_for)] = (looked_up_at + KEPT_SECONDS, actor)

    def clock(self) -> float:
        """Return the present instant of the clock that is kept to, in seconds."""
        return self._clock()

    def forget(self) -> None:
        """Forget all of them, and those that are being looked up: what they may do has changed."""
        self._forgotten_at = self._clock()
        self._known.clear()


def _digest(key_text: str, acting_for: str | None) -> bytes:
    # No key lies about in memory longer than its request. No header holds a line feed, so nothing else digests so.
    shown = key_text if acting_for is None else f"{key_text}\n{acting_for}"
    return hashlib.blake2b(shown.encode(), digest_size=16).digest()
