"""Requests with one key that run in this process at the same time: one goes on, the others wait for it.

For SQLite, which one process serves: its writers stand in one line, in which a twin is not told from others.
"""

import threading


class Twins:
    """What runs at present, by the digests of keys."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running: set[bytes] = set()

    def enter(self, digest: bytes, patience_seconds: float) -> bool:
        """Wait until no twin runs and return True; False when one still does after that time."""
        with self._changed:
            if not self._changed.wait_for(lambda: digest not in self._running, patience_seconds):
                return False
            self._running.add(digest)
            return True

    def leave(self, digest: bytes) -> None:
        """Let the next one in."""
        with self._changed:
            self._running.remove(digest)
            self._changed.notify_all()
