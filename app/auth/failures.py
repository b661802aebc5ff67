"""Wrong keys of the last minute by address, so that guessing costs the guesser time and us no look-up."""

import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from app.core.errors import TooManyRequests

_WINDOW_SECONDS = 60.0
_MOST_ADDRESSES = 10_000
_MOST_KEYS = 10_000


class FailedAttempts:
    """How many wrong keys came from where; one for a process, used by many threads.

    An address that has sent too many is refused until its minute is over, before anything is looked up. A key that was
    right before is looked up all the same: one forgotten program in an office with one address locks nobody out.
    """

    def __init__(self, most_a_minute: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most_a_minute
        self._clock = clock
        self._lock = Lock()
        #: Address → end of its minute, wrong keys in it; the least lately seen first.
        self._failed: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._right: OrderedDict[bytes, None] = OrderedDict()

    def check(self, address: str, credential: str) -> None:
        """Raise TooManyRequests for an address with too many wrong keys, unless this key was right before."""
        if self._most is None or not self._failed:
            return
        ends_at, count = self._failed.get(address, (0.0, 0))
        left = ends_at - self._clock()
        if count < self._most or left <= 0 or _digest(credential) in self._right:
            return
        detail = f"Too many wrong keys from {address}; wait and send the right one."
        raise TooManyRequests("too_many_wrong_keys", detail, retry_after_s=math.ceil(left))

    def count(self, address: str, credential: str) -> None:
        """Count a wrong key."""
        at = self._clock()
        with self._lock:
            self._right.pop(_digest(credential), None)
            ends_at, count = self._failed.pop(address, (0.0, 0))
            self._failed[address] = (ends_at, count + 1) if at < ends_at else (at + _WINDOW_SECONDS, 1)
            if len(self._failed) > _MOST_ADDRESSES:
                self._failed.popitem(last=False)

    def trust(self, credential: str) -> None:
        """Remember a key that was right."""
        digest = _digest(credential)
        with self._lock:
            self._right[digest] = None
            self._right.move_to_end(digest)
            if len(self._right) > _MOST_KEYS:
                self._right.popitem(last=False)


def _digest(credential: str) -> bytes:
    # No key lies about in memory longer than its request.
    return hashlib.blake2b(credential.encode(), digest_size=16).digest()
